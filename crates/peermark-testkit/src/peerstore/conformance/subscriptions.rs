//! Being told: a snapshot and all that follows it (S10).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;
use multiaddr::Multiaddr;
use peermark_identity::PeerId;
use peermark_peerstore::{
    Cause, Engine, Event, Evicted, PayloadDigest, PeerAddresses, SubscribeError, Subscription,
};
use peermark_provenance::{Source, TrustClass};

use super::trial::{HOUR, MINUTE, ignore, itself, ok, one};
use super::{Make, Trial};
use crate::peerstore::fixtures::{numbers, peer, record};

fn subscribe<E: Engine>(trial: &Trial<E>, peer: &PeerId) -> (Vec<Multiaddr>, Subscription) {
    let (snapshot, events) = ok(trial.store.subscribe(peer, trial.clock.now()));
    (snapshot.into_iter().map(|known| known.address).collect(), events)
}

fn subscribe_all<E: Engine>(trial: &Trial<E>) -> (Vec<PeerAddresses>, Subscription) {
    let mut snapshot = Vec::new();
    let events = ok(trial.store.subscribe_all(trial.clock.now(), |peer| snapshot.push(peer)));
    (snapshot, events)
}

fn told(events: &mut Subscription) -> Vec<Event> {
    std::iter::from_fn(|| events.try_next()).collect()
}

fn added(events: &[Event]) -> Vec<(PeerId, Multiaddr)> {
    let added = events.iter().filter_map(|event| match event {
        Event::Added { peer, address, .. } => Some((*peer, address.clone())),
        _ => None,
    });
    added.collect()
}

/// A snapshot of what is there, without what is over, and then every change with its cause (S10).
pub fn s10_a_snapshot_and_then_every_change<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, at) = (peer(1), |index: u32| numbers(index..index + 1).remove(0));
    let _ = trial.report(&alice, &numbers(0..1), &Source::DHT, MINUTE);
    let _ = trial.report(&alice, &numbers(1..2), &Source::DHT, HOUR);
    trial.clock.pass(MINUTE);
    let (snapshot, mut events) = subscribe(&trial, &alice);
    assert_eq!(snapshot, numbers(1..2), "nothing that is over");
    assert_eq!(told(&mut events), []);
    let peer = alice;
    let is_added = |index, class, cause| Event::Added { peer, address: at(index), class, cause };
    let is_changed =
        |index, class, cause| Event::Changed { peer, address: at(index), class, cause };
    let is_removed = |index, cause| Event::Removed { peer, address: at(index), cause };
    let [third_party, certified] = [TrustClass::ThirdParty, TrustClass::Certified];

    let _ = trial.report(&alice, &numbers(1..3), &Source::MDNS, MINUTE);
    assert_eq!(told(&mut events), [is_added(2, third_party, Cause::Report)]);
    let _ = trial.apply(&record(1, 1, &numbers(2..4)), &Source::DHT, HOUR);
    let [changed, new] =
        [is_changed(2, certified, Cause::Record), is_added(3, certified, Cause::Record)];
    assert_eq!(told(&mut events), [changed, new]);
    assert!(trial.dialed(&alice, &at(3), MINUTE));
    assert_eq!(told(&mut events), [is_changed(3, TrustClass::Dialed, Cause::Dial)]);
    trial.clock.pass(MINUTE);
    trial.sweep_all();
    assert_eq!(told(&mut events), [is_changed(3, certified, Cause::Expiry)]);
    let _ = trial.apply(&record(1, 2, &numbers(3..4)), &Source::DHT, MINUTE);
    assert_eq!(told(&mut events), [is_removed(2, Cause::Record)]);
    assert_eq!(trial.remove(&alice, &numbers(1..2)), 1);
    assert_eq!(told(&mut events), [is_removed(1, Cause::Removal)]);
    // What is over is told when it is found, by whatever comes first.
    trial.clock.pass(MINUTE);
    let _ = trial.report(&alice, &numbers(5..6), &Source::DHT, HOUR);
    let expired = is_removed(3, Cause::Expiry);
    assert_eq!(told(&mut events), [expired, is_added(5, third_party, Cause::Report)]);
    assert!(trial.clear(&alice));
    assert_eq!(told(&mut events), [is_removed(5, Cause::Removal)]);
    trial.check();
}

