//! Power losses (F3): what was not synced is lost in part, in another order, and torn. What is found
//! is what was acknowledged, or that and the one update that was under way.

use peermark_testkit::rng::Rng;
use peermark_testkit::variable;

use super::disk::{self, Call, Disk};
use super::work::{Cast, START, moment, open};

/// How many losses are tried; more by `PEERMARK_POWER_LOSSES`.
fn losses() -> usize {
    variable("PEERMARK_POWER_LOSSES", 1_000)
}

#[test]
fn f3_a_power_loss_loses_nothing_acknowledged_and_invents_nothing() {
    let (cast, steps) = (Cast::new(40, 12), 96);
    let disk = Disk::default();
    let store = open(disk.clone()).unwrap();
    let before = disk.record();
    let look = |now| (now, cast.look(&store, now).unwrap());
    let mut held = vec![(0, look(START))];
    for n in 0..steps {
        // Time alone ends things, and what ended is let go before anything else is done.
        held.push((disk.recorded(), look(moment(n))));
        let now = cast.step(&store, n).unwrap();
        held.push((disk.recorded(), look(now)));
    }
    let calls = disk.calls();
    let syncs = (0..calls.len()).filter(|at| matches!(calls[*at], Call::Sync));
    let syncs: Vec<_> = syncs.flat_map(|at| [at, at + 1]).collect();
    assert!(syncs.len() > steps, "a store that syncs");

    let seed = 0x0070_0e77;
    let mut rng = Rng::new(seed);
    for loss in 0..losses() {
        // Around each sync first, then anywhere.
        let count = syncs.get(loss).copied().unwrap_or_else(|| rng.below(calls.len() + 1));
        let bytes = disk::after_power_loss(&before, &calls, count, &mut rng);
        let place = format!("seed {seed:#x}, loss {loss}, behind call {count}");
        let store = open(Disk::of(bytes)).unwrap_or_else(|error| panic!("{place}: {error}"));
        store.check().unwrap_or_else(|defect| panic!("{place}: {defect}"));

        // What was under way may have reached the disk before anybody knew.
        let acknowledged = held.iter().rposition(|(calls, _)| *calls <= count).unwrap();
        let mut candidates = held[acknowledged.saturating_sub(1)..].iter().take(3);
        let is = candidates.any(|(_, (now, look))| cast.look(&store, *now).unwrap() == *look);
        assert!(is, "{place}: neither what was acknowledged nor one step more");
        // And it goes on.
        cast.step(&store, steps).unwrap();
    }
}
