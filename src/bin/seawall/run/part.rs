//! `--only` and `--from`: a part of a plan.

use crate::args::RunArgs;
use crate::nearest::nearest;
use crate::plan_file::PlanFile;
use crate::visible::visible;
use seawall::{Plan, TaskId};

/// The part that is asked for. The error names what is no task.
pub(super) fn part(args: &RunArgs, plan_file: PlanFile) -> Result<PlanFile, String> {
    let (option, names) = if args.from.is_empty() { ("--only", &args.only) } else { ("--from", &args.from) };
    if names.is_empty() {
        return Ok(plan_file);
    }
    let ids = ids_of(names, &plan_file.plan).map_err(|name| unknown(option, name, &plan_file))?;
    let plan = if option == "--only" { plan_file.plan.only(ids) } else { plan_file.plan.starting_with(ids) };
    let plan = plan.ok_or_else(|| format!("{option} leaves nothing to run"))?;
    Ok(plan_file.with_part(plan))
}

/// Each name that of a task, or of the `for_each` that made several. The error is a name that is neither.
fn ids_of<'a>(names: &'a [String], plan: &Plan) -> Result<Vec<TaskId>, &'a str> {
    let mut ids = Vec::new();
    for name in names {
        let is_named = |id: &&TaskId| id.as_str() == name || is_of_many(id.as_str(), name);
        let before = ids.len();
        ids.extend(plan.tasks().iter().map(seawall::Task::id).filter(is_named).cloned());
        if ids.len() == before {
            return Err(name);
        }
    }
    Ok(ids)
}

/// Whether `id` is `name` with a number in brackets.
fn is_of_many(id: &str, name: &str) -> bool {
    let number = id.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn unknown(option: &str, name: &str, plan_file: &PlanFile) -> String {
    let near = nearest(name, plan_file.plan.tasks().iter().map(|task| task.id().as_str()));
    let hint = near.map(|near| format!("; did you mean `{}`?", visible(near))).unwrap_or_default();
    format!("{option}: there is no task `{}` in {}{hint}", visible(name), visible(&plan_file.name))
}
