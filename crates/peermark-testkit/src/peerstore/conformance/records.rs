//! Records: what becomes of one, and what it does to what is there (S1, S2, P4).

use peermark_peerstore::{Engine, Outcome};
use peermark_provenance::Source;

use super::trial::{HOUR, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, record};

/// Each outcome is a value of its own and says what it did (S1).
pub fn s1_every_outcome_has_its_counts<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (peer, _) = one();
    let first = record(1, 5, &numbers(0..3));
    let applied = trial.apply(&first, &Source::DHT, HOUR);
    assert_eq!((applied.peer, applied.seq), (peer, 5.into()));
    assert_eq!(applied.outcome, Outcome::Inserted);
    assert_eq!((applied.added, applied.withdrawn, applied.dropped), (3, 0, 0));
    trial.check();
}
