//! `seawall graph`: a plan as something to look at.

mod dot;
mod mermaid;
mod text;

use crate::args::{GraphArgs, GraphFormat};
use crate::exit_code::ExitCode;
use crate::plan_file::PlanFile;
use crate::streams;
use seawall::{FailureMode, Plan, Task, TaskId};
use std::collections::{HashMap, HashSet};

/// Prints the plan, and runs nothing.
pub(crate) fn graph(args: &GraphArgs) -> ExitCode {
    let plan = match PlanFile::load(&args.plan) {
        Ok(plan_file) => plan_file.drawn(),
        Err(faults) => return faults.print(),
    };
    streams::print(&match args.format {
        GraphFormat::Text => text::render(&plan),
        GraphFormat::Dot => dot::render(&plan),
        GraphFormat::Mermaid => mermaid::render(&plan),
    })
}

/// The tasks of a plan by number, since a graph's language has its own ideas about names.
struct Numbers<'p>(HashMap<&'p TaskId, usize>);

impl<'p> Numbers<'p> {
    fn of(plan: &'p Plan) -> Self {
        Self(plan.tasks().iter().enumerate().map(|(number, task)| (task.id(), number)).collect())
    }

    /// What the graph calls a task: `n0`, `n1`, …
    fn node(&self, task: &TaskId) -> String {
        format!("n{}", self.0[task])
    }

    /// Each dependency once: who waits, for whom, and what the failure of the latter means.
    fn edges(&self, plan: &'p Plan) -> Vec<(&'p Task, &'p TaskId, FailureMode)> {
        let mut edges = Vec::new();
        for task in plan.tasks() {
            let mode = |dependency| plan.tasks()[self.0[dependency]].mode();
            edges.extend(dependencies(task).map(|dependency| (task, dependency, mode(dependency))));
        }
        edges
    }
}

/// What a task waits for, each once.
fn dependencies(task: &Task) -> impl Iterator<Item = &TaskId> {
    let mut seen = HashSet::new();
    task.dependencies().iter().filter(move |dependency| seen.insert(*dependency))
}

/// What a failure mode is called, where it is not the usual one.
fn unusual(mode: FailureMode) -> Option<&'static str> {
    match mode {
        FailureMode::Hard => None,
        FailureMode::Soft => Some("soft"),
        FailureMode::Skip => Some("skip"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall::Task;

    fn plan() -> Plan {
        let alpha = Task::new("al\"p\\ha", "sh", "true").failure_mode(FailureMode::Soft);
        let beta = Task::new("be-ta 2", "api", "x").after(["al\"p\\ha", "al\"p\\ha"]);
        Plan::builder().task(alpha).task(beta).build().unwrap()
    }

    #[test]
    fn text_shows_waves_with_what_each_task_waits_for() {
        let wanted = "\
wave 0: 1 task
  al\"p\\ha  sh  (failure_mode soft)

wave 1: 1 task
  be-ta 2  api  after al\"p\\ha
";
        assert_eq!(text::render(&plan()), wanted);
    }

    #[test]
    fn dot_escapes_quotes_and_backslashes_and_draws_each_edge_once() {
        let wanted = r#"digraph plan {
  rankdir=LR;
  node [shape=box, style=rounded];
  subgraph wave_0 {
    rank=same;
    n0 [label="al\"p\\ha\nsh"];
  }
  subgraph wave_1 {
    rank=same;
    n1 [label="be-ta 2\napi"];
  }
  n0 -> n1 [style=dashed, label="soft"];
}
"#;
        assert_eq!(dot::render(&plan()), wanted);
    }

    #[test]
    fn mermaid_escapes_what_is_no_letter() {
        let wanted = r#"flowchart LR
  subgraph wave0["wave 0"]
    n0["al#34;p\ha"]
  end
  subgraph wave1["wave 1"]
    n1["be-ta 2"]
  end
  n0 -. soft .-> n1
"#;
        assert_eq!(mermaid::render(&plan()), wanted);
    }
}
