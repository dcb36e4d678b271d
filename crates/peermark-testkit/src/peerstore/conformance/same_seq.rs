//! Records of one sequence number: which is held, and what proves a contradiction (S2).

use peermark_envelope::Envelope;
use peermark_peer_record::{CertifiedRecord, Dialect, Dialects, PEER_RECORD};
use peermark_peerstore::{Engine, Outcome, OutcomeKind, PayloadDigest};
use peermark_provenance::Source;

use super::trial::{DAY, HOUR, MINUTE, itself, ok};
use super::{Make, Trial};
use crate::peerstore::fixtures::{heard_from, key, numbers, peer, record, signed};
use crate::{keys, model};

/// What a record says, and whether it is the first of the order.
pub(super) fn digest(record: &CertifiedRecord) -> PayloadDigest {
    PayloadDigest::of(record.payload())
}

/// All orders of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Three contents of one number, whatever the order they come in: the one with more addresses is held,
/// of two with as many the smaller digest; the first two are the proof, each with its envelope; and what
/// is held is there to be dialed (S2, P3).
pub fn s2_contents_of_one_number_are_put_in_order<E: Engine>(make: Make<'_, E>) {
    let alice = peer(1);
    for ranges in [[0..4, 0..3, 2..4], [0..2, 1..3, 4..6]] {
        let mut contents = ranges.map(|range| record(1, 4, &numbers(range)));
        contents
            .sort_by_key(|record| (std::cmp::Reverse(record.addresses().len()), digest(record)));
        for order in ORDERS {
            let trial = Trial::new(make);
            let mut held = None;
            for at in order {
                let applied = trial.apply(&contents[at], &Source::DHT, HOUR);
                let expected = match held {
                    None => Outcome::Inserted,
                    Some(before) => Outcome::Contradiction {
                        held: digest(&contents[before]),
                        got: digest(&contents[at]),
                        replaced: at < before,
                    },
                };
                assert_eq!(applied.outcome, expected, "{order:?}");
                held = Some(held.map_or(at, |before: usize| before.min(at)));
                trial.check();
            }
            let [first, second, _] = &contents;
            assert_eq!(trial.signed(&alice).as_deref(), Some(first.as_bytes()), "{order:?}");
            assert_eq!(trial.certified(&alice).len(), first.addresses().len());
            let proof = trial.proof(&alice).expect("a proof");
            assert_eq!((proof.peer, proof.seq), (alice, 4.into()));
            assert_eq!((proof.held, proof.got), (digest(first), digest(second)), "{order:?}");
            assert_eq!(proof.held_envelope.as_deref(), Some(first.as_bytes()));
            assert_eq!(proof.got_envelope.as_deref(), Some(second.as_bytes()));
            assert_eq!(trial.proof(&peer(2)), None);
            trial.ends_empty();
        }
    }
}

/// What the peer itself said later over a contact comes before more addresses, and stays what is held
/// when others repeat the other (S2).
pub fn s2_what_the_peer_said_last_is_held<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let (large, small) = (record(1, 4, &numbers(0..5)), record(1, 4, &numbers(7..8)));
    let said = |record: &CertifiedRecord, source: &Source| {
        trial.clock.pass(MINUTE);
        trial.outcome(record, source, HOUR)
    };
    let contradiction = |held: &CertifiedRecord, got: &CertifiedRecord, replaced| {
        Outcome::Contradiction { held: digest(held), got: digest(got), replaced }
    };
    assert_eq!(said(&large, &Source::DHT), Outcome::Inserted);
    assert_eq!(said(&small, &itself(1)), contradiction(&large, &small, true));
    assert_eq!(trial.certified(&alice), numbers(7..8));
    assert_eq!(said(&large, &Source::DHT), contradiction(&small, &large, false));
    assert_eq!(said(&large, &Source::MANUAL), contradiction(&small, &large, false));
    assert_eq!(trial.certified(&alice), numbers(7..8));
    assert_eq!(said(&large, &itself(1)), contradiction(&small, &large, true));
    assert_eq!(said(&small, &itself(1)), contradiction(&large, &small, true));
    assert_eq!(trial.proof(&alice).map(|proof| proof.got), Some(digest(&large)));
    trial.check();
    // At one instant the next criterion decides.
    assert_eq!(trial.outcome(&large, &itself(1), HOUR), contradiction(&small, &large, true));
    assert_eq!(trial.outcome(&small, &itself(1), HOUR), contradiction(&large, &small, false));
    trial.check();
    trial.ends_empty();
}

