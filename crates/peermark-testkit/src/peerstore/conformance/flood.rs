//! A flood of fresh keys from one network, scaled down (S11).

use peermark_peerstore::{Engine, Outcome};
use peermark_provenance::Source;

use super::trial::{DAY, HOUR, ok};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, numbers, peer, record};

/// 10 peers of the user, 100 dialed ones and 1,000 certified ones from 16 networks, and then a
/// flood from one network: all of the 110 stay, 950 of the 1,000, and the flood holds its share at
/// most (S11).
pub fn s11_a_flood_from_one_network_keeps_to_its_share<E: Engine>(make: Make<'_, E>) {
    const PEERS: usize = 1150;
    let trial = Trial::with(make, |limits| limits.peers = PEERS);
    let addresses = numbers(0..2);
    for index in 0..10 {
        let _ = trial.report(&peer(index), &addresses, &Source::MANUAL, DAY);
    }
    for index in 10..110 {
        assert!(trial.dialed(&peer(index), &addresses[0], DAY));
    }
    for index in 110..1110 {
        let network = heard_from(u16::try_from(index % 16).unwrap_or(0));
        let outcome = trial.outcome(&record(index, 1, &addresses), &network, DAY);
        assert_eq!(outcome, Outcome::Inserted);
    }
    assert_eq!(trial.store.usage().peers, 1110);
    trial.check();

    let flood: Vec<_> = (10_000..13_000).map(|index| record(index, 1, &addresses)).collect();
    let now = trial.clock.now();
    for part in flood.chunks(100) {
        for answer in trial.store.apply_many(part, &heard_from(0x4d4d), HOUR, now) {
            assert_eq!(ok(answer).outcome, Outcome::Inserted);
        }
    }
    let present = |index: &u64| !trial.addresses(&peer(*index)).is_empty();
    assert_eq!((0..110).filter(present).count(), 110);
    let certified = (110..1110).filter(present).count();
    assert!(certified >= 950, "{certified} of 1,000");
    let flood = (10_000..13_000).filter(present).count();
    assert!(flood <= PEERS / 16, "{flood} of the flood");
    trial.check();
}
