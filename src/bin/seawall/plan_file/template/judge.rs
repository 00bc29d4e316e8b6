//! What a template refers to, and what is wrong with it: also in branches that may never be reached.

mod expressions;
mod scopes;
mod words;

use super::depth;
use super::line::Line;
use super::syntax;
use crate::plan_file::names::Named;
use minijinja::machinery::ast::{CallArg, Expr, ForLoop, Macro, Stmt};
use minijinja::machinery::{Span, parse};
use minijinja::{Environment, Error};
use scopes::{Kind, Scopes};
use std::collections::BTreeMap;
use std::ops::Range;

/// What came of a template.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Each name after `tasks`, and whom it means.
    pub(super) references: BTreeMap<String, Named>,
    /// Whether more than responses of single tasks is asked for.
    pub(super) needs_all: bool,
    pub(super) complaints: Vec<Complaint>,
}

/// What is wrong at a place of a template.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) at: Range<usize>,
    pub(super) what: String,
    pub(super) hint: String,
}

/// Judges a prompt of the entry whose line this is.
pub(super) fn judge(text: &str, line: &Line<'_>, environment: &Environment<'_>) -> Judged {
    let complaint = match depth::too_deep(text) {
        Some(at) => Complaint { at: at..at, what: "the template is nested too deeply".to_owned(), hint: String::new() },
        None => match parse(text, "", syntax()) {
            Ok(template) => return Judge::of(line, environment).template(&template),
            Err(error) => unreadable(&error, text),
        },
    };
    Judged { complaints: vec![complaint], ..Judged::default() }
}

fn unreadable(error: &Error, text: &str) -> Complaint {
    let at = error.range().unwrap_or(text.len()..text.len());
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let as_it_is = || "`template = false` in the task takes the prompt as it is".to_owned();
    let hint = words::did_you_mean_statement(&reason).unwrap_or_else(as_it_is);
    Complaint { at, what: format!("this is no template: {reason}"), hint }
}

/// A walk over a template.
struct Judge<'j, 't> {
    line: &'j Line<'j>,
    environment: &'j Environment<'j>,
    scopes: Scopes<'t>,
    judged: Judged,
}

impl<'j, 't> Judge<'j, 't> {
    fn of(line: &'j Line<'j>, environment: &'j Environment<'j>) -> Self {
        Self { line, environment, scopes: Scopes::default(), judged: Judged::default() }
    }

    fn template(mut self, template: &Stmt<'t>) -> Judged {
        self.statement(template);
        self.judged
    }

    fn complain(&mut self, at: Range<usize>, what: impl Into<String>, hint: impl Into<String>) {
        self.judged.complaints.push(Complaint { at, what: what.into(), hint: hint.into() });
    }

    fn statements(&mut self, statements: &[Stmt<'t>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    /// In a scope of their own.
    fn within(&mut self, statements: &[Stmt<'t>]) {
        self.scopes.enter();
        self.statements(statements);
        self.scopes.leave();
    }

    fn statement(&mut self, statement: &Stmt<'t>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(emitted) => self.emitted(&emitted.expr),
            Stmt::ForLoop(a_loop) => self.for_loop(a_loop),
            Stmt::IfCond(condition) => {
                self.value(&condition.expr);
                self.statements(&condition.true_body);
                self.statements(&condition.false_body);
            }
            Stmt::WithBlock(with) => {
                self.scopes.enter();
                with.assignments.iter().for_each(|(target, value)| self.assign(target, value));
                self.statements(&with.body);
                self.scopes.leave();
            }
            Stmt::Set(set) => self.assign(&set.target, &set.expr),
            Stmt::SetBlock(set) => {
                self.within(&set.body);
                set.filter.iter().for_each(|filter| self.value(filter));
                self.define(&set.target, Kind::Any);
            }
            Stmt::FilterBlock(block) => {
                self.value(&block.filter);
                self.within(&block.body);
            }
            Stmt::Macro(a_macro) => {
                self.scopes.define(a_macro.name, Kind::Any);
                self.a_macro(a_macro);
            }
            Stmt::CallBlock(block) => {
                self.call(&block.call);
                self.a_macro(&block.macro_decl);
            }
            Stmt::Do(statement) => self.call(&statement.call),
            Stmt::AutoEscape(block) => self.refuse(block.span(), "autoescape", "nothing is escaped in a prompt"),
            Stmt::Block(block) => self.refuse(block.span(), "block", ALONE),
            Stmt::Extends(extends) => self.refuse(extends.span(), "extends", ALONE),
            Stmt::Include(include) => self.refuse(include.span(), "include", ALONE),
            Stmt::Import(import) => self.refuse(import.span(), "import", ALONE),
            Stmt::FromImport(import) => self.refuse(import.span(), "import", ALONE),
        }
    }

    fn refuse(&mut self, span: Span, statement: &str, why: &str) {
        self.complain(range(span), format!("`{statement}` has no place in a prompt"), why);
    }

    fn for_loop(&mut self, a_loop: &ForLoop<'t>) {
        let of = match self.kind_of(&a_loop.iter) {
            Kind::List(_) => Kind::Item,
            Kind::Task | Kind::Item => {
                self.no_value(&a_loop.iter);
                Kind::Any
            }
            Kind::Any | Kind::Loop => Kind::Any,
        };
        self.scopes.enter();
        self.define(&a_loop.target, of);
        a_loop.filter_expr.iter().for_each(|filter| self.value(filter));
        self.scopes.define("loop", Kind::Loop);
        self.statements(&a_loop.body);
        self.scopes.leave();
        self.within(&a_loop.else_body);
    }

    fn a_macro(&mut self, a_macro: &Macro<'t>) {
        self.scopes.enter();
        self.scopes.define("caller", Kind::Any);
        a_macro.defaults.iter().for_each(|default| self.value(default));
        a_macro.args.iter().for_each(|argument| self.define(argument, Kind::Any));
        self.statements(&a_macro.body);
        self.scopes.leave();
    }

    fn assign(&mut self, target: &Expr<'t>, value: &Expr<'t>) {
        let kind = self.kind_of(value);
        self.define(target, kind);
    }

    fn define(&mut self, target: &Expr<'t>, kind: Kind) {
        match target {
            Expr::Var(name) if name.id == "tasks" => {
                self.complain(range(name.span()), "`tasks` cannot be anything else", "another name can");
            }
            Expr::Var(name) => self.scopes.define(name.id, kind),
            Expr::List(list) => list.items.iter().for_each(|item| self.define(item, Kind::Any)),
            Expr::Tuple(list) => list.items.iter().for_each(|item| self.define(item, Kind::Any)),
            // The field of a namespace.
            other => self.walk(other),
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'t>]) {
        for argument in arguments {
            let (CallArg::Pos(value)
            | CallArg::Kwarg(_, value)
            | CallArg::PosSplat(value)
            | CallArg::KwargSplat(value)) = argument;
            self.walk(value);
        }
    }
}

const ALONE: &str = "a prompt is its whole template";

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}
