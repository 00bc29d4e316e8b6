//! What a backend told of one call beside its answer.

use crate::session::Session;
use crate::sync::Mutex;
use crate::usage::Usage;

/// What one attempt used up, and where it ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) usage: Usage,
    pub(crate) session: Option<Session>,
}

/// Where a backend puts that. Most put nothing, and so it is one pointer.
#[derive(Default)]
pub(crate) struct Account(Mutex<Option<Box<Spent>>>);

impl Account {
    pub(crate) fn change(&self, change: impl FnOnce(&mut Spent)) {
        change(self.0.lock().get_or_insert_default());
    }

    pub(crate) fn spent(&self) -> Spent {
        self.0.lock().as_deref().cloned().unwrap_or_default()
    }

    pub(crate) fn into_spent(self) -> Option<Box<Spent>> {
        self.0.into_inner()
    }
}
