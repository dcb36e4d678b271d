//! Records: their outcomes, and what they do to what is there (S1, S2, P4).

use std::time::Duration;

use peermark_identity::KeyType;
use peermark_peer_record::{CertifiedRecord, Dialect};
use peermark_peerstore::{Config, Engine, Outcome, OutcomeKind, Refusal};
use peermark_provenance::{Source, SourceKind, TrustClass};

use super::same_seq::digest;
use super::trial::{HOUR, itself, ok};
use super::{Make, Trial};
use crate::keys;
use crate::peerstore::fixtures::{self, address, numbers, peer, record, signed};

/// The same addresses, one number later.
///
/// # Panics
///
/// When the peer is none of the first hundred.
#[must_use]
pub fn next(record: &CertifiedRecord) -> CertifiedRecord {
    let number = (0..100).find(|number| peer(*number) == record.peer_id()).expect("a peer");
    let addresses: Vec<_> = record.addresses().map(|address| address.to_multiaddr()).collect();
    fixtures::record(number, record.seq().value() + 1, &addresses)
}

/// Each outcome is a value of its own, and says what it did (S1).
pub fn s1_every_outcome_has_its_counts<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (first, second) = (record(1, 5, &numbers(0..3)), record(1, 7, &numbers(2..6)));
    let other = record(1, 7, &numbers(0..1));
    let stranger = Source::identify(peer(9));
    let [dht, zero] = [(&Source::DHT, HOUR), (&Source::DHT, Duration::ZERO)];
    let (held, got) = (digest(&second), digest(&other));
    let contradiction = Outcome::Contradiction { held, got, replaced: false };
    let refused = |reason| Outcome::Refused { reason };
    for (record, (source, ttl), outcome, counts) in [
        (&first, zero, refused(Refusal::NoTime), (0, 0)),
        (&first, (&stranger, HOUR), refused(Refusal::NotItself), (0, 0)),
        (&first, dht, Outcome::Inserted, (3, 0)),
        (&first, dht, Outcome::Refreshed { extended: false }, (0, 0)),
        (&second, zero, refused(Refusal::NoTime), (0, 0)),
        (&second, (&stranger, HOUR), refused(Refusal::NotItself), (0, 0)),
        (&second, dht, Outcome::Replaced { from: 5.into() }, (3, 2)),
        (&first, dht, Outcome::Stale { held: 7.into() }, (0, 0)),
        (&other, dht, contradiction, (0, 0)),
        (&second, (&itself(1), HOUR * 2), Outcome::Refreshed { extended: true }, (0, 0)),
        (&second, (&itself(1), HOUR), Outcome::Refreshed { extended: false }, (0, 0)),
    ] {
        let before = trial.all_of(&peer(1));
        let applied = trial.apply(record, source, ttl);
        assert_eq!(applied.outcome, outcome);
        assert_eq!((applied.peer, applied.seq), (peer(1), record.seq()));
        assert_eq!((applied.added, applied.withdrawn), counts, "{outcome:?}");
        assert_eq!(applied.dropped, 0);
        if !outcome.is_held() {
            assert_eq!(trial.all_of(&peer(1)), before, "{outcome:?}");
        }
        trial.check();
    }
    for (kind, count) in OutcomeKind::ALL.into_iter().zip([1, 1, 1, 1, 1, 2]) {
        assert_eq!(trial.tally.applied_of(SourceKind::Dht, kind), count, "{kind}");
    }
    let reason = Refusal::NoTime;
    assert_eq!(trial.tally.refused_of(SourceKind::Dht, reason), 2);
}

/// What is said to be stored is there: a record that is taken can be read back (S1).
pub fn s1_what_is_inserted_is_there<E: Engine>(make: Make<'_, E>) {
    for key_type in keys::TYPES {
        for dialect in [Dialect::PeerRecord, Dialect::RoutingState] {
            let trial = Trial::new(make);
            let key = keys::keypair(key_type, 0);
            let record = signed(&key, dialect, 1, &numbers(0..2));
            let applied = ok(trial.consume(record.as_bytes(), &Source::DHT, HOUR));
            assert_eq!(applied.outcome, Outcome::Inserted, "{key_type}");
            let peer = key.peer_id();
            assert_eq!(trial.peers(), [peer]);
            assert_eq!(trial.certified(&peer), numbers(0..2));
            assert_eq!(trial.signed(&peer).as_deref(), Some(record.as_bytes()));
            let again = ok(trial.consume(record.as_bytes(), &Source::DHT, HOUR));
            assert_eq!(again.outcome, Outcome::Refreshed { extended: false }, "{key_type}");
            trial.check();
        }
    }
}

