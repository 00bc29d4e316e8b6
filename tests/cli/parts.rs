//! `run --only` and `run --from`: a part of a plan.

use crate::program::Folder;
use crate::runs::Runs;

const PLAN: &str = "
    [[tasks]]
    id = 'fetch'
    run = 'echo data'
    [[tasks]]
    id = 'build'
    run = 'cat $SEAWALL_RESPONSES/fetch; echo built'
    after = ['fetch']
    [[tasks]]
    id = 'each'
    run = 'echo $SEAWALL_ITEM'
    for_each = { values = ['x', 'y'] }
    after = ['build']
    [[tasks]]
    id = 'ship'
    backend = 'cat'
    prompt = '{{ tasks.build.response }}|{{ tasks.each | length }}'
    after = ['each']
    [[tasks]]
    id = 'other'
    run = 'exit 1'
    [backends.cat]
    kind = 'command'
    argv = ['cat']
";

fn ran(options: &[&str]) -> Vec<String> {
    let folder = Folder::with_plan(PLAN);
    let ended = folder.run_plan(options);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let report = folder.json("report.json");
    report["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn only_runs_a_task_and_what_it_needs_in_plan_order() {
    assert_eq!(ran(&["--only", "build"]), ["fetch", "build"]);
    assert_eq!(ran(&["--only", "each[1]"]), ["fetch", "build", "each[1]"]);
    assert_eq!(ran(&["--only", "each"]), ["fetch", "build", "each[0]", "each[1]"]);
    assert_eq!(ran(&["--only", "fetch", "--only", "ship"]), ["fetch", "build", "each[0]", "each[1]", "ship"]);
}

#[test]
fn from_runs_a_task_and_what_depends_on_it() {
    assert_eq!(ran(&["--from", "each[0]"]), ["each[0]", "ship"]);
    assert_eq!(ran(&["--from", "ship"]), ["ship"]);
    let folder = Folder::with_plan(PLAN);
    folder.run_plan(&["--from", "ship"]);
    assert_eq!(folder.json("report.json")["tasks"][0]["response"], "|2");
}

#[test]
fn what_is_no_task_is_bad_usage_with_the_nearest_name_and_nothing_runs() {
    for option in ["--only", "--from"] {
        let folder = Folder::with_plan("[[tasks]]\nid = 'build'\nrun = 'touch ran'\n");
        let ended = folder.run_plan(&[option, "biuld"]);
        assert_eq!(ended.code, Some(2), "{}", ended.err);
        assert!(ended.err.contains("`biuld`") && ended.err.contains("did you mean `build`?"), "{}", ended.err);
        assert!(!folder.has("ran") && !folder.has("report.json"));
    }
    let ended = Folder::with_plan(PLAN).run_plan(&["--only", "build", "--from", "build"]);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn what_from_leaves_out_is_done_and_its_responses_are_empty_in_prompts_and_files() {
    let plan = "
        [[tasks]]
        id = 'before'
        run = 'echo b'
        [[tasks]]
        id = 'f'
        run = 'echo f'
        for_each = { values = ['x', 'y'] }
        after = ['before']
        [[tasks]]
        id = 'p'
        backend = 'cat'
        prompt = '{{ tasks.before.status }}{% for x in tasks.f %}[{{ x.item }}{{ x.status }}{{ x.response }}]{% endfor %}'
        after = ['f']
        [[tasks]]
        id = 's'
        run = 'ls $SEAWALL_RESPONSES; cat $SEAWALL_RESPONSES/f*'
        after = ['f']
        [backends.cat]
        kind = 'command'
        argv = ['cat']
    ";
    let parts: [(&[&str], &str, &str); 2] = [
        (&["--from", "p", "--from", "s"], "completed[xcompleted][ycompleted]", "before\nf[0]\nf[1]\n"),
        (&["--from", "f[0]"], "completed[xcompletedf\n][ycompleted]", "before\nf[0]\nf[1]\nf\n"),
    ];
    for (part, prompt, files) in parts {
        let folder = Folder::with_plan(plan);
        assert_eq!(folder.run_plan(part).code, Some(0), "{part:?}");
        let report = folder.json("report.json");
        let response = |id: &str| crate::program::task(&report, id)["response"].as_str().unwrap().to_owned();
        assert_eq!((response("p").as_str(), response("s").as_str()), (prompt, files), "{part:?}");
    }
}
