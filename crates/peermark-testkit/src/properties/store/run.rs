//! Runs a program on a store, and says at which operation something does not hold.

use std::time::Duration;

use peermark_identity::PeerId;
use peermark_peer_record::{CertifiedRecord, Dialects};
use peermark_peerstore::{
    Engine, LONGEST_STEP, Limits, PayloadDigest, PeerEntry, Peerstore, Reported, Swept,
};
use peermark_provenance::Timestamp;

use super::SECRET;
use super::crowd::Crowd;
use super::mirror::Mirrors;
use super::row::row_comes_back;
use crate::peerstore::model::{Known, Model};
use crate::peerstore::ops::universe::{self, ADDRESSES, Letter, Suffix};
use crate::peerstore::ops::{Answer, Op, Program};

/// Runs `program` on an empty store of [`config`](super::config), and after every `check_every`
/// operations lets the store prove its invariants.
///
/// # Panics
///
/// When something does not hold, with the number of the operation.
pub fn run_program<E: Engine>(program: &Program, store: &Peerstore<E>, check_every: usize) {
    let mut run = Run {
        store,
        now: START,
        latest: START,
        model: program.profile.is_roomy().then(|| Model::new(program.profile.limits(), SECRET)),
        mirrors: Mirrors::default(),
    };
    for (n, op) in (1..).zip(&program.ops) {
        let context = || format!("operation {}, {op:?}", n - 1);
        let crowd = run.model.is_none().then(|| {
            run.tell_time();
            Crowd::before(store, run.now)
        });
        run.step(op, &context);
        if let Some(crowd) = crowd {
            crowd.compare(store, run.now, op, &context);
        }
        let all = n % 16 == 0 || matches!(op, Op::SweepAll(_) | Op::SubscribeAll);
        let peers = if all { 0..universe::PEERS } else { op.peer().map_or(0..0, |p| p..p + 1) };
        if !peers.is_empty() {
            run.tell_time();
        }
        peers.for_each(|peer| run.compare_peer(peer, &context));
        if all {
            run.compare_all(&context);
        }
        if n % check_every == 0 {
            run.check(&context);
        }
    }
    run.end();
}

/// When programs begin.
const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Where the clock stops. The longest time to live ends more than a hundred years before the end of
/// time: what is said in the last moment is over at once, and rules say little about that.
const LAST: Timestamp = Timestamp::from_secs(12_000_000_000);

struct Run<'a, E> {
    store: &'a Peerstore<E>,
    /// What the caller's clock shows; the store may have seen a later time.
    now: Timestamp,
    /// The latest that it showed.
    latest: Timestamp,
    /// Where nothing is evicted for another peer.
    model: Option<Model>,
    mirrors: Mirrors,
}

