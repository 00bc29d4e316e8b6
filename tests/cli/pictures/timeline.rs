//! `--timeline`, as far as it can be judged without a browser.

use super::{MIXED, pictured};
use crate::program::Folder;
use crate::runs::Runs;

/// The values of an attribute, in order, as they stand in the page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let begin = format!(" {attribute}=\"");
    page.split(&begin).skip(1).map(|part| part.split('"').next().unwrap()).collect()
}

#[test]
fn each_task_has_an_element_with_its_status_and_its_attempts_and_each_circuit_that_opened_one() {
    let folder = pictured(MIXED, 1);
    let (page, report) = (folder.read("p.html"), folder.json("report.json"));
    let tasks = report["tasks"].as_array().unwrap();
    let of = |key: &str| tasks.iter().map(|task| task[key].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(values(&page, "data-task"), of("id"));
    assert_eq!(values(&page, "data-status"), of("status"));
    let attempts: Vec<String> =
        tasks.iter().map(|task| task["attempts"].as_array().unwrap().len().to_string()).collect();
    assert_eq!(values(&page, "data-attempts"), attempts);
    assert_eq!(values(&page, "data-breaker"), ["broken"]);
}

#[test]
fn the_page_declares_utf_8_and_a_policy_and_reaches_for_nothing() {
    let page = pictured(MIXED, 1).read("p.html");
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.contains("<meta charset=\"utf-8\">"));
    assert!(page.contains("default-src 'none'; style-src 'nonce-") && !page.contains("unsafe"));
    let reaches = [" src=", " href=", " srcset=", "url(", "@import", "fetch(", "XMLHttpRequest", "import(", "http://"];
    for reach in reaches {
        assert!(!page.contains(reach), "{reach}");
    }
}

#[test]
fn what_plans_and_programs_say_stays_text() {
    let evil = "</script><script>document.title=1</script><img src=x onerror=alert(1)>\"'";
    let plan = format!(
        "
        [backends.'<i>']
        kind = 'command'
        argv = ['cat']
        [[tasks]]
        id = '''{evil} '''
        backend = '<i>'
        prompt = '''<!--<script>{evil} '''
        [[tasks]]
        id = '<u>'
        run = '''printf '<s>\\033[31m]]>' >&2; exit 1'''
        "
    );
    let folder = Folder::new();
    folder.write("<b>.toml", &plan);
    let ended = folder.run(&["run", "<b>.toml", "--timeline", "p.html"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let page = folder.read("p.html");
    for markup in ["<b>.toml", "<i>", "<u>", "<s>", "<img", "<!--", "<script>document", "\u{1b}"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert_eq!(page.matches("<script").count(), 2);
    let id =
        "&lt;/script&gt;&lt;script&gt;document.title=1&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39; ";
    assert_eq!(values(&page, "data-task"), [id, "&lt;u&gt;"]);
}
