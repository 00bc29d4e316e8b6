//! Expressions: what each stands for, and which tasks it speaks of.

use super::super::answers::{OF_ITEM, OF_TASK};
use super::super::line::{Found, Unknown};
use super::words::{FILTERS, TESTS, did_you_mean};
use super::{Judge, Kind, range};
use crate::plan_file::names::has_so_many;
use crate::plan_file::table::list;
use minijinja::machinery::ast::{Call, Expr, Filter, GetAttr, GetItem, Slice, Spanned, Test, UnaryOpKind, Var};
use minijinja::{ErrorKind, Value};
use std::ops::Range;

/// What the items of a list are still the same after.
const KEEP_ITEMS: [&str; 6] = ["list", "reverse", "sort", "selectattr", "rejectattr", "unique"];
const PICK_ITEM: [&str; 2] = ["first", "last"];
const OF_LOOP: [&str; 2] = ["cycle", "changed"];

impl<'t> Judge<'_, 't> {
    /// A value that is printed.
    pub(super) fn emitted(&mut self, expr: &Expr<'t>) {
        match self.kind_of(expr) {
            Kind::List(_) => {
                let hint = "{% for x in … %}{{ x.response }}{% endfor %} has the responses";
                self.complain(place(expr), "this is a list of tasks", hint);
            }
            Kind::Task | Kind::Item => self.no_value(expr),
            Kind::Any | Kind::Loop => {}
        }
    }

    /// A value that is calculated with.
    pub(super) fn value(&mut self, expr: &Expr<'t>) {
        if matches!(self.kind_of(expr), Kind::Task | Kind::Item) {
            self.no_value(expr);
        }
    }

    pub(super) fn no_value(&mut self, expr: &Expr<'t>) {
        self.complain(place(expr), "this is a task and no text", "it has a `response` and a `status`");
    }

    /// An expression whose kind does not matter.
    pub(super) fn walk(&mut self, expr: &Expr<'t>) {
        self.kind_of(expr);
    }

    pub(super) fn kind_of(&mut self, expr: &Expr<'t>) -> Kind {
        match expr {
            Expr::Var(name) => return self.name(name),
            Expr::GetAttr(attr) => return self.attr(attr),
            Expr::GetItem(item) => return self.item(item),
            Expr::Slice(slice) => return self.slice(slice),
            Expr::Filter(filter) => return self.filter(filter),
            Expr::IfExpr(either) => {
                self.value(&either.test_expr);
                let kind = self.kind_of(&either.true_expr);
                let other = either.false_expr.as_ref().map(|other| self.kind_of(other));
                return if other.is_none_or(|other| other == kind) { kind } else { Kind::Any };
            }
            Expr::Test(test) => self.test(test),
            Expr::Call(call) => self.call(call),
            Expr::Const(_) => {}
            Expr::UnaryOp(op) => self.value(&op.expr),
            Expr::BinOp(op) => [&op.left, &op.right].into_iter().for_each(|side| self.value(side)),
            Expr::Compare(compare) => {
                self.value(&compare.expr);
                compare.ops.iter().for_each(|op| self.value(&op.expr));
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.walk(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.walk(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|part| self.walk(part)),
        }
        Kind::Any
    }

    fn name(&mut self, name: &Spanned<Var<'t>>) -> Kind {
        if let Some(kind) = self.scopes.find(name.id) {
            return kind;
        }
        let at = range(name.span());
        match name.id {
            "tasks" => {
                self.complain(at, "`tasks` alone is nothing", "a task's written name stands after it: tasks.NAME");
            }
            "item" | "index" if self.line.has_item() => {}
            "item" | "index" => {
                self.complain(at, format!("`{}` is there only in a task with `for_each`", name.id), "");
            }
            id if self.environment.globals().any(|(global, _)| global == id) => {}
            id => self.unknown(at, id),
        }
        Kind::Any
    }

    fn unknown(&mut self, at: Range<usize>, id: &str) {
        let items: &[&str] = if self.line.has_item() { &["item", "index"] } else { &[] };
        let functions = self.environment.globals().map(|(name, _)| name);
        let names = self.scopes.names().chain(items.iter().copied()).chain(["tasks"]).chain(functions);
        let hint = did_you_mean(id, names).unwrap_or_else(|| "what there is: `tasks`".to_owned());
        self.complain(at, format!("`{id}` is nothing that a prompt knows"), hint);
    }

    fn attr(&mut self, attr: &Spanned<GetAttr<'t>>) -> Kind {
        let at = place(&attr.expr).start..range(attr.span()).end;
        if is_tasks(&attr.expr) {
            return self.refer(attr.name, at, true);
        }
        let kind = match task_of(&attr.expr) {
            Some((id, at)) => self.refer(&id, at, attr.name != "response"),
            None => self.kind_of(&attr.expr),
        };
        self.field(kind, attr.name, at)
    }

    fn item(&mut self, item: &Spanned<GetItem<'t>>) -> Kind {
        let at = place(&item.expr).start..range(item.span()).end;
        let key = constant(&item.subscript_expr);
        if is_tasks(&item.expr) {
            return match key.as_ref().and_then(Value::as_str) {
                Some(id) => self.refer(id, at, true),
                None => self.computed(&item.subscript_expr, at),
            };
        }
        if let (Some((id, _)), Some(number)) = (task_of(&item.expr), key.as_ref().and_then(Value::as_i64)) {
            return self.one_of(&id, number, at);
        }
        let kind = self.kind_of(&item.expr);
        self.value(&item.subscript_expr);
        match (kind, key) {
            (Kind::Task | Kind::Item | Kind::List(_), Some(key)) if key.as_str().is_some() => {
                self.field(kind, key.as_str().unwrap_or_default(), at)
            }
            (Kind::List(_), _) => Kind::Item,
            (Kind::Task | Kind::Item, _) => {
                self.no_value(&item.expr);
                Kind::Any
            }
            (Kind::Any | Kind::Loop, _) => Kind::Any,
        }
    }

    fn computed(&mut self, subscript: &Expr<'t>, at: Range<usize>) -> Kind {
        self.value(subscript);
        self.complain(at, "which task this is would be computed", "a task is named by its written id: tasks.NAME");
        Kind::Any
    }

    /// The task that is so far from the first of `id`, or before the end.
    fn one_of(&mut self, id: &str, number: i64, at: Range<usize>) -> Kind {
        match self.line.find(id) {
            Ok((_, Found::List(len))) => {
                self.refer(id, at.clone(), true);
                if let Some(len) = len.filter(|len| !is_within(number, *len)) {
                    self.complain(at, format!("`{id}` has no item {number}"), has_so_many(id, len));
                }
                Kind::Item
            }
            Ok((named, Found::PartOfList)) => {
                let kind = self.refer(&format!("{id}[{number}]"), at, true);
                self.judged.references.insert(id.to_owned(), named);
                kind
            }
            found => {
                self.refer(id, at.clone(), true);
                if found.is_ok() {
                    self.complain(at, format!("`{id}` is one task and no list"), "");
                }
                Kind::Any
            }
        }
    }

    /// What stands after `tasks`.
    fn refer(&mut self, id: &str, at: Range<usize>, needs_all: bool) -> Kind {
        let (named, kind) = match self.line.find(id) {
            Ok((named, Found::Task)) => (named, Kind::Task),
            Ok((named, Found::Item)) => (named, Kind::Item),
            Ok((named, Found::List(len))) => (named, Kind::List(len)),
            Ok((_, Found::PartOfList)) => {
                self.complain(
                    at,
                    format!("not all of `{id}` is up the line of `after`"),
                    "one of it is written tasks[\"NAME[2]\"]",
                );
                return Kind::Any;
            }
            Err(Unknown { what, hint }) => {
                self.complain(at, what, hint);
                return Kind::Any;
            }
        };
        self.judged.needs_all |= needs_all || matches!(kind, Kind::List(_));
        self.judged.references.insert(id.to_owned(), named);
        kind
    }

    fn field(&mut self, kind: Kind, name: &str, at: Range<usize>) -> Kind {
        let known: &[&str] = match kind {
            Kind::Any | Kind::Loop => return Kind::Any,
            Kind::Task => &OF_TASK,
            Kind::Item => &OF_ITEM,
            Kind::List(_) => {
                let hint = "{% for x in … %}{{ x.response }}{% endfor %}, or one of it: tasks.NAME[0].response";
                self.complain(at, format!("a list of tasks has no `{name}`"), hint);
                return Kind::Any;
            }
        };
        if !known.contains(&name) {
            let hint = did_you_mean(name, known).unwrap_or_else(|| format!("a task has {}", list(known)));
            self.complain(at, format!("a task has no `{name}`"), hint);
        }
        Kind::Any
    }

    fn slice(&mut self, slice: &Slice<'t>) -> Kind {
        let kind = self.kind_of(&slice.expr);
        [&slice.start, &slice.stop, &slice.step].into_iter().flatten().for_each(|bound| self.value(bound));
        if matches!(kind, Kind::List(_)) { Kind::List(None) } else { Kind::Any }
    }

    fn filter(&mut self, filter: &Spanned<Filter<'t>>) -> Kind {
        let kind = filter.expr.as_ref().map_or(Kind::Any, |expr| self.kind_of(expr));
        if let Some(expr) = filter.expr.as_ref().filter(|_| matches!(kind, Kind::Task | Kind::Item)) {
            self.no_value(expr);
        }
        self.arguments(&filter.args);
        let known = self.environment.empty_state().apply_filter(filter.name, &[]);
        if known.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter) {
            let hint = did_you_mean(filter.name, FILTERS).unwrap_or_default();
            self.complain(range(filter.span()), format!("there is no filter `{}`", filter.name), hint);
        }
        match (kind, filter.name) {
            (Kind::List(_), name) if KEEP_ITEMS.contains(&name) => Kind::List(None),
            (Kind::List(_), name) if PICK_ITEM.contains(&name) => Kind::Item,
            _ => Kind::Any,
        }
    }

    fn test(&mut self, test: &Spanned<Test<'t>>) {
        self.walk(&test.expr);
        self.arguments(&test.args);
        let known = self.environment.empty_state().perform_test(test.name, &[]);
        if known.is_err_and(|error| error.kind() == ErrorKind::UnknownTest) {
            let hint = did_you_mean(test.name, TESTS).unwrap_or_default();
            self.complain(range(test.span()), format!("there is no test `{}`", test.name), hint);
        }
    }

    pub(super) fn call(&mut self, call: &Spanned<Call<'t>>) {
        self.arguments(&call.args);
        match &call.expr {
            Expr::GetAttr(method) => {
                let before = self.judged.complaints.len();
                let kind = self.kind_of(&method.expr);
                let is_known = self.judged.complaints.len() == before;
                if is_known && (kind != Kind::Loop || !OF_LOOP.contains(&method.name)) {
                    let hint = "filters do such things: {{ x | upper }}";
                    self.complain(range(method.span()), format!("there is no method `{}`", method.name), hint);
                }
            }
            function => self.walk(function),
        }
    }
}

