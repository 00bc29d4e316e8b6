//! What a template sees of the tasks up the line.

use crate::plan_file::for_each::Item;
use minijinja::Value;
use seawall::{Response, Status};

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
    /// As expressions have it. A response is copied only where it is asked for.
    pub(super) fn into_value(self) -> Value {
        Value::make_object_map(self, |answer| Box::new(answer.keys().iter().copied().map(Value::from)), Self::field)
    }

    fn keys(&self) -> &'static [&'static str] {
        if self.item.is_some() { &OF_ITEM } else { &OF_TASK }
    }

    fn field(&self, key: &Value) -> Option<Value> {
        match key.as_str()? {
            // Empty, where there is none.
            "response" => Some(Value::from(self.response.as_ref().map_or("", Response::text))),
            "status" => Some(Value::from(self.status?.as_str())),
            "item" => Some(self.item.as_ref()?.0.value()),
            "index" => Some(Value::from(self.item.as_ref()?.1)),
            _ => None,
        }
    }
}
