//! Runs: what becomes of each task.

mod bounds;
mod circuits;
mod events;
mod isolation;
mod journal;
mod modes;
mod stops;
mod times;