/// The same addresses in another order, in the other dialect, or with a field from the future beside
/// them: a refresh, and no contradiction (S2).
pub fn s2_the_same_addresses_refresh<E: Engine>(make: Make<'_, E>) {
    let mut turned = numbers(0..3);
    turned.rotate_left(1);
    let first = record(1, 4, &numbers(0..3));
    let mut payload = first.payload().to_vec();
    payload.extend(model::message(&[model::bytes(9, *b"from the future")]));
    let future = Envelope::seal(PEER_RECORD, &payload, &key(1)).expect("it is sealed");
    let future = CertifiedRecord::verify(future.as_bytes(), Dialects::Any).expect("a record");
    let others = [
        record(1, 4, &turned),
        signed(&key(1), Dialect::RoutingState, 4, &numbers(0..3)),
        signed(&key(1), Dialect::RoutingState, 4, &turned),
        future,
    ];
    for other in &others {
        let mut held = Vec::new();
        for [one, two] in [[&first, other], [other, &first]] {
            let trial = Trial::new(make);
            assert_eq!(trial.outcome(one, &Source::DHT, HOUR), Outcome::Inserted);
            for _ in 0..2 {
                let again = trial.outcome(two, &Source::DHT, HOUR);
                assert_eq!(again, Outcome::Refreshed { extended: false });
            }
            let longer = trial.outcome(two, &Source::DHT, HOUR * 2);
            assert_eq!(longer, Outcome::Refreshed { extended: true });
            assert_eq!(trial.proof(&peer(1)), None);
            held.push(trial.all_of(&peer(1)));
            trial.check();
        }
        assert_eq!(held[0], held[1], "whatever came first");
    }
}

/// Of one payload the signature that more can read is held, and of two in one dialect the smaller (S2).
pub fn s2_of_one_payload_one_signature_is_held<E: Engine>(make: Make<'_, E>) {
    for key_type in keys::TYPES {
        let key = keys::keypair(key_type, 0);
        let sign = |dialect| signed(&key, dialect, 3, &numbers(0..2));
        let [one, two] = [(); 2].map(|()| sign(Dialect::PeerRecord));
        let best = if one.as_bytes() <= two.as_bytes() { &one } else { &two };
        let routing = sign(Dialect::RoutingState);
        let all = [&one, &two, &routing];
        for order in ORDERS {
            let trial = Trial::new(make);
            for at in order {
                assert!(trial.outcome(all[at], &Source::DHT, HOUR).is_held());
            }
            let held = trial.signed(&key.peer_id());
            assert_eq!(held.as_deref(), Some(best.as_bytes()), "{key_type}, {order:?}");
            trial.check();
        }
    }
}

/// The proof of a contradiction outlives the record, and ends with a higher number or with the floor
/// (S2).
pub fn s2_a_proof_ends_with_a_higher_number<E: Engine>(make: Make<'_, E>) {
    let contradict = |trial: &Trial<E>, seq: u64| {
        for count in [3, 2] {
            let _ = trial.apply(&record(1, seq, &numbers(0..count)), &Source::DHT, HOUR);
        }
        assert_eq!(trial.proof(&peer(1)).map(|proof| proof.seq.value()), Some(seq));
    };
    let trial = Trial::new(make);
    contradict(&trial, 4);
    trial.live(HOUR);
    trial.sweep_all();
    let proof = trial.proof(&peer(1)).expect("it is kept with the floor");
    assert!(proof.held_envelope.is_some() && proof.got_envelope.is_some());
    let newer = record(1, 5, &numbers(0..1));
    assert_eq!(trial.outcome(&newer, &Source::DHT, HOUR), Outcome::Inserted);
    assert_eq!(trial.proof(&peer(1)), None);
    // And the next contradiction is seen.
    contradict(&trial, 6);
    trial.check();
    trial.live(DAY * 8);
    trial.sweep_all();
    assert_eq!((trial.proof(&peer(1)), trial.floor(&peer(1))), (None, None));
    trial.ends_empty();
}

