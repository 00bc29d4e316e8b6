//! What a template sees of the tasks up the line.

use crate::plan_file::for_each::Item;
use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use seawall::{Response, Status};
use std::fmt;
use std::sync::Arc;

/// How one task ended. Texts are values here, and so are never expanded again.
#[derive(Debug)]
pub(super) struct Answer {
    /// `None` if nobody asks for it.
    pub(super) status: Option<Status>,
    pub(super) response: Option<Response>,
    /// Of one of a `for_each`, with its place.
    pub(super) item: Option<(Item, usize)>,
}

/// What may stand after a task's name.
pub(super) const OF_TASK: [&str; 2] = ["response", "status"];
/// What may stand after one of a `for_each`.
pub(super) const OF_ITEM: [&str; 4] = ["response", "status", "item", "index"];

impl Answer {
    /// Empty, where there is none.
    fn response(&self) -> &str {
        self.response.as_ref().map_or("", Response::text)
    }
}

impl Object for Answer {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "response" => Some(Value::from(self.response())),
            "status" => Some(Value::from(self.status?.as_str())),
            "item" => Some(self.item.as_ref()?.0.value()),
            "index" => Some(Value::from(self.item.as_ref()?.1)),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(if self.item.is_some() { &OF_ITEM } else { &OF_TASK })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.response())
    }
}
