//! `seawall graph`.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;

const PLAN: &str = r#"
[[tasks]]
id = "delta"
run = "touch ran"
after = ["be-ta 2", "ga\"mma"]
[[tasks]]
id = "be-ta 2"
run = "true"
after = ["alpha"]
[[tasks]]
id = "ga\"mma"
run = "true"
after = ["alpha"]
failure_mode = "skip"
[[tasks]]
id = "alpha"
run = "true"
"#;

#[test]
fn text_has_every_task_in_the_order_of_waves() {
    let folder = Folder::with_plan(PLAN);
    let text = folder.run(&["graph", "plan.toml"]).result();
    let wanted = "\
wave 0: 1 task
  alpha  sh

wave 1: 2 tasks
  be-ta 2  sh  after alpha
  ga\"mma   sh  after alpha  (failure_mode skip)

wave 2: 1 task
  delta  sh  after be-ta 2, ga\"mma
";
    assert_eq!(text, wanted);
    assert!(!folder.has("ran"));
}

#[test]
fn dot_and_mermaid_call_tasks_by_number_and_label_them_by_name() {
    let folder = Folder::with_plan(PLAN);
    let dot = folder.run(&["graph", "plan.toml", "--format", "dot"]).result();
    assert!(
        dot.contains(r#"n2 [label="ga\"mma\nsh"];"#)
            && dot.contains("n3 -> n1;")
            && dot.contains("n2 -> n0 [style=dashed"),
        "{dot}"
    );
    let mermaid = folder.run(&["graph", "--format=mermaid", "plan.toml"]).result();
    assert!(
        mermaid.contains(r#"n2["ga#34;mma"]"#)
            && mermaid.contains("n3 --> n1\n")
            && mermaid.contains("n2 -. skip .-> n0\n"),
        "{mermaid}"
    );
}

#[test]
fn faults_are_told_and_nothing_is_drawn() {
    Folder::with_plan("[[tasks]]\nid = \"a\"\n")
        .run(&["graph", "plan.toml"])
        .is_refused(&["task `a` has nothing to do"]);
}

#[test]
fn the_picture_in_the_readme_is_the_one_that_the_demo_gives() {
    let folder = Folder::with_plan(&Folder::new().run(&["demo", "--print"]).result());
    let mermaid = folder.run(&["graph", "plan.toml", "--format", "mermaid"]).result();
    assert!(include_str!("../../README.md").contains(&format!("```mermaid\n{mermaid}```\n")), "{mermaid}");
}
