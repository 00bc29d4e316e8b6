//! Runs a scenario, and notes what the backends see.

use super::scenario::{Act, BACKENDS, Scenario, Stop};
use crate::support::{lines, with_events};
use seawall::{
    CancelToken, CircuitBreakerRegistry, CircuitState, Clock, Context, Event, Message, Report, Response, Runner,
    SendError,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What happened in the backends, in the order in which it did.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Note {
    Enter { task: String, backend: String, at: Duration, half_open: Option<HalfOpen> },
    Leave { task: String, backend: String },
    Stopped { stop: Stop, at: Duration },
}

/// The half-open circuit that admitted the call: its generation, and how many calls had gone well in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HalfOpen {
    pub(super) generation: u64,
    pub(super) successes: u32,
}

pub(super) struct Show {
    pub(super) report: Report,
    pub(super) events: Vec<Event>,
    pub(super) notes: Vec<Note>,
    pub(super) began: Instant,
}

impl Show {
    /// All of it as text, the same for the same run.
    pub(super) fn transcript(&self) -> Vec<String> {
        let events =
            lines(&self.events).into_iter().zip(&self.events).map(|(line, event)| format!("{:?} {line}", event.at));
        let outcome = |outcome: &seawall::Outcome| {
            let attempts: Vec<_> =
                outcome.attempts().iter().map(|a| (a.worker, a.started, a.elapsed, a.delay)).collect();
            format!("{} {:?} {:?} {attempts:?}", outcome.task(), outcome.started(), outcome.elapsed())
        };
        events.chain(self.report.iter().map(outcome)).chain(self.notes.iter().map(|note| format!("{note:?}"))).collect()
    }
}

struct Backstage<'s> {
    scenario: &'s Scenario,
    notes: Mutex<Vec<Note>>,
    /// How many attempts each task has made, at whatever backend.
    made: Mutex<BTreeMap<String, usize>>,
    generations: Arc<Mutex<BTreeMap<String, u64>>>,
    cancel: CancelToken,
}

impl Backstage<'_> {
    fn note(&self, note: Note) {
        self.notes.lock().unwrap().push(note);
    }

    fn send(&self, breakers: &CircuitBreakerRegistry, cx: &Context<'_>) -> Result<Response, SendError> {
        let (task, backend) = (cx.task().unwrap().to_string(), cx.backend().to_owned());
        let breaker = breakers.get(&backend);
        let half_open = (breaker.state() == CircuitState::HalfOpen).then(|| HalfOpen {
            generation: self.generations.lock().unwrap()[&backend],
            successes: breaker.counts().successes,
        });
        self.note(Note::Enter { task: task.clone(), backend: backend.clone(), at: cx.elapsed(), half_open });
        let leave = Leaving { backstage: self, note: Some(Note::Leave { task: task.clone(), backend }) };
        let made = {
            let mut made = self.made.lock().unwrap();
            let count = made.entry(task.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let result = self.act(self.scenario.part(&task).act(made), cx);
        drop(leave);
        result
    }

    fn act(&self, (time, act): (Duration, Act), cx: &Context<'_>) -> Result<Response, SendError> {
        cx.sleep(time)?;
        match act {
            Act::Answer => Ok("ok".into()),
            Act::Fail(class, wish) => {
                let error = SendError::new(class, class.as_str());
                Err(wish.into_iter().fold(error, |error, wish| error.with_retry_after(Duration::from_millis(wish))))
            }
            Act::Panic => std::panic::resume_unwind(Box::new("panic")),
            Act::Hang => Err(cx.sleep(Duration::MAX).unwrap_err().into()),
            Act::Stop(stop) => {
                self.note(Note::Stopped { stop, at: cx.elapsed() });
                match stop {
                    Stop::Cancel => self.cancel.cancel_because("stopped"),
                    Stop::Kill => self.cancel.kill(),
                    Stop::Drain => self.cancel.drain("stopped"),
                }
                Ok("ok".into())
            }
        }
    }
}

/// Notes that the call is over, however it ends.
struct Leaving<'b, 's> {
    backstage: &'b Backstage<'s>,
    note: Option<Note>,
}

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        self.note.take().into_iter().for_each(|note| self.backstage.note(note));
    }
}

fn breakers(scenario: &Scenario, generations: &Arc<Mutex<BTreeMap<String, u64>>>) -> Arc<CircuitBreakerRegistry> {
    let generations = Arc::clone(generations);
    let registry = CircuitBreakerRegistry::new().with_hook(move |kind, change| {
        generations.lock().unwrap().insert(kind.to_owned(), change.generation);
    });
    let configs = BACKENDS.iter().zip(&scenario.places);
    Arc::new(configs.fold(registry, |registry, (kind, place)| registry.with_config(*kind, place.breaker)))
}

pub(super) fn perform(scenario: &Scenario) -> Show {
    let generations = Arc::default();
    let breakers = breakers(scenario, &generations);
    let backstage = Backstage {
        scenario,
        notes: Mutex::default(),
        made: Mutex::default(),
        generations,
        cancel: CancelToken::new(),
    };
    let send = |_: &Message, cx: &Context<'_>| backstage.send(&breakers, cx);
    let clock = Clock::simulated();
    let began = clock.now();
    let mut builder = Runner::builder()
        .circuit_breakers(Arc::clone(&breakers))
        .concurrency(scenario.concurrency)
        .schedule(scenario.schedule)
        .clock(clock)
        .seed(scenario.seed);
    for (place, kind) in BACKENDS.into_iter().enumerate() {
        builder = builder.backend_fn(kind, send).configure(kind, scenario.settings(place));
    }
    let runner = builder.build().unwrap();
    let plan = scenario.plan();
    let (report, events) = with_events(|options| {
        let options = if scenario.is_fail_fast { options.with_fail_fast() } else { options };
        let options = scenario.time_limit.into_iter().fold(options, seawall::RunOptions::with_time_limit);
        runner.run_with(&plan, &backstage.cancel, options).unwrap()
    });
    let notes = std::mem::take(&mut *backstage.notes.lock().unwrap());
    Show { report, events, notes, began }
}
