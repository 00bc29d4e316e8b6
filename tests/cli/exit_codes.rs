//! How the program ends.

use crate::program::{Folder, task};
use crate::runs::Runs;

fn plan(mode: &str) -> String {
    format!(
        "[[tasks]]\nid = 'bad'\nrun = 'exit 1'\nfailure_mode = '{mode}'\n[[tasks]]\nid = 'next'\nrun = 'true'\nafter = ['bad']\n"
    )
}

#[test]
fn a_failure_counts_unless_it_is_allowed() {
    for (mode, code) in [("hard", 1), ("soft", 1), ("skip", 0)] {
        assert_eq!(Folder::with_plan(&plan(mode)).run_plan(&[]).code, Some(code), "{mode}");
    }
}

#[test]
fn fail_fast_starts_nothing_more() {
    let plan = "[run]\nconcurrency = 1\n[[tasks]]\nid = 'bad'\nrun = 'exit 1'\n[[tasks]]\nid = 'other'\nrun = 'touch ran'\n[[tasks]]\nid = 'below'\nrun = 'true'\nafter = ['bad']\n";
    let folder = Folder::with_plan(plan);
    assert_eq!(folder.run_plan(&["--fail-fast"]).code, Some(1));
    let report = folder.json("report.json");
    assert_eq!(report["run"]["cancelled"], "fail-fast");
    assert_eq!(
        (&task(&report, "other")["status"], &task(&report, "below")["status"]),
        (&"cancelled".into(), &"skipped".into())
    );
    assert!(!folder.has("ran"));
}

#[test]
fn a_plan_with_faults_runs_nothing_and_leaves_older_outputs_alone() {
    let folder = Folder::with_plan("[[tasks]]\nid = 'a'\nrun = 'touch ran'\nafter = ['nobody']\n");
    folder.write("report.json", "old");
    let ended = folder.run_plan(&["--output", "out"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("nobody") && folder.read("report.json") == "old" && !folder.has("out"), "{ended:?}");
}