/// The addresses of a record stay in its order, whatever else is known (S1).
pub fn s1_a_record_keeps_its_order<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let mut listed = numbers(0..8);
    listed.swap(0, 5);
    listed.swap(2, 7);
    let _ = trial.report(&alice, &numbers(3..10), &Source::MANUAL, HOUR);
    let _ = trial.apply(&record(1, 1, &listed), &Source::DHT, HOUR);
    assert_eq!(trial.certified(&alice), listed);
    assert_eq!(trial.addresses(&alice)[..8], listed);
    assert_eq!(trial.addresses(&alice).len(), 10);
    trial.check();
}

/// The higher number wins, whatever it is and in whichever order they come (S2).
pub fn s2_the_higher_number_wins<E: Engine>(make: Make<'_, E>) {
    let seqs = [0, 1, 2, u64::from(u32::MAX), 1 << 63, u64::MAX - 1, u64::MAX];
    for (at, low) in seqs.iter().enumerate() {
        for high in &seqs[at + 1..] {
            let trial = Trial::new(make);
            let (old, new) = (record(1, *low, &numbers(0..2)), record(1, *high, &numbers(1..3)));
            assert_eq!(trial.outcome(&old, &Source::DHT, HOUR), Outcome::Inserted);
            let replaced = Outcome::Replaced { from: (*low).into() };
            assert_eq!(trial.outcome(&new, &Source::DHT, HOUR), replaced);
            let stale = Outcome::Stale { held: (*high).into() };
            assert_eq!(trial.outcome(&old, &Source::DHT, HOUR), stale);
            assert_eq!(trial.outcome(&old, &itself(1), HOUR), stale);
            assert_eq!(trial.outcome(&old, &Source::MANUAL, HOUR), stale);
            assert_eq!(trial.certified(&peer(1)), numbers(1..3));
            assert_eq!(trial.floor(&peer(1)), Some(*high));
            trial.check();
        }
    }
}

/// A record without addresses withdraws everything that was certified, and its floor holds (S2,
/// R3).
pub fn s2_no_addresses_withdraw_everything<E: Engine>(make: Make<'_, E>) {
    for held in [false, true] {
        let trial = Trial::new(make);
        let alice = peer(1);
        let _ = trial.report(&alice, &numbers(2..4), &Source::DHT, HOUR);
        let (old, nothing) = (record(1, 1, &numbers(0..3)), record(1, 2, &[]));
        if held {
            let _ = trial.apply(&old, &Source::DHT, HOUR);
        }
        let applied = trial.apply(&nothing, &Source::DHT, HOUR);
        let replaced = Outcome::Replaced { from: 1.into() };
        assert_eq!(applied.outcome, if held { replaced } else { Outcome::Inserted });
        assert_eq!((applied.added, applied.withdrawn), (0, if held { 3 } else { 0 }));
        assert_eq!(trial.addresses(&alice), numbers(2..4));
        assert_eq!((trial.certified(&alice), trial.signed(&alice)), (vec![], None));
        for _ in 0..2 {
            assert_eq!(trial.floor(&alice), Some(2));
            assert_eq!(trial.outcome(&old, &itself(1), HOUR), Outcome::Stale { held: 2.into() });
            let again = trial.outcome(&nothing, &itself(1), HOUR);
            assert_eq!(again, Outcome::Refreshed { extended: false });
            let other = trial.outcome(&record(1, 2, &numbers(0..1)), &Source::DHT, HOUR);
            assert!(!other.is_held(), "the peer itself said that it has none");
            assert_eq!(trial.certified(&alice), []);
            let _ = trial.clear(&alice);
            trial.check();
        }
        let back = record(1, 3, &numbers(0..1));
        assert_eq!(trial.outcome(&back, &Source::DHT, HOUR), Outcome::Inserted);
        trial.check();
    }
}

/// Records that arrive at the same time: the newest stays, in whichever order they get there (S2).
pub fn s2_the_newest_of_many_at_once_stays<E: Engine>(make: Make<'_, E>) {
    let records: Vec<_> = (0..40).map(|seq| record(1, seq, &numbers(0..2))).collect();
    for round in 0..10 {
        let trial = Trial::new(make);
        let (store, now) = (&trial.store, trial.clock.now());
        let inserted: usize = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for thread in 0..4 {
                let records = &records;
                threads.push(scope.spawn(move || {
                    let mine = records.iter().skip(thread).step_by(4).rev();
                    let apply = |record| ok(store.apply(record, &Source::DHT, HOUR, now)).outcome;
                    mine.map(apply).filter(|outcome| *outcome == Outcome::Inserted).count()
                }));
            }
            threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
        });
        assert_eq!(inserted, 1, "round {round}");
        assert_eq!(trial.floor(&peer(1)), Some(39), "round {round}");
        assert_eq!(trial.signed(&peer(1)).as_deref(), Some(records[39].as_bytes()));
        trial.check();
    }
}

