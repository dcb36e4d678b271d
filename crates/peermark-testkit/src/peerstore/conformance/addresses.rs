//! Addresses: who may say them, for how long (P1, S6, S9, S13).

use std::time::Duration;

use peermark_peerstore::{Engine, RoutingRecord};
use peermark_provenance::Source;

use super::trial::{DAY, HOUR, TICK, ok, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::record;

/// What was added at t for d is there until t + d, and not at t + d, whether or not anybody swept
/// (S6).
pub fn s6_an_address_ends_exactly_at_its_time<E: Engine>(make: Make<'_, E>) {
    let millis = Duration::from_millis;
    for ttl in [TICK, Duration::from_nanos(999_999_999), millis(1), millis(1500), HOUR, DAY] {
        for sweep in [false, true] {
            for path in 0..4 {
                let trial = Trial::new(make);
                let (peer, addresses) = one();
                let _ = match path {
                    0 => trial.report(&peer, &addresses, &Source::DHT, ttl).added,
                    1 => trial.set(&peer, &addresses, &Source::MANUAL, ttl).added,
                    2 => usize::from(trial.dialed(&peer, &addresses[0], ttl)),
                    _ => trial.apply(&record(1, 1, &addresses), &Source::DHT, ttl).added.into(),
                };
                let held = trial.addresses(&peer);
                let end = trial.clock.after(ttl);
                assert_eq!(trial.store.next_expiry(), Some(end), "path {path}");
                trial.clock.pass(ttl.saturating_sub(TICK));
                if sweep {
                    trial.sweep_all();
                }
                assert_eq!(trial.addresses(&peer), held, "path {path}, before {ttl:?}");
                assert_eq!(trial.peers(), [peer]);
                trial.clock.set(end);
                if sweep {
                    trial.sweep_all();
                    assert_eq!(trial.store.usage().peers, 0);
                }
                is_nowhere(&trial, path);
                trial.check();
            }
        }
    }
}

/// No way of reading shows anything of the peer.
fn is_nowhere<E: Engine>(trial: &Trial<E>, path: u32) {
    let (now, (peer, addresses)) = (trial.clock.now(), one());
    assert_eq!(trial.addresses(&peer), [], "path {path}");
    assert_eq!(trial.certified(&peer), []);
    assert_eq!(trial.signed(&peer), None);
    assert_eq!(trial.peers(), []);
    assert_eq!(ok(trial.store.count_peers(now)), 0);
    assert_eq!(ok(trial.store.routing_records(&[peer], now)), [RoutingRecord::Unknown]);
    assert!(!ok(trial.store.is_certified(&peer, &addresses[0], now)));
    let shown = ok(trial.store.view(&peer, now, |view| {
        view.is_some_and(|view| !view.is_empty() || view.address(addresses[0].as_ref()).is_some())
    }));
    assert!(!shown, "path {path}");
}