/// What changes nothing is not told: the same again, what is refused, and other peers (S10).
pub fn s10_what_changes_nothing_is_not_told<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let (_, mut events) = subscribe(&trial, &alice);
    let held = record(1, 5, &addresses);
    for round in 0..3 {
        let _ = trial.report(&alice, &addresses, &Source::DHT, HOUR);
        let _ = trial.apply(&held, &Source::DHT, HOUR);
        assert!(trial.consume(held.as_bytes(), &itself(1), HOUR * 2).is_ok());
        let count = told(&mut events).len();
        // Both are new, and then both are certified.
        assert_eq!(count, if round == 0 { 4 } else { 0 });
    }
    let _ = trial.apply(&record(1, 4, &numbers(5..7)), &Source::DHT, HOUR);
    let _ = trial.report(&alice, &numbers(5..7), &itself(2), HOUR);
    let _ = trial.report(&peer(2), &addresses, &Source::DHT, HOUR);
    let _ = trial.apply(&record(2, 4, &numbers(5..7)), &Source::DHT, HOUR);
    assert!(trial.connect(&alice));
    trial.sweep_all();
    assert_eq!(told(&mut events), []);
    trial.check();
}

/// An equivocation is told with both records (S2, S10).
pub fn s10_an_equivocation_is_told<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (held, got) = (record(1, 5, &numbers(0..2)), record(1, 5, &numbers(1..2)));
    let _ = trial.apply(&held, &Source::DHT, HOUR);
    let (_, mut of_one) = subscribe(&trial, &peer(1));
    let (_, mut of_other) = subscribe(&trial, &peer(2));
    let (_, mut of_all) = subscribe_all(&trial);
    let _ = trial.apply(&got, &Source::DHT, HOUR);
    for events in [&mut of_one, &mut of_all] {
        let events = told(events);
        let [Event::Equivocation(proof)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((proof.peer, proof.seq), (peer(1), 5.into()));
        assert_eq!(proof.held, PayloadDigest::of(held.payload()));
        assert_eq!(proof.got, PayloadDigest::of(got.payload()));
        assert_eq!(proof.held_envelope.as_deref(), Some(held.as_bytes()));
        assert_eq!(proof.got_envelope.as_deref(), Some(got.as_bytes()));
    }
    assert_eq!(told(&mut of_other), []);
    trial.check();
}

/// The stream of all peers starts with all of them, and two streams are told the same (S10).
pub fn s10_two_streams_are_told_the_same<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    for index in 0..3 {
        let ttl = if index == 0 { MINUTE } else { HOUR };
        let _ = trial.report(&peer(index), &numbers(0..2), &Source::DHT, ttl);
    }
    assert!(trial.connect(&peer(8)));
    trial.clock.pass(MINUTE);
    let (mut snapshot, mut one) = subscribe_all(&trial);
    let (again, mut other) = subscribe_all(&trial);
    assert_eq!(snapshot.len(), again.len());
    snapshot.sort_by_key(|peer| peer.peer);
    let mut expected = [1, 2].map(peer);
    expected.sort_unstable();
    assert_eq!(snapshot.iter().map(|peer| peer.peer).collect::<Vec<_>>(), expected);
    assert!(snapshot.iter().all(|peer| peer.addresses == trial.known(&peer.peer)));
    let (_, mut of_four) = subscribe(&trial, &peer(4));
    for index in [4, 5] {
        let _ = trial.report(&peer(index), &numbers(0..1), &Source::DHT, HOUR);
    }
    let events = added(&told(&mut one));
    assert_eq!(events, [4, 5].map(|index| (peer(index), numbers(0..1).remove(0))));
    assert_eq!(added(&told(&mut other)), events);
    assert_eq!(added(&told(&mut of_four)), events[..1]);
    trial.check();
}

/// There are as many subscriptions as the limit allows, and a dropped one makes room (S10, S11).
pub fn s10_subscriptions_are_bounded<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.subscribers = 3);
    let now = trial.clock.now();
    let (_, first) = subscribe(&trial, &peer(1));
    let (_, second) = subscribe(&trial, &peer(1));
    let (_, third) = subscribe_all(&trial);
    let mut kept = Vec::new();
    for dropped in [first, second, third] {
        let refused = trial.store.subscribe(&peer(2), now).map(ignore);
        let Err(SubscribeError::TooMany(too_many)) = refused else { panic!("{refused:?}") };
        assert_eq!(too_many.limit, 3);
        let refused = trial.store.subscribe_all(now, ignore).map(ignore);
        assert!(matches!(refused, Err(SubscribeError::TooMany(_))), "{refused:?}");
        drop(dropped);
        let (_, another) = subscribe(&trial, &peer(3));
        assert!(trial.store.subscribe(&peer(2), now).is_err());
        drop(another);
        kept.push(subscribe_all(&trial).1);
    }
    trial.check();
}