/// A number below zero counts from the end.
fn is_within(number: i64, len: usize) -> bool {
    let distance = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
    if number < 0 { distance <= len } else { distance < len }
}

/// A task's written name after `tasks`, and where that is.
fn task_of(expr: &Expr<'_>) -> Option<(String, Range<usize>)> {
    let id = match expr {
        Expr::GetAttr(attr) if is_tasks(&attr.expr) => attr.name.to_owned(),
        Expr::GetItem(item) if is_tasks(&item.expr) => constant(&item.subscript_expr)?.as_str()?.to_owned(),
        _ => return None,
    };
    Some((id, place(expr)))
}

fn is_tasks(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Var(name) if name.id == "tasks")
}

/// A value that is written as it is, or with a minus before it.
fn constant(expr: &Expr<'_>) -> Option<Value> {
    match expr {
        Expr::Const(constant) => Some(constant.value.clone()),
        Expr::UnaryOp(op) if matches!((&op.op, &op.expr), (UnaryOpKind::Neg, Expr::Const(_))) => expr.as_const(),
        _ => None,
    }
}

/// From its first word to its last one.
fn place(expr: &Expr<'_>) -> Range<usize> {
    let first = match expr {
        Expr::GetAttr(attr) => Some(&attr.expr),
        Expr::GetItem(item) => Some(&item.expr),
        Expr::Slice(slice) => Some(&slice.expr),
        Expr::Filter(filter) => filter.expr.as_ref(),
        Expr::Call(call) => Some(&call.expr),
        _ => None,
    };
    let all = range(expr.span());
    first.map_or(all.start, |first| place(first).start)..all.end
}
