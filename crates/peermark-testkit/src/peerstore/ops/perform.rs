//! Does what an operation says, to a store.

use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_peer_record::{CertifiedRecord, Dialects, Seq, VerifyError};
use peermark_peerstore::{
    Applied, ConsumeError, Delivery, Engine, Lifetime, Outcome, PayloadDigest, Peerstore, Reported,
    Swept,
};
use peermark_provenance::{Source, Timestamp};

use super::universe::{self, Letter, RecordRef};
use super::{Op, Union};
use crate::mutate::flip_bit;

/// What a store answers to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "compared with the model's answer")]
pub enum Answer {
    /// To records.
    Records(Vec<Verdict>),
    /// To bytes that do not verify.
    Invalid(VerifyError),
    /// To addresses.
    Reported(Reported),
    /// How many.
    Count(usize),
    /// Whether.
    Is(bool),
    /// What the floor was.
    Floor(Option<(Seq, PayloadDigest)>),
    /// To what another store knows.
    Joined(Union),
    /// To one sweep.
    Swept(Swept),
    /// Nothing, or it is nothing to ask a store for.
    Nothing,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "compared with the model's answer")]
pub struct Verdict {
    /// What becomes of it.
    pub outcome: Outcome,
    /// Addresses that were not in the store.
    pub added: u16,
    /// Addresses that the record before listed and this one does not.
    pub withdrawn: u16,
    /// Addresses of the record that are not stored.
    pub dropped: u16,
    /// Other addresses that had to go for them.
    pub evicted: u16,
}

impl From<Applied> for Verdict {
    fn from(applied: Applied) -> Self {
        let Applied { outcome, added, withdrawn, dropped, evicted, .. } = applied;
        Self { outcome, added, withdrawn, dropped, evicted }
    }
}

/// How long what is consumed broken would live.
pub const BROKEN_TTL: Duration = Duration::from_secs(60);

impl Op {
    /// Does it at `now`. What is about the clock or about subscribers does nothing here.
    ///
    /// # Panics
    ///
    /// When the engine fails.
    pub fn perform<E: Engine>(&self, store: &Peerstore<E>, now: Timestamp) -> Answer {
        let id = |peer: &usize| universe::peer_id(*peer);
        let from = |source: &usize, peer: &usize| universe::source(*source, *peer);
        match self {
            Self::Apply(record, source, ttl, age) => {
                let delivery = delivery(from(source, &record.peer), *ttl, *age);
                let applied = store.deliver(record.get(), delivery, now).expect(ENGINE);
                Answer::Records(vec![applied.into()])
            }
            Self::ApplyMany(record, source, ttl) => {
                let (records, source) = (three(*record), from(source, &record.peer));
                let applied = store.apply_many(&records, &source, *ttl, now).into_iter();
                Answer::Records(applied.map(|applied| applied.expect(ENGINE).into()).collect())
            }
            Self::Consume(record, source, ttl, age) => {
                let delivery = delivery(from(source, &record.peer), *ttl, *age);
                let bytes = record.get().as_bytes();
                consumed(store.consume_as(bytes, Dialects::Any, delivery, now))
            }
            Self::ConsumeBroken(record, source, bit) => {
                let source = from(source, &record.peer);
                consumed(store.consume(&broken(*record, *bit), &source, BROKEN_TTL, now))
            }
            Self::Report(peer, letters, source, ttl, lifetime) => {
                let (id, source) = (id(peer), from(source, peer));
                let addresses = spell(letters, *peer);
                let reported = match lifetime {
                    Lifetime::Extend => store.report(&id, &addresses, &source, *ttl, now),
                    Lifetime::Set => store.set(&id, &addresses, &source, *ttl, now),
                };
                Answer::Reported(reported.expect(ENGINE))
            }
            Self::SetTtl(peer, source, ttl) => {
                let kind = from(source, peer).kind();
                Answer::Count(store.set_ttl(&id(peer), kind, *ttl, now).expect(ENGINE))
            }
            Self::Retract(peer, source) => {
                let kind = from(source, peer).kind();
                Answer::Count(store.retract(&id(peer), kind, now).expect(ENGINE))
            }
            Self::Remove(peer, letters) => {
                let addresses = spell(letters, *peer);
                Answer::Count(store.remove(&id(peer), &addresses, now).expect(ENGINE))
            }
            Self::Clear(peer) => Answer::Is(store.clear(&id(peer), now).expect(ENGINE)),
            Self::Forget(peer) => Answer::Floor(store.forget(&id(peer), now).expect(ENGINE)),
            Self::Dialed(peer, letter, result, ttl) => {
                let address = letter.spelled(*peer);
                Answer::Is(store.dialed(&id(peer), &address, *result, *ttl, now).expect(ENGINE))
            }
            Self::Connected(peer) => Answer::Is(store.connected(&id(peer), now).expect(ENGINE)),
            Self::Disconnected(peer) => {
                store.disconnected(&id(peer), now).expect(ENGINE);
                Answer::Nothing
            }
            Self::RaiseFloor(record, source, life) => {
                let (peer, source) = (id(&record.peer), from(source, &record.peer));
                let to = (record.get().seq(), PayloadDigest::of(record.get().payload()));
                Answer::Is(store.raise_floor(&peer, to, *life, &source, now).expect(ENGINE))
            }
            Self::Join(joined, source) => {
                let source = from(source, &joined.record.peer);
                let mut join = joined.state().verify().expect("its records are signed");
                if joined.trust().times {
                    join = join.trusting_times();
                }
                if joined.trust().sources {
                    join = join.keeping_sources();
                }
                Answer::Joined(store.join(&join, &source, now).expect(ENGINE).into())
            }
            Self::Sweep(budget) => Answer::Swept(store.sweep(now, *budget).expect(ENGINE)),
            _ => Answer::Nothing,
        }
    }
}

/// How [`Op::Apply`] and [`Op::Consume`] deliver.
#[must_use]
pub fn delivery(source: Source, ttl: Duration, age: Option<Duration>) -> Delivery {
    let delivery = Delivery::new(source, ttl);
    age.map_or(delivery, |age| delivery.met(age))
}

/// The records of [`Op::ApplyMany`].
#[must_use]
pub fn three(record: RecordRef) -> [CertifiedRecord; 3] {
    [0, 1, 2].map(|by| record.further(by).get().clone())
}

/// The envelope of [`Op::ConsumeBroken`].
#[must_use]
pub fn broken(record: RecordRef, bit: usize) -> Vec<u8> {
    let mut bytes = record.get().as_bytes().to_vec();
    let at = bit / 8 % bytes.len();
    flip_bit(&mut bytes, at, bit % 8);
    bytes
}

/// The addresses as they are spelled for this peer.
#[must_use]
pub fn spell(letters: &[Letter], peer: usize) -> Vec<Multiaddr> {
    letters.iter().map(|letter| letter.spelled(peer)).collect()
}

fn consumed<E: std::error::Error>(result: Result<Applied, ConsumeError<E>>) -> Answer {
    match result {
        Ok(applied) => Answer::Records(vec![applied.into()]),
        Err(ConsumeError::Invalid(error)) => Answer::Invalid(error),
        Err(other) => panic!("{ENGINE}: {other}"),
    }
}

const ENGINE: &str = "this engine cannot fail";
