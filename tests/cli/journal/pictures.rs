//! What pictures show of what was taken over.

use super::{Journaled as _, logged};
use crate::pictures::{ALL, junit};
use crate::program::Folder;
use serde_json::json;

/// `slow` completes at its second attempt and, once there is a file `go`, so does `quick` after it.
fn resumed() -> Folder {
    let plan = [
        "[retry]\ninitial_interval = '1ms'\n[backends.s]\nkind = 'simulated'\nlatency = '0.3s'\nfail_first = 1\n",
        "[[tasks]]\nid = 'slow'\nbackend = 's'\nprompt = 'x'\n",
        &logged("quick", "[ -e go ]", "after = ['slow']"),
    ];
    let folder = Folder::with_plan(&plan.concat());
    assert_eq!(folder.journaled(&[]).code, Some(1));
    folder.write("go", "");
    assert_eq!(folder.resume(&ALL).code, Some(0));
    assert_eq!(folder.taken_over(), ["slow"]);
    folder
}

#[test]
fn what_was_taken_over_took_no_time_in_this_run() {
    let folder = resumed();
    let report = folder.json("report.json");
    assert_eq!(report["why"]["critical_path"], json!(["quick"]), "{report}");
    assert_eq!(report["why"]["critical_path_s"], report["tasks"][1]["elapsed_s"]);
    assert_eq!(report["why"]["failed_attempts_s"], 0.0);
    let trace = folder.json("t.json");
    let slices = trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["cat"] == "attempt");
    let tasks: Vec<_> = slices.map(|event| &event["args"]["task"]).collect();
    assert_eq!(tasks, ["quick"], "{trace}");
    assert!(!trace.to_string().contains("dependency"), "{trace}");
    let markdown = folder.read("m.md");
    assert!(!markdown.contains("Flaky") && !markdown.contains("Critical path"), "{markdown}");
    assert!(markdown.contains("| `slow` | completed by an earlier run | | | `s` |"), "{markdown}");
    let page = folder.read("p.html");
    let data = page.split_once("id=\"data\"").unwrap().1.split_once('>').unwrap().1.split_once("</script>").unwrap().0;
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["tasks"][0]["attempts"], &data["tasks"][0]["resumed"]), (&json!([]), &json!(true)));
    assert_eq!(data["tasks"][0]["from"], json!(null));
}

#[test]
fn for_junit_it_is_as_it_was_and_says_so() {
    let folder = resumed();
    junit::read(&folder);
    let text = folder.read("j.xml");
    assert_eq!(text.matches("<flakyFailure").count(), 1, "{text}");
    assert_eq!(text.matches("<system-out>taken over from an earlier run</system-out>").count(), 1, "{text}");
}

#[test]
fn people_are_told_how_much_was_taken_over() {
    let folder = resumed();
    let ended = folder.resume(&[]);
    assert!(ended.err.contains("2 completed (2 taken over)") && !ended.err.contains("slow"), "{ended:?}");
    let ended = folder.resume(&["--verbose"]);
    assert!(ended.err.contains("slow (by an earlier run)"), "{ended:?}");
}