impl<E: Engine> Run<'_, E> {
    /// Does one thing, and compares the answer.
    fn step(&mut self, op: &Op, context: &dyn Fn() -> String) {
        let (store, now) = (self.store, self.now);
        match op {
            Op::Sweep(budget) => {
                self.tell_time();
                self.sweep(*budget);
            }
            Op::SweepAll(budget) => self.sweep_all(*budget, context),
            Op::Advance(by) => self.now = now.saturating_add(*by).min(LAST),
            Op::Back(by) => {
                let back = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
                self.now = Timestamp::from_nanos(now.as_nanos().saturating_sub(back));
            }
            Op::ToNextEnd { before } => {
                let next = match &self.model {
                    Some(model) => model.next_end(),
                    None => store.next_expiry(),
                };
                let soon = now.saturating_add(FAR);
                if let Some(next) = next.filter(|next| *next > now && *next < soon) {
                    let before = next.as_nanos().saturating_sub(*before);
                    self.now = Timestamp::from_nanos(before).min(LAST);
                }
            }
            Op::Subscribe(peer) => self.mirrors.subscribe(store, Some(*peer), now),
            Op::SubscribeAll => self.mirrors.subscribe(store, None, now),
            Op::Poll(which) => self.mirrors.poll(*which, context),
            Op::Unsubscribe(which) => self.mirrors.drop_one(*which),
            _ => self.perform(op, context),
        }
    }

    /// What a store answers, and the model too.
    fn perform(&mut self, op: &Op, context: &dyn Fn() -> String) {
        self.tell_time();
        let answer = op.perform(self.store, self.now);
        if let Some(model) = &mut self.model {
            assert_eq!(Some(&answer), model.perform(op).as_ref(), "{}", context());
        }
        match (op, answer) {
            (Op::Report(_, letters, ..), Answer::Reported(reported)) => {
                let Reported { added, updated, unchanged, removed, dropped, refused, .. } =
                    reported;
                let sum = added + updated + unchanged + removed + dropped + refused;
                assert_eq!(sum, letters.len(), "{}: {reported:?}", context());
            }
            (Op::Forget(peer), _) => {
                let proof = self.store.equivocation(&universe::peer_id(*peer));
                assert_eq!(proof.expect(ENGINE), None, "{}", context());
            }
            _ => {}
        }
    }

    /// The model learns what time it is when the store does.
    fn tell_time(&mut self) {
        self.latest = self.latest.max(self.now);
        if let Some(model) = &mut self.model {
            model.advance(self.now);
        }
    }

    fn sweep(&self, budget: usize) -> Swept {
        let before = self.store.usage();
        let swept = self.store.sweep(self.now, budget).expect(ENGINE);
        let after = self.store.usage();
        if self.model.is_some() {
            assert_eq!(before.peers - after.peers, swept.peers, "{swept:?}");
            assert_eq!(before.records - after.records, swept.records, "{swept:?}");
            assert!(swept.peers + swept.floors <= budget, "{swept:?} with {budget}");
        }
        swept
    }

    /// Until nothing is due; then the store holds what lives, and subscribers know it.
    fn sweep_all(&mut self, budget: usize, context: &dyn Fn() -> String) {
        let mut rounds = 0;
        self.tell_time();
        while self.sweep(budget).more {
            rounds += 1;
            assert!(rounds < 10_000, "{}: sweeping does not end", context());
        }
        let (next, usage) = (self.store.next_expiry(), self.store.usage());
        if let Some(model) = &self.model {
            let shown = model.shown();
            assert!(next.is_none_or(|next| next > shown), "{}: {next:?} at {shown}", context());
            assert_eq!(next.is_none(), model.next_end().is_none(), "{}", context());
            let held = (usage.peers, usage.records, usage.floors);
            assert_eq!(held, model.usage(), "{}: peers, records, floors", context());
        }
        self.mirrors.compare(self.store, self.now, context);
    }

    /// Every read of one peer.
    fn compare_peer(&self, peer: usize, context: &dyn Fn() -> String) {
        let (store, now, id) = (self.store, self.now, universe::peer_id(peer));
        let addresses = store.addresses(&id, now).expect(ENGINE);
        let addresses: Vec<Known> = addresses.into_iter().map(Known::from).collect();
        let record = store.signed_record(&id, now).expect(ENGINE);
        let floor = store.floor(&id, now).expect(ENGINE);
        let connected = store
            .view(&id, now, |view| view.is_some_and(|view| view.is_connected()))
            .expect(ENGINE);
        if let Some(model) = &self.model {
            let expected = model.addresses(&id);
            assert_eq!(addresses, expected, "{}: addresses of peer {peer}", context());
            let expected = model.signed_record(&id);
            assert_eq!(record.as_deref(), expected, "{}: record of peer {peer}", context());
            assert_eq!(floor, model.floor(&id), "{}: floor of peer {peer}", context());
            let expected = model.is_connected(&id);
            assert_eq!(connected, expected, "{}: connection of peer {peer}", context());
            self.compare_contradiction(model, &id, context);
        }
        assert!(record.is_none() || floor.is_some(), "{}: a record without a floor", context());
        let is_certified = |known: &&Known| known.provenance.is_certified();
        let certified: Vec<_> =
            addresses.iter().filter(is_certified).map(|known| known.address.clone()).collect();
        assert_eq!(record.is_some(), !certified.is_empty(), "{}: S5 of peer {peer}", context());
        let ours = store.certified_addresses(&id, now).expect(ENGINE);
        assert_eq!(ours, certified, "{}: certified of peer {peer}", context());
        for address in 0..ADDRESSES {
            let is_in = certified.contains(universe::address(address));
            for suffix in [Suffix::None, Suffix::Own, Suffix::Foreign] {
                let spelled = Letter { address, suffix }.spelled(peer);
                let ours = store.is_certified(&id, &spelled, now).expect(ENGINE);
                assert_eq!(ours, is_in && suffix != Suffix::Foreign, "{}: {spelled}", context());
            }
        }
        for known in &addresses {
            assert_eq!(Some(known.class), known.provenance.class(), "{}", context());
        }
    }

    fn compare_contradiction(&self, model: &Model, id: &PeerId, context: &dyn Fn() -> String) {
        let (contact, is_contradicted) = self
            .store
            .view(id, self.now, |view| {
                let record = view.and_then(|view| view.record());
                let contact = record.and_then(|record| record.contact());
                (contact, view.is_some_and(|view| view.is_contradicted()))
            })
            .expect(ENGINE);
        assert_eq!(contact, model.contact(id), "{}: contact", context());
        assert_eq!(is_contradicted, model.is_contradicted(id), "{}: contradicted", context());
        // What is over and not swept is told until it is.
        if model.has_accepted(id) {
            let proof = self.store.equivocation(id).expect(ENGINE);
            let proof = proof.map(|proof| (proof.seq, proof.held, proof.got));
            assert_eq!(proof, model.contradiction(id), "{}: contradiction", context());
        }
    }

    /// The reads that are about many peers.
    fn compare_all(&self, context: &dyn Fn() -> String) {
        let (store, now, ids) = (self.store, self.now, universe::peer_ids());
        let signed = store.signed_records(ids, now).expect(ENGINE);
        let routing = store.routing_records(ids, now).expect(ENGINE);
        let mut peers: Vec<_> = store.peers(now).map(|peer| peer.expect(ENGINE)).collect();
        peers.sort_unstable();
        assert_eq!(store.count_peers(now).expect(ENGINE), peers.len(), "{}", context());
        let Some(model) = &self.model else { return };
        assert_eq!(peers, model.peers(), "{}", context());
        for ((id, signed), routing) in ids.iter().zip(&signed).zip(&routing) {
            assert_eq!(signed.as_deref(), model.signed_record(id), "{}", context());
            assert_eq!(*routing, model.routing_record(id), "{}", context());
        }
        if let Some(end) = model.next_end() {
            let next = store.next_expiry();
            assert!(next.is_some_and(|next| next <= end), "{}: {next:?}, {end:?}", context());
        }
    }

    /// What takes signatures to prove.
    fn check(&self, context: &dyn Fn() -> String) {
        assert_eq!(self.store.check(), Ok(()), "{}", context());
        universe::peer_ids().iter().for_each(|id| self.proof(id, context));
        let engine = self.store.engine();
        for region in 0..engine.regions() {
            let read = engine.read_region(region, |entries| entries.for_each(row_comes_back));
            read.expect(ENGINE);
        }
        for id in universe::peer_ids() {
            if let Some(rest) = engine.remnant(id).expect(ENGINE) {
                row_comes_back(&PeerEntry::new(*id, Some(rest)));
            }
        }
    }

    /// The proof of a contradiction proves it: nothing else is needed. Of a record without addresses
    /// the digest is told alone.
    fn proof(&self, id: &PeerId, context: &dyn Fn() -> String) {
        let Some(proof) = self.store.equivocation(id).expect(ENGINE) else { return };
        let digest = |envelope: &[u8]| {
            let record = CertifiedRecord::verify(envelope, Dialects::Any).expect("a record");
            assert_eq!((record.peer_id(), record.seq()), (*id, proof.seq), "{}", context());
            assert_ne!(record.addresses().len(), 0, "{}", context());
            PayloadDigest::of(record.payload())
        };
        assert_ne!(proof.held, proof.got, "{}", context());
        let envelopes = [(&proof.held_envelope, proof.held), (&proof.got_envelope, proof.got)];
        for (envelope, expected) in envelopes {
            if let Some(envelope) = envelope {
                assert_eq!(digest(envelope), expected, "{}", context());
            }
        }
    }

    /// When everything is over and swept, nothing is left: first all but the floors, then these.
    fn end(mut self) {
        let context = || "at the end".to_owned();
        self.check(&context);
        self.now = self.now.max(self.latest);
        for peer in 0..universe::PEERS {
            self.step(&Op::Disconnected(peer), &context);
        }
        self.sweep_all(usize::MAX, &context);
        for _ in 0..ENDS {
            let Some(next) = self.store.next_expiry() else { break };
            // No step counts for longer.
            self.now = self.now.max(next.min(self.now.saturating_add(LONGEST_STEP)));
            self.step(&Op::SweepAll(usize::MAX), &context);
        }
        let usage = self.store.usage();
        assert_eq!((usage.peers, usage.records, usage.bytes), (0, 0, 0), "{usage:?} at the end");
        assert_eq!(self.store.count_peers(self.now).expect(ENGINE), 0);
        let Limits { floor_life, aging_step, .. } = self.store.limits().clone();
        let steps = floor_life.as_nanos() / aging_step.as_nanos() + 3;
        for _ in 0..steps {
            if self.store.usage().floors == 0 {
                break;
            }
            self.now = self.now.saturating_add(aging_step);
            self.sweep(usize::MAX);
        }
        self.tell_time();
        self.compare_all(&context);
        // Those that last as long as what the user kept and removed, up to a hundred years.
        for peer in 0..universe::PEERS {
            let id = universe::peer_id(peer);
            if self.store.floor(&id, self.now).expect(ENGINE).is_some() {
                let is_known = |model: &Model| model.floor(&id).is_some();
                assert!(self.model.as_ref().is_none_or(is_known), "{peer}: a floor at the end");
                self.step(&Op::Forget(peer), &context);
            }
        }
        assert_eq!(self.store.usage(), peermark_peerstore::Usage::default(), "floors at the end");
        self.check(&context);
    }
}

/// How far a clock jumps at most. A program would else be at the end of its time at once.
const FAR: Duration = Duration::from_secs(400 * 24 * 3600);

/// More than there are ends of claims in any program.
const ENDS: usize = 10_000;

const ENGINE: &str = "this engine cannot fail";
