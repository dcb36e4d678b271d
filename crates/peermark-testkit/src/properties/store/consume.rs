//! Any bytes into a store.

use std::time::Duration;

use peermark_envelope::Envelope;
use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Dialect, Dialects};
use peermark_peerstore::{ConsumeError, Outcome, Peerstore};
use peermark_provenance::{Source, Timestamp};

use super::config;
use crate::keys;
use crate::mutate::mutate;
use crate::peerstore::model::Known;
use crate::peerstore::ops::Profile;
use crate::peerstore::ops::universe::{self, RecordRef};
use crate::rng::Rng;

/// Rules S1, S2 and S17 over arbitrary bytes.
///
/// The bytes are consumed as they are, as a mutation of a valid envelope, and as a payload that the
/// testkit's signer signs; into a store that holds records of others. The store takes them where
/// [`CertifiedRecord::verify`] does, and with the same error where it does not. What is refused
/// changes nothing. What is stored can be read back, takes no more bytes than it has and what the
/// store needs beside, and is a refresh when it comes again.
///
/// Built by a fuzzer with the fake checksum in the place of Ed25519, it reaches the store with
/// every payload.
///
/// # Panics
///
/// When that does not hold.
pub fn store_consume(data: &[u8]) {
    let store = Peerstore::in_memory(config(Profile::Default));
    for peer in 0..3 {
        let record = RecordRef { peer, seq: 2, payload: peer, dialect: 0 }.get();
        let _ = store.apply(record, &Source::DHT, HOUR, NOW);
    }
    take(&store, data);
    if let Some((first, rest)) = data.split_first() {
        let valid = RecordRef::decode(usize::from(*first) % 4, first / 4).get();
        let seed =
            rest.iter().fold(0u64, |seed, byte| (seed << 5) ^ (seed >> 59) ^ u64::from(*byte));
        take(&store, &mutate(&mut Rng::new(seed), valid.as_bytes(), data));
    }
    let dialect =
        if data.len().is_multiple_of(2) { Dialect::PeerRecord } else { Dialect::RoutingState };
    if let Ok(sealed) = Envelope::seal(dialect.purpose(), data, keys::signer()) {
        take(&store, &sealed.into_bytes());
    }
    assert_eq!(store.check(), Ok(()));
}

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const HOUR: Duration = Duration::from_secs(3600);

/// Consumes bytes twice.
fn take(store: &Peerstore, bytes: &[u8]) {
    let (usage, before) = (store.usage(), everything(store));
    let decoded = CertifiedRecord::verify(bytes, Dialects::Any);
    let answer = store.consume(bytes, &Source::DHT, HOUR, NOW);
    let (record, applied) = match (decoded, answer) {
        (Ok(record), Ok(applied)) => (record, applied),
        (Err(error), Err(ConsumeError::Invalid(ours))) => {
            assert_eq!(ours, error, "the same error");
            assert_eq!(everything(store), before, "invalid, and something changed (S17)");
            assert_eq!(store.usage(), usage, "invalid, and something is stored (S17)");
            return;
        }
        (decoded, answer) => panic!("decoded {decoded:?}, consumed {answer:?}"),
    };
    let peer = record.peer_id();
    assert_eq!((applied.peer, applied.seq), (peer, record.seq()));
    let held = store.signed_record(&peer, NOW).expect("memory");
    let more = store.usage().bytes.saturating_sub(usage.bytes);
    match applied.outcome {
        Outcome::Inserted
        | Outcome::Replaced { .. }
        | Outcome::Refreshed { .. }
        | Outcome::Contradiction { replaced: true, .. } => {
            let addresses = record.addresses().len();
            if applied.outcome == (Outcome::Refreshed { extended: false }) {
                assert_eq!(store.usage(), usage, "a refresh stores nothing");
            } else if addresses == 0 {
                assert_eq!(held, None, "it withdraws everything (R3)");
            } else {
                assert_eq!(held.as_deref(), Some(record.as_bytes()), "read back");
            }
            // Both envelopes, where it contradicts another, and five bytes for each address.
            let most = 2 * record.as_bytes().len() + 5 * addresses + FIXED;
            assert!(more <= u64::try_from(most).unwrap_or(u64::MAX), "{more} bytes for {most}");
        }
        Outcome::Contradiction { .. } => {
            assert_eq!(everything(store), before, "not held, and something changed");
        }
        _ => {
            assert_eq!(everything(store), before, "not stored, and something changed");
            assert_eq!(store.usage(), usage, "not stored, and something is");
        }
    }
    again(store, bytes, applied.outcome);
}

/// What a peer may take beside its envelopes.
const FIXED: usize = 2048;

/// The same bytes once more.
fn again(store: &Peerstore, bytes: &[u8], first: Outcome) {
    let (usage, before) = (store.usage(), everything(store));
    let again = store.consume(bytes, &Source::DHT, HOUR, NOW).expect("it verified before").outcome;
    match first {
        Outcome::Inserted
        | Outcome::Replaced { .. }
        | Outcome::Refreshed { .. }
        | Outcome::Contradiction { replaced: true, .. } => {
            assert_eq!(again, Outcome::Refreshed { extended: false }, "a repeat");
        }
        _ => assert_eq!(again, first, "a repeat"),
    }
    assert_eq!((store.usage(), everything(store)), (usage, before), "a repeat changes nothing");
}

/// All that can be read.
fn everything(store: &Peerstore) -> Vec<(PeerId, Vec<Known>, Option<u64>)> {
    let mut peers: Vec<_> = store.peers(NOW).map(|peer| peer.expect("memory")).collect();
    peers.extend(universe::peer_ids());
    peers.push(keys::signer().public_key().peer_id());
    peers.sort_unstable();
    peers.dedup();
    let of = |peer: PeerId| {
        let addresses = store.addresses(&peer, NOW).expect("memory");
        let floor = store.floor(&peer, NOW).expect("memory");
        (peer, addresses.into_iter().map(Known::from).collect(), floor.map(|(seq, _)| seq.value()))
    };
    peers.into_iter().map(of).collect()
}