/// A record without addresses contradicts one with some. It is held where the peer itself said it
/// last, and of it the digest is kept alone (S2).
pub fn s2_a_withdrawal_contradicts<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let (some, none) = (record(1, 4, &numbers(0..2)), record(1, 4, &[]));
    let _ = trial.apply(&some, &Source::DHT, HOUR);
    assert_eq!(trial.outcome(&none, &Source::DHT, HOUR).kind(), OutcomeKind::Contradiction);
    assert_eq!(trial.certified(&alice), numbers(0..2));
    let proof = trial.proof(&alice).expect("a proof");
    assert_eq!((proof.got, proof.got_envelope), (digest(&none), None));
    let applied = trial.apply(&none, &itself(1), HOUR);
    assert_eq!((applied.outcome.is_held(), applied.withdrawn), (true, 2));
    assert_eq!((trial.certified(&alice), trial.floor(&alice)), (vec![], Some(4)));
    let proof = trial.proof(&alice).expect("a proof");
    assert_eq!((proof.held, proof.held_envelope), (digest(&none), None));
    assert_eq!(proof.got_envelope.as_deref(), Some(some.as_bytes()));
    trial.check();
    // Others do not bring back what it withdrew; the peer itself does.
    assert!(!trial.outcome(&some, &Source::DHT, HOUR).is_held());
    trial.clock.pass(MINUTE);
    assert!(trial.outcome(&some, &itself(1), HOUR).is_held());
    assert_eq!(trial.certified(&alice), numbers(0..2));
    trial.check();
    trial.ends_empty();
}

/// 1,130 contradictions of others leave the proof of the first peer (S2).
pub fn s2_contradictions_of_others_leave_a_proof<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    for index in 0..1131 {
        let heard = heard_from(u16::try_from(index).unwrap_or(0));
        for count in [1, 2] {
            let _ = trial.apply(&record(index, 4, &numbers(0..count)), &heard, HOUR);
        }
    }
    assert!(trial.proof(&peer(0)).is_some());
    assert_eq!(trial.store.usage().evidence, trial.store.limits().evidence);
    // Of the others it is known all the same.
    let is_known = |index: u64| {
        let view = |view: Option<peermark_peerstore::PeerView<'_>>| {
            view.is_some_and(|view| view.is_contradicted())
        };
        ok(trial.store.view(&peer(index), trial.clock.now(), view))
    };
    assert!((0..1131).all(is_known));
    trial.check();
}

/// Both dialects of a record share one floor; the same payload in the other is the same record
/// (S2, R6).
pub fn s2_both_dialects_share_a_floor<E: Engine>(make: Make<'_, E>) {
    let dialects = [Dialect::PeerRecord, Dialect::RoutingState];
    for (ours, theirs) in [(0, 1), (1, 0)].map(|(a, b)| (dialects[a], dialects[b])) {
        let trial = Trial::new(make);
        let sign = |dialect, seq, range| signed(&key(1), dialect, seq, &numbers(range));
        let first = sign(ours, 3, 0..2);
        let _ = trial.apply(&first, &Source::DHT, HOUR);
        let same = sign(theirs, 3, 0..2);
        assert_eq!(same.payload(), first.payload());
        let refreshed = Outcome::Refreshed { extended: false };
        assert_eq!(trial.outcome(&same, &Source::DHT, HOUR), refreshed);
        let older = sign(theirs, 2, 0..2);
        assert_eq!(trial.outcome(&older, &Source::DHT, HOUR), Outcome::Stale { held: 3.into() });
        let other = sign(theirs, 3, 0..3);
        let outcome = trial.outcome(&other, &Source::DHT, HOUR);
        assert_eq!(outcome.kind(), OutcomeKind::Contradiction);
        let newer = sign(theirs, 4, 0..3);
        let replaced = Outcome::Replaced { from: 3.into() };
        assert_eq!(trial.outcome(&newer, &Source::DHT, HOUR), replaced);
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(newer.as_bytes()));
        trial.check();
    }
}
