//! What the long help pages end with.

pub(super) const SHORT: &str = "\
Begin with `seawall demo`, then `seawall init` and `seawall run seawall.toml`.";

pub(super) const LONG: &str = "\
Examples:
  seawall demo                        see it at work
  seawall init                        write seawall.toml, a plan to begin with
  seawall check seawall.toml          is it right?
  seawall graph seawall.toml          what runs when?
  seawall run seawall.toml            run it

Output for people goes to standard error, results to standard output.";

pub(super) const RUN: &str = "\
Examples:
  seawall run plan.toml
  seawall run plan.toml --concurrency 2 --schedule eager --fail-fast
  seawall run plan.toml --only test
  seawall run plan.toml --report-json report.json --output answers
  seawall run plan.toml --timeline run.html --junit junit.xml
  seawall run plan.toml --quiet --report-json - | jq .counts
  seawall demo --print | seawall run - --seed 7

Ctrl-C once: nothing new starts, what runs is asked to end, and the report is still written.
Twice: it is killed. Three times: seawall exits at once.
The exit code is the signal's (130, 143, 129) also if an output was lost, which is said.";

pub(super) const CHECK: &str = "\
Examples:
  seawall check plan.toml
  seawall check plan.toml --effective > all-said.toml
  generate-plan | seawall check -";

pub(super) const GRAPH: &str = "\
Examples:
  seawall graph plan.toml
  seawall graph plan.toml --format dot | dot -Tsvg > plan.svg
  seawall graph plan.toml --format mermaid";

pub(super) const INIT: &str = "\
Examples:
  seawall init
  seawall init nightly.toml";

pub(super) const EXEC: &str = "\
Examples:
  seawall exec --retries 5 --timeout 30s -- curl -fsS https://example.org/
  seawall exec --breaker api --open-for 5min -- ./sync        # in a cron job
  pg_dump db | seawall exec --retries 3 -- ssh backup 'cat > db.sql'

Standard input is read once and given to each attempt; a terminal, and what one attempt alone reads, is handed on as it is.";

pub(super) const DEMO: &str = "\
Examples:
  seawall demo
  seawall demo --print > demo.toml
  seawall demo load";

pub(super) const SCHEMA: &str = "\
Examples:
  seawall schema report > report.schema.json
  seawall schema plan > seawall.schema.json

An editor with taplo completes a plan that begins with this line:
  #:schema ./seawall.schema.json";

pub(super) const BENCH: &str = "\
Examples:
  seawall bench --count 20 -- make check
  seawall bench --url http://localhost:8080/ --rate 200/s --duration 1min --slo 'p99<200ms' --slo 'errors<1%'
  seawall bench plan.toml --backend api --prompt hello --stages 10/s:30s,100/s:10s,10/s:1min --html spike.html
  seawall bench --url http://localhost:8080/ --find-capacity --slo 'p99<100ms' --duration 5s
  seawall bench plan.toml --backend api --prompt hello --rate 50/s --compare
  seawall bench plan.toml --count 50 --json now.json --baseline before.json

Without --rate or --stages there is one caller, or --concurrency of them: a slow answer then delays the calls behind it,
which hides what people who do not wait for one another would see.";

pub(super) const COMPLETIONS: &str = "\
Examples:
  seawall completions bash > ~/.local/share/bash-completion/completions/seawall
  seawall completions zsh > ~/.zfunc/_seawall
  seawall completions fish > ~/.config/fish/completions/seawall.fish";
