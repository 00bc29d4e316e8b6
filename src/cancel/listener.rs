//! One function that waits for a token to be cancelled.

use super::Stage;
use crate::sync::{Condvar, Mutex, ThreadId, this_thread};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Reason<'r> = Option<&'r Cow<'static, str>>;

pub(super) struct Listener {
    from: Stage,
    f: Box<dyn Fn(Stage, Reason<'_>) + Send + Sync>,
    state: Mutex<State>,
    call_over: Condvar,
}

struct State {
    heard: Stage,
    is_retired: bool,
    /// The threads that are in `f` just now: one that cancels and one that kills may be there together.
    callers: Vec<ThreadId>,
}

impl Listener {
    pub(super) fn new(from: Stage, f: impl Fn(Stage, Reason<'_>) + Send + Sync + 'static) -> Self {
        let state = State { heard: Stage::Running, is_retired: false, callers: Vec::new() };
        Self { from, f: Box::new(f), state: Mutex::new(state), call_over: Condvar::new() }
    }

    /// Calls the function on this thread, unless it heard of this stage, or of a later one, before.
    pub(super) fn hear(&self, stage: Stage, reason: Reason<'_>) {
        let caller = this_thread();
        {
            let mut state = self.state.lock();
            if stage < self.from || stage <= state.heard || state.is_retired {
                return;
            }
            state.heard = stage;
            state.callers.push(caller);
        }
        if catch_unwind(AssertUnwindSafe(|| (self.f)(stage, reason))).is_err() {
            log::error!("a function given to `on_cancel` panicked");
        }
        let mut state = self.state.lock();
        let place = state.callers.iter().position(|thread| *thread == caller).expect("this thread is in the list");
        state.callers.swap_remove(place);
        self.call_over.notify_all();
    }

    /// Lets no further call begin, and waits until those on other threads are over.
    pub(super) fn retire(&self) {
        let me = this_thread();
        let mut state = self.state.lock();
        state.is_retired = true;
        while state.callers.iter().any(|caller| *caller != me) {
            self.call_over.wait(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Arc;

    #[test]
    fn a_stage_is_heard_once_whoever_tells_it_and_an_earlier_one_not_after_it() {
        let heard: Arc<Mutex<Vec<Stage>>> = Arc::default();
        let notes = Arc::clone(&heard);
        let listener = Listener::new(Stage::Cancelled, move |stage, _| notes.lock().push(stage));
        for stage in
            [Stage::Draining, Stage::Cancelled, Stage::Cancelled, Stage::Killed, Stage::Cancelled, Stage::Killed]
        {
            listener.hear(stage, None);
        }
        assert_eq!(*heard.lock(), [Stage::Cancelled, Stage::Killed]);
        listener.retire();
        listener.hear(Stage::Killed, None);
        assert_eq!(heard.lock().len(), 2);
    }
}
