//! Templates within plans: what they become, and what is wrong with them.

mod laws;

use crate::plan_file::toml_text::text;
use crate::plan_file::{PlanFaults, PlanFile};
use seawall::{CancelToken, Failure, Runner, SendError};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Completed: `design`, `a-b` and `many` with its three items; failed softly: `soft`. No ancestor: `other`.
fn plan(prompt: &str, keys: &str) -> String {
    format!(
        r#"
[backends.echo]
kind = "simulated"
[[tasks]]
id = "design"
backend = "echo"
prompt = "the <design>\n"
[[tasks]]
id = "a-b"
backend = "echo"
prompt = "{{{{ 7 }}}}"
template = false
after = ["design"]
[[tasks]]
id = "soft"
backend = "echo"
prompt = "fail"
failure_mode = "soft"
[[tasks]]
id = "many"
backend = "echo"
prompt = "{{{{ index }}}}={{{{ item }}}}"
for_each = {{ values = ["x", 2, "{{{{ z }}}}"] }}
[[tasks]]
id = "other"
backend = "echo"
prompt = ""
[[tasks]]
id = "zebra"
backend = "echo"
prompt = {}
after = ["a-b", "soft", "many"]
{keys}
"#,
        text(prompt)
    )
}

fn judge(plan: &str) -> Result<PlanFile, PlanFaults> {
    PlanFile::parse("plan.toml", plan, Path::new("/folder"))
}

/// What the task `zebra` sends; each task answers what it is sent, but for `fail`.
fn sent(plan: &str) -> Result<String, Failure> {
    let plan_file = judge(plan).unwrap_or_else(|faults| panic!("{faults}"));
    let templates = plan_file.templates.clone();
    let filled = |prompt: &str, cx: &seawall::Context<'_>| match templates
        .as_ref()
        .and_then(|templates| templates.fill(cx, &HashSet::new()))
    {
        Some(filled) => filled,
        None => Ok(prompt.to_owned()),
    };
    let runner = Runner::builder().backend_fn("echo", |request, cx| match filled(request.prompt(), cx)? {
        prompt if prompt == "fail" => Err(SendError::permanent("no")),
        prompt => Ok(prompt.into()),
    });
    let report = runner.build().unwrap().run(&plan_file.plan, &CancelToken::new()).unwrap();
    report.get("zebra").unwrap().result().map(|response| response.text().to_owned()).map_err(Clone::clone)
}

#[track_caller]
fn becomes(prompt: &str, wanted: &str) {
    assert_eq!(sent(&plan(prompt, "")).unwrap(), wanted, "{prompt}");
}

#[track_caller]
fn is_refused(prompt: &str, words: &[&str]) {
    let Err(faults) = judge(&plan(prompt, "")) else { panic!("no fault in {prompt}") };
    let said = anstream::adapter::strip_str(&faults.to_string()).to_string();
    for word in words.iter().copied().chain(["`prompt` in task `zebra`: "]) {
        assert!(said.contains(word), "`{word}` is not said of {prompt}:\n{said}");
    }
    assert!(said.ends_with("plan.toml: 1 fault"), "{prompt}:\n{said}");
}

