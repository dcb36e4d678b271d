//! Every order of steps, as far as shuttle gets: concurrent apply, sweep and subscribe.
//!
//! Each test runs the same few threads under many schedules, random and by priorities (PCT), and
//! checks the outcome of each.

mod apply;
mod limits;
mod schedules;
mod subscribe;
mod sweep;