/// A newer record takes back what it does not list any more; what somebody else says too stays,
/// in whichever form that was said (P4).
pub fn p4_a_newer_record_withdraws<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let suffixed = address(&format!("/ip4/11.0.0.1/tcp/4001/p2p/{alice}"));
    let _ = trial.report(&alice, &[suffixed], &Source::MDNS, HOUR * 2);
    let _ = trial.apply(&record(1, 1, &numbers(0..4)), &Source::DHT, HOUR);
    let _ = trial.report(&alice, &numbers(2..3), &itself(1), HOUR * 2);
    assert!(trial.dialed(&alice, &numbers(3..4)[0], HOUR * 2));
    let applied = trial.apply(&record(1, 2, &numbers(4..5)), &Source::DHT, HOUR);
    assert_eq!((applied.added, applied.withdrawn), (1, 4));
    let [third_party, direct, dialed, certified] =
        [TrustClass::ThirdParty, TrustClass::Direct, TrustClass::Dialed, TrustClass::Certified];
    let expected = [None, Some(third_party), Some(direct), Some(dialed), Some(certified)];
    for (address, expected) in numbers(0..5).iter().zip(expected) {
        assert_eq!(trial.class(&alice, address), expected, "{address}");
    }
    assert_eq!(trial.certified(&alice), numbers(4..5));
    trial.check();
    trial.clock.pass(HOUR);
    assert_eq!(trial.addresses(&alice), numbers(1..4));
    trial.check();
}

/// What nobody signed lives beside what is certified, and is still accepted after it (P4).
pub fn p4_unsigned_lives_beside_certified<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let alice = peer(1);
    let _ = trial.report(&alice, &numbers(0..2), &Source::DHT, HOUR * 2);
    let _ = trial.apply(&record(1, 1, &numbers(1..3)), &Source::DHT, HOUR);
    let reported = trial.report(&alice, &numbers(2..4), &Source::DHT, HOUR * 2);
    assert_eq!((reported.added, reported.updated), (1, 1));
    assert_eq!(trial.addresses(&alice).len(), 4);
    assert_eq!(trial.certified(&alice), numbers(1..3));
    let claims = |trial: &Trial<E>, index: usize| {
        let known = trial.known_at(&alice, &numbers(0..4)[index]);
        known.map(|known| known.provenance.claims().len())
    };
    assert_eq!([0, 1, 2, 3].map(|index| claims(&trial, index)), [1, 2, 2, 1].map(Some));
    trial.check();
}

/// A key of each type has records of its own (S1).
pub fn s1_peers_of_all_key_types_live_beside_each_other<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let records: Vec<_> = keys::TYPES
        .into_iter()
        .map(|of| signed(&keys::keypair(of, 0), Dialect::PeerRecord, 1, &numbers(0..3)))
        .collect();
    let now = trial.clock.now();
    for answer in trial.store.apply_many(&records, &Source::DHT, HOUR, now) {
        assert_eq!(ok(answer).outcome, Outcome::Inserted);
    }
    let peers: Vec<_> = records.iter().map(CertifiedRecord::peer_id).collect();
    let signed: Vec<_> = records.iter().map(|record| Some(record.clone().into_bytes())).collect();
    assert_eq!(ok(trial.store.signed_records(&peers, now)), signed);
    assert_eq!(trial.peers().len(), 4);
    assert_eq!(records[3].signer().key_type(), KeyType::Rsa);
    trial.check();
    trial.ends_empty();
}

/// The limits of envelopes are those of the configuration (S1, W1).
pub fn s1_an_envelope_has_the_size_that_is_allowed<E: Engine>(make: Make<'_, E>) {
    let record = record(1, 1, &numbers(0..2));
    let len = record.as_bytes().len();
    for (allowed, good) in [(len, true), (len - 1, false)] {
        let trial = Trial::configured(make, |config: &mut Config| {
            config.envelopes = peermark_envelope::Limits::new(allowed).expect("a limit");
        });
        assert_eq!(trial.consume(record.as_bytes(), &Source::DHT, HOUR).is_ok(), good);
        assert_eq!(trial.peers().len(), usize::from(good));
        trial.check();
    }
}
