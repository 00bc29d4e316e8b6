//! `seawall demo --print`.

use super::program::Program;

#[test]
fn the_demos_plan_is_a_plan() {
    let program = Program::new();
    let plan = program.run(&["demo", "--print"]).result();
    assert_eq!(program.run_with_input(&["check", "-"], plan.as_bytes()).code, Some(0));
}
