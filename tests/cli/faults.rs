//! Plans with faults: `check` and `run` name each of them with its place, exit with 2, and run nothing.

use crate::program::Folder;
use crate::runs::Runs as _;
use crate::verdicts::Verdicts as _;

/// The plan, to which a task is added that would leave a file; and the words that must be said.
#[track_caller]
fn refused(plan: &str, words: &[&str]) {
    let folder = Folder::with_plan(&format!("{plan}\n[[tasks]]\nid = \"mark\"\nrun = \"touch ran\"\n"));
    for command in ["check", "run"] {
        folder.run(&[command, "plan.toml"]).is_refused(words);
    }
    assert!(!folder.has("ran"), "something was run");
}

macro_rules! refused {
    ($($name:ident: $plan:expr => [$($word:expr),+ $(,)?];)+) => {
        $(#[test] fn $name() { refused($plan, &[$($word),+]); })+
    };
}

const COMMAND: &str = "[backends.b]\nkind = \"command\"\nargv = [\"true\"]\n";
const SIMULATED: &str = "[backends.b]\nkind = \"simulated\"\n";

fn command(line: &str) -> String {
    format!("{COMMAND}{line}")
}

fn simulated(line: &str) -> String {
    format!("{SIMULATED}{line}")
}

fn task(lines: &str) -> String {
    format!("{COMMAND}[[tasks]]\nid = \"a\"\n{lines}")
}

// Keys that there are not.
refused! {
    an_unknown_table: "[tasc]\nx = 1" => ["plan.toml:1:2\n", "unknown key `tasc` in a plan", "did you mean `tasks`?"];
    an_unknown_key_of_the_run: "[run]\nconcurency = 1" => ["plan.toml:2:1", "`concurency` in [run]", "did you mean `concurrency`?"];
    an_unknown_key_of_retry: "[retry]\nmax_atempts = 1" => ["`max_atempts` in [retry]", "`max_attempts`"];
    an_unknown_key_of_the_breaker: "[breaker]\nfailure_treshold = 1" => ["`failure_treshold` in [breaker]", "`failure_threshold`"];
    an_unknown_key_of_a_task: &task("run = \"true\"\nafer = []") => ["plan.toml:7:1", "`afer` in task `a`", "`after`"];
    an_unknown_key_of_a_backend: &command("timout = \"1s\"") => ["`timout` in backend `b`", "`timeout`"];
    an_unknown_nested_key: &command("retry = { max_atempt = 3 }") => ["plan.toml:4:11", "`max_atempt` in `retry` of backend `b`", "`max_attempts`"];
    an_unknown_key_unlike_any: "[run]\nqqq = 1" => ["unknown key `qqq` in [run]", "`concurrency`, `schedule`, `seed` and `max_cost`"];
    a_key_of_another_table: "[run]\nretry = 3" => ["plan.toml:2:1", "unknown key `retry` in [run]", "it belongs to the top of the plan"];
    a_misspelt_key_of_another_table: "concurency = 3" => ["plan.toml:1:1", "unknown key `concurency` in a plan", "did you mean `concurrency`? it belongs to [run]"];
    a_key_in_capitals: &task("RUN = \"true\"") => ["unknown key `RUN` in task `a`", "did you mean `run`?"];
    a_table_with_two_letters_swapped: "[rnu]\nseed = 1" => ["unknown key `rnu` in a plan", "did you mean `run`?"];
    a_key_of_another_kind: &simulated("argv = [\"true\"]") => ["`argv` in backend `b` belongs to the kind `command`", "`simulated`"];
    a_key_of_another_kind_the_other_way_round: &command("fail_rate = 0.5") => ["`fail_rate` in backend `b` belongs to the kind `simulated`"];
}

// Words that there are not.
refused! {
    an_unknown_kind: "[backends.b]\nkind = \"comand\"" => ["`kind` in backend `b`", "`comand`", "did you mean `command`?", "`simulated`"];
    a_kind_of_a_later_release: "[backends.b]\nkind = \"robot\"" => ["one of `command`", "`simulated`", "`robot` is none of them"];
    an_unknown_failure_mode: &task("run = \"true\"\nfailure_mode = \"sofd\"") => ["`failure_mode` in task `a`", "`sofd`", "`soft`"];
    an_unknown_schedule: "[run]\nschedule = \"eagr\"" => ["`schedule` in [run]", "`eagr`", "`eager`"];
    an_unknown_input: &command("input = \"std\"") => ["`input` in backend `b`", "`std`", "`stdin`"];
    an_unknown_when_open: &command("when_open = \"fallback\"") => ["`when_open` in backend `b`", "{ fallback = \"other\" }"];
    an_unknown_class_of_exit: &command("exit = { permanant = [1] }") => ["`permanant` in `exit` of backend `b`", "`permanent`"];
    a_misspelt_when_open: &command("when_open = \"wiat\"") => ["`when_open` in backend `b`", "did you mean `wait`?"];
    a_breaker_that_is_a_word: &command("breaker = \"none\"") => ["`breaker` in backend `b` must be a table, or \"off\""];
    a_breaker_that_is_nearly_off: &command("breaker = \"of\"") => ["`breaker` in backend `b`", "did you mean `off`?"];
}

// Values of another type.
refused! {
    a_word_as_concurrency: "[run]\nconcurrency = \"eight\"" => ["plan.toml:2:15", "`concurrency` in [run]", "this is a string"];
    a_fraction_as_concurrency: "[run]\nconcurrency = 1.5" => ["`concurrency` in [run] must be a whole number from 1 to 10000"];
    a_number_as_id: "[[tasks]]\nid = 5\nrun = \"true\"" => ["`id` in task 1 must be a string", "whole number"];
    a_number_in_argv: "[backends.b]\nkind = \"command\"\nargv = [\"x\", 1]" => ["plan.toml:3:14", "`argv` in backend `b`"];
    a_string_as_argv: "[backends.b]\nkind = \"command\"\nargv = \"true\"" => ["`argv` in backend `b` must be a list of strings"];
    a_word_as_seed: "[run]\nseed = \"x\"" => ["`seed` in [run]"];
    a_string_as_after: &task("run = \"true\"\nafter = \"mark\"") => ["`after` in task `a` must be a list"];
    a_number_as_timeout: &task("run = \"true\"\ntimeout = 30") => ["`timeout` in task `a` must be a duration, such as \"30s\""];
    a_list_as_table: "run = []" => ["plan.toml:1:7", "`run` in a plan must be a table", "this is a list"];
    a_number_in_the_environment: &command("env = { N = 1 }") => ["`N` in `env` of backend `b` must be a string"];
    a_string_as_retry: &command("retry = \"often\"") => ["`retry` in backend `b` must be a table"];
}

// Numbers and durations that make no sense.
refused! {
    a_duration_without_a_unit: &task("run = \"true\"\ntimeout = \"30\"") => ["`timeout` in task `a`", "the unit is missing: `30s`"];
    zero_without_a_unit: "[retry]\nmax_elapsed_time = \"0\"" => ["the unit is missing"];
    an_unknown_unit: &task("run = \"true\"\ntimeout = \"10 parsecs\"") => ["there is no unit `parsecs`"];
    a_word_as_duration: "[retry]\nmax_elapsed_time = \"soon\"" => ["`max_elapsed_time` in [retry]", "`soon` is no number with a unit"];
    a_negative_duration: "[breaker]\nopen_for = \"-5s\"" => ["`open_for` in [breaker]", "`-5s` is negative"];
    an_empty_duration: &command("timeout = \"\"") => ["`timeout` in backend `b`", "empty"];
    a_timeout_of_zero: &command("timeout = \"0s\"") => ["`timeout` in backend `b` must be more than zero"];
    an_initial_interval_of_zero: "[retry]\ninitial_interval = \"0s\"" => ["`initial_interval` in [retry] must be more than zero"];
    a_duration_without_end: "[retry]\nmax_interval = \"99999999999999999999y\"" => ["`max_interval` in [retry]", "too long"];
    concurrency_zero: "[run]\nconcurrency = 0" => ["`concurrency` in [run]", "from 1 to 10000", "too small"];
    concurrency_negative: "[run]\nconcurrency = -3" => ["`concurrency` in [run]", "too small"];
    concurrency_over_ten_thousand: "[run]\nconcurrency = 10001" => ["`concurrency` in [run]", "too large"];
    a_backends_concurrency_zero: &command("concurrency = 0") => ["`concurrency` in backend `b`"];
    a_failure_threshold_of_zero: "[breaker]\nfailure_threshold = 0" => ["`failure_threshold` in [breaker]"];
    no_half_open_requests: &command("breaker = { half_open_requests = 0 }") => ["`half_open_requests` in `breaker` of backend `b`"];
    attempts_below_zero: "[retry]\nmax_attempts = -1" => ["`max_attempts` in [retry]", "too small"];
    attempts_beyond_all_bounds: "[retry]\nmax_attempts = 4294967296" => ["`max_attempts` in [retry]", "too large"];
    a_negative_seed: "[run]\nseed = -1" => ["`seed` in [run]", "from 0 to 9223372036854775807"];
    a_seed_that_is_too_large: "[run]\nseed = 9223372036854775808" => ["`seed` in [run]", "too large"];
    a_number_of_a_hundred_digits: &format!("[run]\nseed = {}", "9".repeat(100)) => ["`seed` in [run]", "too large"];
    a_multiplier_below_one: "[retry]\nmultiplier = 0.5" => ["`multiplier` in [retry] must be a finite number of at least 1"];
    an_endless_multiplier: "[retry]\nmultiplier = inf" => ["`multiplier` in [retry]"];
    a_factor_that_is_no_number: "[retry]\nrandomization_factor = nan" => ["`randomization_factor` in [retry] must be a number from 0 to 1"];
    a_factor_over_one: "[retry]\nrandomization_factor = 2" => ["`randomization_factor` in [retry]"];
    a_rate_that_is_no_number: &simulated("fail_rate = nan") => ["`fail_rate` in backend `b` must be a number from 0 to 1"];
    a_rate_over_one: &simulated("panic_rate = 1.5") => ["`panic_rate` in backend `b`"];
    a_negative_rate: &simulated("hang_rate = -0.1") => ["`hang_rate` in backend `b`"];
    down_until_before_it_begins: &simulated("down = [\"5s\", \"2s\"]") => ["`down` in backend `b`", "it ends before it has begun"];
    down_for_a_list_of_one: &simulated("down = [\"5s\"]") => ["`down` in backend `b` must be two durations"];
    a_p99_below_the_median: &simulated("latency = { median = \"2s\", p99 = \"1s\" }") => ["`latency` in backend `b`", "`p99` is not below its `median`"];
    a_latency_of_half: &simulated("latency = { median = \"2s\" }") => ["`latency` of backend `b` lacks `p99`"];
    an_exit_code_of_zero: &command("exit = { permanent = [0] }") => ["`permanent` in `exit` of backend `b` must be a whole number from 1 to 255"];
    an_exit_code_over_255: &command("exit = { permanent = [256] }") => ["`permanent` in `exit` of backend `b`", "too large"];
    an_exit_code_of_two_classes: &command("exit = { permanent = [3], overloaded = [3] }") => ["exit code 3 has two classes", "the first is here"];
}

// What must be there, or must not be there together.
refused! {
    a_task_without_id: "[[tasks]]\nrun = \"true\"" => ["plan.toml:1:1", "task 1 lacks `id`"];
    an_empty_id: "[[tasks]]\nid = \"\"\nrun = \"true\"" => ["the `id` of task 1 is empty"];
    an_id_of_201_bytes: &format!("[[tasks]]\nid = \"{}\"\nrun = \"true\"", "x".repeat(201)) => ["the `id` of task 1 has 201 bytes"];
    a_nul_in_an_id: "[[tasks]]\nid = \"a\\u0000b\"\nrun = \"true\"" => ["the `id` of task 1 holds a control character"];
    a_newline_in_an_id: "[[tasks]]\nid = \"a\\nb\"\nrun = \"true\"" => ["the `id` of task 1 holds a control character"];
    nothing_to_do: "[[tasks]]\nid = \"idle\"" => ["task `idle` has nothing to do"];
    run_beside_backend: &task("run = \"true\"\nbackend = \"b\"") => ["task `a` has `run` beside `backend`"];
    run_beside_prompt: &task("run = \"true\"\nprompt = \"b\"") => ["task `a` has `run` beside `prompt`"];
    run_beside_all: &task("run = \"x\"\nprompt = \"x\"\nprompt_file = \"x\"\nbackend = \"b\"") => ["task `a` has `run` beside `backend`, `prompt` and `prompt_file`"];
    prompt_beside_prompt_file: &task("backend = \"b\"\nprompt = \"x\"\nprompt_file = \"plan.toml\"") => ["task `a` has `prompt` beside `prompt_file`"];
    a_backend_without_a_prompt: &task("backend = \"b\"") => ["task `a` has a `backend` and no `prompt`"];
    a_prompt_without_a_backend: &task("prompt = \"x\"") => ["task `a` has a prompt and no `backend`"];
    a_prompt_file_that_is_not_there: &task("backend = \"b\"\nprompt_file = \"no-such.md\"") => ["`prompt_file` in task `a`", "no-such.md"];
    a_prompt_file_that_is_a_folder: &task("backend = \"b\"\nprompt_file = \".\"") => ["`prompt_file` in task `a`", "it is a folder"];
    a_backend_without_kind: "[backends.b]\nargv = [\"true\"]" => ["backend `b` lacks `kind`", "there are the kinds `command`, `claude`"];
    a_command_without_argv: "[backends.b]\nkind = \"command\"" => ["backend `b` lacks `argv`"];
    an_empty_argv: "[backends.b]\nkind = \"command\"\nargv = []" => ["`argv` in backend `b`", "there is no program in it"];
    a_program_without_a_name: "[backends.b]\nkind = \"command\"\nargv = [\"\"]" => ["`argv` in backend `b`", "the program's name is empty"];
    a_nul_in_argv: "[backends.b]\nkind = \"command\"\nargv = [\"a\\u0000\"]" => ["`argv` in backend `b` must be a string without NUL"];
    a_nul_in_a_script: "[[tasks]]\nid = \"a\"\nrun = \"echo \\u0000\"" => ["plan.toml:3:7", "task `a` has a NUL in what is an argument of the backend `sh`"];
    a_nul_in_a_prompt_that_is_an_argument: "[backends.b]\nkind = \"command\"\nargv = [\"echo\", \"{prompt}\"]\ninput = \"arg\"\n[[tasks]]\nid = \"a\"\nbackend = \"b\"\nprompt = \"a\\u0000b\"" => ["plan.toml:8:10", "task `a` has a NUL", "backend `b`"];
    a_nul_in_a_prompt_whose_fallback_takes_arguments: &command("when_open = { fallback = \"sh\" }\n[[tasks]]\nid = \"a\"\nbackend = \"b\"\nprompt = \"\\u0000\"") => ["task `a` has a NUL", "backend `sh`"];
    an_argument_without_a_place_for_the_prompt: &command("input = \"arg\"") => ["`input` in backend `b` is \"arg\", and `argv` has no {prompt}"];
    a_program_that_would_be_the_prompt: "[backends.b]\nkind = \"command\"\nargv = [\"{prompt}\"]\ninput = \"arg\"" => ["`input` in backend `b` is \"arg\", and `argv` has no {prompt}"];
    a_declared_sh_without_a_kind: "[backends.sh]\ntimeout = \"1s\"" => ["backend `sh` lacks `kind`"];
    one_task_as_a_table: "[tasks.x]\nrun = \"true\"" => ["tasks"];
}

// References.
refused! {
    a_dependency_that_is_no_task: &task("run = \"true\"\nafter = [\"mark\", \"marc\"]") => ["plan.toml:7:18", "task `a` waits for `marc`, which is no task", "did you mean `mark`?"];
    a_task_that_waits_for_itself: &task("run = \"true\"\nafter = [\"a\"]") => ["task `a` depends on itself"];
    an_unknown_backend: &task("backend = \"claude-ap\"\nprompt = \"x\"\n[backends.claude-api]\nkind = \"simulated\"") => ["plan.toml:6:11", "task `a` is for the backend `claude-ap`", "did you mean `claude-api`?"];
    a_misspelt_short_backend: &task("backend = \"hs\"\nprompt = \"x\"") => ["the backend `hs`", "did you mean `sh`?"];
    an_unknown_backend_unlike_any: &task("backend = \"zzz\"\nprompt = \"x\"") => ["task `a` is for the backend `zzz`", "[backends.zzz]"];
    an_unknown_fallback: &command("when_open = { fallback = \"bee\" }\n[backends.beer]\nkind = \"simulated\"") => ["backend `b` falls back to `bee`", "`beer`"];
    a_fallback_to_itself: &command("when_open = { fallback = \"b\" }") => ["backend `b` falls back to itself"];
    fallbacks_in_a_circle: "[backends.b]\nkind = \"simulated\"\nwhen_open = { fallback = \"c\" }\n[backends.c]\nkind = \"simulated\"\nwhen_open = { fallback = \"b\" }"
        => ["backends `b` and `c` fall back to one another in a circle"];
}

#[test]
fn every_member_of_every_circle_is_named() {
    let link = |id: &str, after: &str| format!("[[tasks]]\nid = \"{id}\"\nrun = \"true\"\nafter = [\"{after}\"]\n");
    let plan =
        [link("aaa", "ccc"), link("bbb", "aaa"), link("ccc", "bbb"), link("xxx", "yyy"), link("yyy", "xxx")].concat();
    refused(
        &plan,
        &["`aaa`, `ccc` and `bbb`", "`aaa` waits for `ccc`", "`xxx` and `yyy`", "plan.toml:4:10", "plan.toml:16:10"],
    );
}

#[test]
fn tasks_of_one_name_are_shown_at_both_places() {
    let twin = "[[tasks]]\nid = \"twin\"\nrun = \"true\"\n";
    refused(
        &twin.repeat(3),
        &["there is more than one task `twin`", "plan.toml:5:6", "2 |", "the first one is here", "8 |"],
    );
}

#[test]
fn faults_of_every_sort_are_named_in_one_go_and_in_file_order() {
    let plan = "[run]\nconcurency = 2\n[retry]\nmultiplier = 0.5\n[backends.b]\nkind = \"command\"\nargv = [\"true\"]\ntimout = \"1s\"\n\
                [[tasks]]\nid = \"lost\"\nrun = \"true\"\nafter = [\"nobody\"]\nwirtes = [\"x\"]\n[[tasks]]\nid = \"x\"\nrun = \n";
    let ran = Folder::with_plan(plan).run(&["check", "plan.toml"]);
    ran.is_refused(&["plan.toml: 6 faults"]);
    let places: Vec<_> = ["2:1", "4:14", "8:1", "12:10", "13:1", "16:7"]
        .map(|place| ran.err.find(&format!("plan.toml:{place}\n")))
        .into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {}", ran.err);
}

#[test]
fn what_may_be_named_in_a_broken_place_is_not_called_missing() {
    let ran = Folder::with_plan(
        "[[tasks]\nid = \"a\"\nrun = \"true\"\n[[tasks]]\nid = \"b\"\nrun = \"true\"\nafter = [\"a\"]\n",
    )
    .run(&["check", "plan.toml"]);
    ran.is_refused(&["plan.toml:1:", "plan.toml: 1 fault\n"]);
}

#[test]
fn many_faults_are_each_named_on_a_line_of_their_own() {
    let task = |n: u32| format!("[[tasks]]\nid = \"t{n}\"\nrun = \"true\"\nafter = [\"u{n}\"]\nnope = 1\n");
    let plan = (0..500).map(task).collect::<Vec<_>>().concat();
    let ran = Folder::with_plan(&plan).run(&["check", "plan.toml"]);
    ran.is_refused(&["plan.toml: 1000 faults", "plan.toml:2499:10: task `t499` waits for `u499`, which is no task\n"]);
    assert!((0..500).all(|n| ran.err.contains(&format!("`u{n}`"))));
}

#[test]
fn of_more_faults_than_anybody_reads_the_first_are_named() {
    let tasks = "[[tasks]]\n".repeat(5_000);
    for plan in ["=".repeat(5_000), tasks] {
        let ran = Folder::with_plan(&plan).run(&["check", "plan.toml"]);
        ran.is_refused(&["plan.toml: there are more faults than these 2000\n", "plan.toml: 2001 faults\n"]);
        assert_eq!(ran.err.lines().filter(|line| line.starts_with("plan.toml:")).count(), 1_950 + 2);
    }
}

#[test]
fn what_a_terminal_would_obey_is_never_shown_raw() {
    let plan = "[[tasks]]\nid = \"a\\u001b[2J\"\nrun = \"true\"\nafter = [\"\\u009b\"]\n# \u{9b}2J \u{202e}\n\"\\u001b]0;x\\u0007\" = \"\u{1b}[31m\"\n";
    let ran = Folder::with_plan(plan).run(&["check", "plan.toml"]);
    ran.is_refused(&["control character", "\\u{1b}]0;x\\u{7}"]);
    assert!(!ran.err.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{:?}", ran.err);
}

#[test]
fn what_is_not_closed_is_told_once_where_it_is_opened_and_hides_no_other_fault() {
    let tail = "\n[[tasks]]\nid = \"a\"\nrun = \"true\"\nafter = [\"b\"]\n[[tasks]]\nid = \"bb\"\nrun = \"true\"\nafetr = []\n";
    let backend = "[backends.b]\nkind = \"command\"\n";
    for (head, place, words) in [
        ("argv = [\"x\", \"y\"", "3:8", "this list is not closed"),
        ("argv = [\"x\"]\nretry = { max_attempts = 3", "4:9", "this table is not closed"),
        ("argv = [\"x\"]\nexit = { permanent = [3, 4 }", "4:22", "this list is not closed"),
        ("argv = [\"x\"]\n[run", "4:1", "this header is not closed"),
    ] {
        let ran = Folder::with_plan(&format!("{backend}{head}{tail}")).run(&["check", "plan.toml"]);
        let after = format!("plan.toml:{}:10", 6 + head.lines().count());
        ran.is_refused(&[
            words,
            &format!("plan.toml:{place}\n"),
            "waits for `b`",
            &after,
            "`afetr`",
            "plan.toml: 3 faults",
        ]);
    }
}

#[test]
fn a_long_text_that_is_not_closed_is_told_where_it_is_opened() {
    let plan = "[[tasks]]\nid = \"a\"\nrun = \"\"\"\nmake\n[[tasks]]\nid = \"b\"\nrun = \"x\"\n";
    let ran = Folder::with_plan(plan).run(&["check", "plan.toml"]);
    ran.is_refused(&["plan.toml:3:7\n", "this text is not closed", "a `\"\"\"` is missing", "plan.toml: 1 fault\n"]);
}

#[test]
fn a_prompt_with_a_nul_may_go_by_standard_input() {
    let plan = task("backend = \"b\"\nprompt = \"a\\u0000b\"");
    assert_eq!(Folder::with_plan(&plan).run(&["check", "plan.toml"]).code, Some(0));
}

#[test]
fn a_task_without_an_id_that_can_be_read_is_told_of_by_its_number_and_is_no_suggestion() {
    let many = "for_each = { values = ['x', 'y'] }\n";
    for (id, lacks) in [("", "task 1 lacks `id`"), ("id = 3\n", "`id` in task 1 must be a string")] {
        let plan = format!(
            "{COMMAND}[[tasks]]\n{id}backend = 'bb'\nprompt = '{{{{ foo }}}} {{{{ tasks.c.response }}}}'\nafter = ['x']\nsession = 'nobody'\n{many}\
             [[tasks]]\nid = 'c'\nrun = 'true'\nafter = ['1']\n\
             [[tasks]]\nid = 'd'\nbackend = 'b'\nprompt = '{{{{ tasks[\"1\"].response }}}}'\nsession = '1'\n"
        );
        let ran = Folder::with_plan(&plan).run(&["check", "plan.toml"]);
        ran.is_refused(&[
            lacks,
            "task 1 is for the backend `bb`, which there is not",
            "`prompt` in task 1: `foo`",
            "`prompt` in task 1: `c` is no ancestor of task 1:",
            "task 1 waits for `x`, which is no task",
            "2 tasks of task 1 would go on in one session",
            "task `c` waits for `1`, which is no task",
            "task `d` goes on in the session of `1`, which is no task",
        ]);
        assert!(!ran.err.contains("u{0}") && !ran.err.contains("did you mean `1"), "{}", ran.err);
    }
}
