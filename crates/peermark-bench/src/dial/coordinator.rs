//! What one event costs a coordinator with many live requests, and the polls behind it.
//!
//! What ended is replaced between the batches, outside of the time: by requests for a peer that
//! nobody wanted yet.

use std::cell::RefCell;

use anyhow::Result;

use super::world::{About, World};
use crate::harness::Suite;

/// Operations in a round.
const BATCH: usize = 32;

/// One coordinator for each kind of event.
pub(super) struct Worlds {
    events: RefCell<World>,
    strangers: RefCell<World>,
    joining: RefCell<World>,
    news: RefCell<World>,
}

impl Worlds {
    pub(super) fn new(requests: usize) -> Result<Self> {
        let world = || World::new(requests).map(RefCell::new);
        Ok(Self { events: world()?, strangers: world()?, joining: world()?, news: world()? })
    }

    pub(super) fn add_to<'a>(&'a self, suite: &mut Suite<'a>) {
        let world = &self.events;
        suite.batched(
            "dialer-event/ours",
            BATCH,
            |_| made(world.borrow_mut().outcomes(BATCH)),
            |(attempt, result)| world.borrow_mut().dialed(*attempt, *result),
        );
        let world = &self.strangers;
        suite.batched(
            "dialer-request/ours",
            BATCH,
            |_| made(world.borrow_mut().strangers(BATCH)),
            |about: &About| world.borrow_mut().ask(about),
        );
        let world = &self.joining;
        suite.batched(
            "dialer-request-joined/ours",
            BATCH,
            |_| made(world.borrow_mut().joining(BATCH)),
            |about: &About| world.borrow_mut().ask(about),
        );
        let world = &self.news;
        suite.batched(
            "dialer-candidates/ours",
            BATCH,
            |_| made(world.borrow_mut().news(BATCH)),
            |about: &About| world.borrow_mut().tell(about),
        );
    }
}

/// A whole batch: the time is divided by its size.
fn made<T>(inputs: Result<Vec<T>>) -> Vec<T> {
    let inputs = inputs.unwrap_or_default();
    assert_eq!(inputs.len(), BATCH, "as many as a batch has");
    inputs
}
