//! What several threads do at once, in every order that a model checker finds worth trying.
//!
//! Only under `--cfg shuttle`, by `.ci/models`, which also shows that each model fails when the code is wrong.
#![cfg(shuttle)]

#[path = "models/breaker.rs"]
mod breaker;
#[path = "models/cancel.rs"]
mod cancel;
#[path = "models/registry.rs"]
mod registry;

use shuttle::Config;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};

/// How many orders of each model are tried, by each of two ways to choose them.
const ORDERS: usize = 3000;

/// Tries the model in many orders: at random, and with few changes of who goes on.
fn check(model: impl Fn() + Send + Sync + Clone + 'static) {
    explored(RandomScheduler::new_from_seed(1, ORDERS), model.clone());
    explored(PctScheduler::new_from_seed(1, 3, ORDERS), model);
}

fn explored(scheduler: impl Scheduler + 'static, model: impl Fn() + Send + Sync + 'static) {
    shuttle::Runner::new(scheduler, Config::new()).run(model);
}