#[test]
fn what_is_named_is_put_in_its_place() {
    becomes("{{ tasks.design.response }}", "the <design>\n");
    becomes("<{{tasks['a-b'].response}}|{{ tasks[\"a-b\"]['status'] }}>", "<{{ 7 }}|completed>");
    becomes("[{{ tasks.soft.response }}|{{ tasks.soft.status }}]", "[|failed]");
    becomes("{{- ' x ' -}}  y", " x y");
    becomes("{# {{ nobody }} #}{% raw %}{{ nobody }}{% endraw %}", "{{ nobody }}");
    becomes("{{ tasks.design.response | trim | upper | replace('<', '&') }}", "THE &DESIGN>");
    becomes("{{ tasks.design.response | tojson }}", "\"the \\u003cdesign\\u003e\\n\"");
    becomes("{% if tasks.soft.status == 'failed' %}no{% else %}{{ tasks.soft.response }}{% endif %}", "no");
    becomes("{% for c in 'ab' %}{{ loop.index }}{{ c }}{{ loop.cycle('-', '+') }}{% endfor %}", "1a-2b+");
    becomes("{% for n in range(3) if n is odd %}{{ n }}{% else %}none{% endfor %}", "1");
    becomes("{% set d = tasks.design %}{{ d.response ~ d.status }}", "the <design>\ncompleted");
    becomes("{% with x = 1 %}{{ x }}{% endwith %}{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "112");
    becomes("{% set ns = namespace(n=1) %}{% set ns.n = 5 %}{{ ns.n }}", "5");
    becomes("{{ [1, {'a': (2, 3)}][1].a[0] }}{{ 'x' if false }}", "2");
}

#[test]
fn all_of_a_for_each_are_a_list() {
    becomes(
        "{% for x in tasks.many %}[{{ x.index }}|{{ x.item }}|{{ x.response }}|{{ x.status }}]{% endfor %}",
        "[0|x|0=x|completed][1|2|1=2|completed][2|{{ z }}|2={{ z }}|completed]",
    );
    becomes("{{ tasks.many | length }}{{ tasks.many[2].response }}{{ tasks.many[-1].item }}", "32={{ z }}{{ z }}");
    becomes("{{ tasks.many.1.response }}{{ tasks['many[1]'].item + 1 }}", "1=23");
    becomes("{% for x in tasks.many[1:] | reverse %}{{ x.index }}{% endfor %}{{ (tasks.many | first).item }}", "21x");
    becomes("{{ tasks.many | map(attribute='response') | join(', ') }}", "0=x, 1=2, 2={{ z }}");
    becomes("{{ tasks.many | selectattr('status', 'equalto', 'failed') | list | length }}", "0");
    becomes("{% set n = 1 %}{{ tasks.many[n].item }}", "2");
}

#[test]
fn one_of_a_for_each_has_an_item_and_an_index() {
    let item = |prompt| sent(&plan(prompt, "")).unwrap();
    assert_eq!(item("{{ tasks.many[0].item }}{{ tasks.many[0].index }}"), "x0");
    let plan = plan("", "").replace(
        "{{ index }}={{ item }}",
        "{{ item | upper }}{{ index + 1 }}{% for item in [5] %}{{ item }}{% endfor %}",
    );
    let plan = plan.replace("prompt = \"\"\nafter", "prompt = \"{{ tasks.many[0].response }}\"\nafter");
    assert_eq!(sent(&plan).unwrap(), "X15");
}

#[test]
fn items_look_alike_in_prompts_and_scripts() {
    let values = ["x", "-1", "0.5", "2.0", "1e300", "true", "false"];
    let items = values.map(|value| if value == "x" { text("x") } else { value.to_owned() }).join(", ");
    let plan =
        plan("{% for x in tasks.many %}{{ x.response }} {{ x.item }}{% if x.item %}!{% endif %}\n{% endfor %}", "");
    let plan = plan.replace("\"x\", 2, \"{{ z }}\"", &items).replace("{{ index }}={{ item }}", "{{ item }}");
    let plan_file = judge(&plan).unwrap();
    let scripts: Vec<String> =
        plan_file.plan.tasks().iter().filter_map(|task| Some(task.request().env().next()?.1.to_owned())).collect();
    assert_eq!(scripts.len(), values.len());
    let line = |text: &String| format!("{text} {text}{}\n", if text == "false" { "" } else { "!" });
    let wanted: Vec<String> = scripts.iter().map(line).collect();
    assert_eq!(sent(&plan).unwrap(), wanted.concat());
}

#[test]
fn a_part_of_a_list_is_known_where_one_of_it_is_waited_for() {
    let plan = |prompt| plan(prompt, "").replace("\"soft\", \"many\"", "\"many[1]\"");
    assert_eq!(sent(&plan("{{ tasks.many[1].response }}{{ tasks['many[1]'].response }}")).unwrap(), "1=21=2");
    for (prompt, words) in [
        ("{{ tasks.many | length }}", "not all of `many` is up the line of `after`"),
        ("{{ tasks.many[0].response }}", "`many[0]` is no ancestor of `zebra`"),
        ("{{ tasks['many[2]'].response }}", "`many[2]` is no ancestor of `zebra`"),
        ("{{ tasks.many[5].response }}", "`many[5]` is no task"),
    ] {
        let said = judge(&plan(prompt)).map(drop).unwrap_err().to_string();
        assert!(said.contains(words), "{prompt}:\n{said}");
    }
}

#[test]
fn only_what_is_up_the_line_has_a_name() {
    is_refused(
        "\n\n  {{ tasks.desing.response }}",
        &["plan.toml:34:6", "`desing` is no task", "did you mean `design`?"],
    );
    is_refused("{{ tasks.zebra.response }}", &["`zebra` is this task itself"]);
    is_refused("{{ tasks.other.response }}", &["`other` is no ancestor of `zebra`", "after = [\"other\"]"]);
    is_refused("{% if false %}{{ tasks.other.status }}{% endif %}", &["`other` is no ancestor"]);
    is_refused("{% macro never() %}{{ tasks.other.status }}{% endmacro %}", &["`other` is no ancestor"]);
    is_refused(
        "{{ tasks['many[3]'].response }}",
        &["`many[3]` is no task", "`many` has 3 items, `many[0]` to `many[2]`"],
    );
    is_refused("{{ tasks.many[3].response }}", &["`many` has no item 3", "3 items"]);
    is_refused("{{ tasks.many[-4].response }}", &["`many` has no item -4"]);
}

#[test]
fn a_task_is_named_by_its_written_name_alone() {
    for prompt in [
        "{{ tasks['des' ~ 'ign'].response }}",
        "{% set x = 'design' %}{{ tasks[x].response }}",
        "{% for x in ['design'] %}{{ tasks[x] }}{% endfor %}",
        "{{ tasks[0].response }}",
    ] {
        is_refused(prompt, &["which task this is would be computed"]);
    }
    for prompt in [
        "{{ tasks }}",
        "{{ tasks | length }}",
        "{% for x in tasks %}{% endfor %}",
        "{{ tasks | attr('design') }}",
        "{% set t = tasks %}",
        "{{ tasks[:1] }}",
        "{{ [tasks] }}",
    ] {
        is_refused(prompt, &["`tasks` alone is nothing"]);
    }
    for prompt in [
        "{% set tasks = {} %}",
        "{% for tasks in [1] %}{% endfor %}",
        "{% with tasks = 1 %}{% endwith %}",
        "{% macro m(tasks) %}{% endmacro %}",
        "{% set (a, tasks) = (1, 2) %}",
    ] {
        is_refused(prompt, &["`tasks` cannot be anything else"]);
    }
}

#[test]
fn a_task_has_a_response_and_a_status_and_nothing_else() {
    is_refused("{{ tasks.design.respons }}", &["a task has no `respons`", "did you mean `response`?"]);
    is_refused("{{ tasks.design.item }}", &["a task has no `item`"]);
    is_refused("{{ tasks.design['output'] }}", &["a task has no `output`"]);
    is_refused("{{ tasks.many[0].output }}", &["a task has no `output`", "`index`"]);
    is_refused("{% for x in tasks.many | reverse %}{{ x.output }}{% endfor %}", &["a task has no `output`"]);
    is_refused("{{ tasks.many.response }}", &["a list of tasks has no `response`"]);
    is_refused("{{ tasks.many }}", &["this is a list of tasks"]);
    for prompt in [
        "{{ tasks.design }}",
        "{{ tasks.design | upper }}",
        "{{ tasks.design ~ '' }}",
        "{% if tasks.design %}{% endif %}",
        "{% for x in tasks.design %}{% endfor %}",
        "{{ tasks.many[0] }}",
    ] {
        is_refused(prompt, &["this is a task and no text"]);
    }
    is_refused("{{ tasks.design[0].response }}", &["`design` is one task and no list"]);
}

#[test]
fn what_is_not_there_has_no_name() {
    is_refused("{{ task.design.response }}", &["`task` is nothing that a prompt knows", "did you mean `tasks`?"]);
    is_refused("{{ item }}", &["`item` is there only in a task with `for_each`"]);
    is_refused("{{ index }}", &["`index` is there only in a task with `for_each`"]);
    is_refused("{{ loop.index }}", &["`loop` is nothing"]);
    is_refused("{% for x in [] %}{% else %}{{ x }}{% endfor %}", &["`x` is nothing"]);
    is_refused("{{ debug() }}", &["`debug` is nothing"]);
    is_refused("{{ self.x() }}", &["`self` is nothing"]);
    is_refused("{{ tasks.design.response | uper }}", &["there is no filter `uper`", "did you mean `upper`?"]);
    is_refused("{% filter uper %}{% endfilter %}", &["there is no filter `uper`", "did you mean `upper`?"]);
    is_refused("{{ 1 is evne }}", &["there is no test `evne`", "did you mean `even`?"]);
    is_refused("{{ rnge(3) }}", &["`rnge` is nothing that a prompt knows", "did you mean `range`?"]);
    is_refused("{% fro x in [1] %}{% endfor %}", &["unknown statement fro", "did you mean `for`?"]);
    is_refused("{{ 1 is prime }}", &["there is no test `prime`"]);
    is_refused("{{ tasks.design.response.upper() }}", &["there is no method `upper`"]);
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_is_escaped() {
    for prompt in [
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% autoescape true %}{% endautoescape %}",
    ] {
        is_refused(prompt, &["has no place in a prompt"]);
    }
}

#[test]
fn what_is_no_template_says_so_with_its_line_and_the_way_out() {
    for prompt in [
        "{{",
        "{{ }}",
        "{{ a b }}",
        "{% if %}",
        "{% endif %}",
        "{% for x in [] %}",
        "{# never",
        "{% raw %}",
        "{% nothing %}",
        "\n{{ 'x }}",
    ] {
        is_refused(prompt, &["this is no template: ", "`template = false`"]);
    }
    is_refused("a\nb {{ ? }}", &["plan.toml:33:"]);
}

#[test]
fn what_is_nested_too_deeply_is_refused_and_not_walked() {
    let long = |part: &str| format!("{{{{ {}1 }}}}", part.repeat(5000));
    let elifs = format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(5000));
    for prompt in [
        long("1 + "),
        long("not "),
        long("- "),
        long("1 if 1 else "),
        format!("{{{{ range{} }}}}", ".x".repeat(5000)),
        elifs,
    ] {
        is_refused(&prompt, &["nested too deeply"]);
    }
    is_refused(&format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500)), &["this is no template"]);
}