/// Whoever does not fetch is told that events were lost, and what follows is whole again; the
/// others miss nothing (S10, S11).
pub fn s10_lost_events_are_told<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::with(make, |limits| limits.events = 8);
    let alice = peer(1);
    let (_, mut slow) = subscribe(&trial, &alice);
    let (_, mut quick) = subscribe(&trial, &alice);
    let mut count = 0;
    for index in 0..20 {
        let _ = trial.report(&alice, &numbers(index..index + 1), &Source::DHT, HOUR);
        count += told(&mut quick).len();
    }
    assert_eq!(count, 20);
    let events = told(&mut slow);
    assert_eq!(events.first(), Some(&Event::Resync));
    assert!(events.len() <= 9, "{} events", events.len());
    assert!(!events[1..].contains(&Event::Resync));
    assert!(trial.tally.evicted_of(Evicted::Events) > 0);
    // Who reads the addresses now knows all, and from here on it is told everything.
    assert_eq!(trial.addresses(&alice).len(), 20);
    let _ = trial.report(&alice, &numbers(20..22), &Source::DHT, HOUR);
    assert_eq!(added(&told(&mut slow)).len(), 2);
    trial.check();
}

/// A subscription is a stream that any executor can wait for (S10).
pub fn s10_a_subscription_is_a_stream<E: Engine>(make: Make<'_, E>) {
    let trial = Trial::new(make);
    let (alice, addresses) = one();
    let (_, mut events) = subscribe(&trial, &alice);
    let counts = [0, 1].map(|_| Arc::<Wakes>::default());
    let mut poll = |by: usize| {
        let waker = Waker::from(Arc::clone(&counts[by]));
        Pin::new(&mut events).poll_next(&mut Context::from_waker(&waker))
    };
    let woken = || [0, 1].map(|by| counts[by].0.load(Ordering::Acquire));
    assert_eq!(poll(0), Poll::Pending);
    let _ = trial.report(&peer(2), &addresses, &Source::DHT, HOUR);
    assert_eq!(woken(), [0, 0], "that is another's");
    let _ = trial.report(&alice, &addresses, &Source::DHT, HOUR);
    assert_eq!(woken(), [1, 0], "once for both");
    for _ in 0..2 {
        assert!(matches!(poll(0), Poll::Ready(Some(Event::Added { .. }))));
    }
    // Who asked last is woken.
    assert_eq!((poll(0), poll(1)), (Poll::Pending, Poll::Pending));
    assert!(trial.clear(&alice));
    assert_eq!(woken(), [1, 1]);
    for _ in 0..2 {
        assert!(matches!(poll(1), Poll::Ready(Some(Event::Removed { .. }))));
    }
    assert_eq!(poll(1), Poll::Pending);
    trial.check();
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Between the snapshot and the first event nothing is missed, whoever writes meanwhile (S10).
pub fn s10_nothing_is_missed_in_between<E: Engine>(make: Make<'_, E>) {
    let alice = peer(1);
    for round in 0..20 {
        let trial = Trial::new(make);
        let (store, now) = (&trial.store, trial.clock.now());
        let (mut of_one, mut of_all) = (Vec::new(), Vec::new());
        let streams = std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                for address in numbers(0..60) {
                    let _ = ok(store.report(&alice, &[address], &Source::DHT, HOUR, now));
                }
            });
            let (snapshot, one) = ok(store.subscribe(&alice, now));
            of_one.extend(snapshot.into_iter().map(|known| known.address));
            let all = ok(store.subscribe_all(now, |peer| {
                of_all.extend(peer.addresses.into_iter().map(|known| known.address));
            }));
            writer.join().expect("it ends");
            (one, all)
        });
        let (mut one, mut all) = streams;
        for (events, seen) in [(&mut one, of_one), (&mut all, of_all)] {
            let later = added(&told(events)).into_iter().map(|(_, address)| address);
            let mut seen: Vec<_> = seen.into_iter().chain(later).collect();
            seen.sort();
            // Told twice it may be, by an engine that tries a transition again.
            seen.dedup();
            assert_eq!(seen, numbers(0..60), "round {round}");
        }
        trial.check();
    }
}