#[test]
fn every_fault_of_every_prompt_is_told_at_its_line() {
    let plan = plan("{{ tasks.nobody.response }}\n{{ item }}\n\n{{ 1 | uper }}", "")
        .replace("{{ index }}={{ item }}", "{{ items }}");
    let said = judge(&plan).map(drop).unwrap_err().to_string();
    let said = anstream::adapter::strip_str(&said).to_string();
    for place in ["22:14", "32:4", "33:4", "35:8"] {
        assert!(said.contains(&format!("plan.toml:{place}\n")), "{place}:\n{said}");
    }
    assert!(said.ends_with("plan.toml: 4 faults"), "{said}");
}

#[test]
fn what_shows_only_when_a_prompt_is_filled_in_fails_the_task_and_names_the_line() {
    let error = |prompt| sent(&plan(prompt, "")).unwrap_err().to_string();
    assert_eq!(
        error("a\n\n{{ 1 / 0 }}"),
        "failed to fill in the prompt at plan.toml:34: invalid operation: unable to calculate 1 / 0"
    );
    assert!(error("{% set n = 7 %}\n{{ tasks.many[n].response }}").contains("plan.toml:33: undefined value"));
}

#[test]
fn a_prompt_that_would_never_be_done_fails_its_task_too() {
    let endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    let error = sent(&plan(endless, "")).unwrap_err().to_string();
    assert!(error.ends_with("it is not done after 1000000 steps"), "{error}");
}

#[test]
fn a_prompt_without_signs_is_not_kept_as_a_template() {
    let plan = "[backends.echo]\nkind = \"simulated\"\n[[tasks]]\nid = \"zebra\"\nbackend = \"echo\"\nprompt = \"{ }} %} #} {x}\"\n";
    assert!(judge(plan).unwrap().templates.is_none());
    assert_eq!(Arc::strong_count(&judge(plan).unwrap().plan), 1);
}
