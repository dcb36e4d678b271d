//! What can be done to a peerstore, as data.
//!
//! A [`Program`] is a profile of limits and a list of [`Op`]s over the small world of [`universe`].
//! Any bytes are a program: the first says which profile, each [`OP_LEN`] further ones are an
//! operation. So a fuzzer needs no grammar, a seeded generator needs none either, and what shrinks
//! bytes shrinks programs.

mod joined;
mod perform;
mod profile;
pub mod universe;

use std::fmt;
use std::time::Duration;

use peermark_peerstore::Lifetime;
use peermark_provenance::DialOutcome;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::rng::Rng;
use universe::{Letter, RecordRef};

pub use joined::{Joined, Trust, Union};
pub use perform::{Answer, BROKEN_TTL, Verdict, broken, delivery, spell, three};
pub use profile::Profile;

/// One operation. Peers, sources and addresses are numbers of the [`universe`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "what is done to a store is matched in full")]
pub enum Op {
    /// `deliver`, with the age of the last contact where one is told.
    Apply(RecordRef, usize, Duration, Option<Duration>),
    /// `consume_as` of the record's envelope, likewise.
    Consume(RecordRef, usize, Duration, Option<Duration>),
    /// `consume` of the envelope with one bit flipped.
    ConsumeBroken(RecordRef, usize, usize),
    /// `apply_many` of this record and the next two payloads of its peer.
    ApplyMany(RecordRef, usize, Duration),
    /// `report`, or `set`.
    Report(usize, Vec<Letter>, usize, Duration, Lifetime),
    /// `set_ttl` of the kind of a source.
    SetTtl(usize, usize, Duration),
    /// `retract` of the kind of a source.
    Retract(usize, usize),
    /// `remove`.
    Remove(usize, Vec<Letter>),
    /// `clear`.
    Clear(usize),
    /// `forget`.
    Forget(usize),
    /// `dialed`.
    Dialed(usize, Letter, DialOutcome, Duration),
    /// `connected`.
    Connected(usize),
    /// `disconnected`.
    Disconnected(usize),
    /// `raise_floor` to this record, for so long.
    RaiseFloor(RecordRef, usize, Duration),
    /// `join` of what another store may know, as this source brings it.
    Join(Joined, usize),
    /// `sweep` with this budget, once.
    Sweep(usize),
    /// `sweep` until there is nothing more, with this budget.
    SweepAll(usize),
    /// The caller's clock moves on.
    Advance(Duration),
    /// The caller's clock is set back.
    Back(Duration),
    /// The clock moves to where the next claim ends, or a nanosecond before.
    ToNextEnd {
        /// How many nanoseconds before: 0 or 1.
        before: u64,
    },
    /// `subscribe` to a peer.
    Subscribe(usize),
    /// `subscribe_all`.
    SubscribeAll,
    /// Fetch what one subscription has.
    Poll(usize),
    /// Drop one subscription.
    Unsubscribe(usize),
}

/// Bytes of an operation.
pub const OP_LEN: usize = 6;

/// Limits, and operations on a store with these.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made and taken apart by tests")]
pub struct Program {
    /// Which limits the store has.
    pub profile: Profile,
    /// What is done to it.
    pub ops: Vec<Op>,
}

/// One operation on a line, to be read by whoever looks for why it failed.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.profile)?;
        (0..).zip(&self.ops).try_for_each(|(n, op): (usize, _)| writeln!(f, "{n:4}: {op:?}"))
    }
}

impl Program {
    /// The program that these bytes are. A last operation of fewer bytes is filled up with zeros.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Self {
        let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
        let op = |bytes: &[u8]| {
            Op::decode(std::array::from_fn(|n| bytes.get(n).copied().unwrap_or_default()))
        };
        let profile = Profile::ALL[usize::from(*first) % Profile::ALL.len()];
        Self { profile, ops: rest.chunks(OP_LEN).map(op).collect() }
    }

    /// A random program of `len` operations.
    #[must_use]
    pub fn random(rng: &mut Rng, profile: Profile, len: usize) -> Self {
        let op = |_| Op::decode(std::array::from_fn(|_| rng.byte()));
        Self { profile, ops: (0..len).map(op).collect() }
    }
}

/// Programs of up to `len` operations; they shrink to fewer and simpler ones.
pub fn program(len: usize) -> impl Strategy<Value = Program> {
    let profile = (0..Profile::ALL.len()).prop_map(|n| Profile::ALL[n]);
    (profile, vec(op(), 0..=len)).prop_map(|(profile, ops)| Program { profile, ops })
}

/// Any operation.
pub fn op() -> impl Strategy<Value = Op> {
    any::<[u8; OP_LEN]>().prop_map(Op::decode)
}

impl Op {
    /// The operation that these bytes are: the first says which.
    #[must_use]
    pub fn decode(bytes: [u8; OP_LEN]) -> Self {
        let [op, a, b, c, d, e] = bytes;
        let peer = usize::from(a) % universe::PEERS;
        let source = usize::from(c) % universe::SOURCES;
        let record = RecordRef::decode(peer, b);
        let ttl = TTLS[usize::from(d) % TTLS.len()];
        match op % 72 {
            0..=8 => Self::Apply(record, source, ttl, age(e)),
            9..=11 => Self::Consume(record, source, ttl, age(e)),
            12 => Self::ConsumeBroken(record, source, usize::from(d) << 8 | usize::from(e)),
            13 => Self::ApplyMany(record, source, ttl),
            14..=25 => Self::Report(peer, letters(b, e), source, ttl, Lifetime::Extend),
            26..=28 => Self::Report(peer, letters(b, e), source, ttl, Lifetime::Set),
            29 | 30 => Self::SetTtl(peer, source, ttl),
            31 => Self::Retract(peer, source),
            32 | 33 => Self::Remove(peer, letters(b, e)),
            34 => Self::Clear(peer),
            35 => Self::Forget(peer),
            36..=41 => Self::Dialed(peer, Letter::decode(b), dial_result(e), ttl),
            42 | 43 => Self::Connected(peer),
            44 | 45 => Self::Disconnected(peer),
            46 => Self::Sweep(usize::from(b % 8)),
            47 => Self::SweepAll(usize::from(b % 4) + 1),
            48..=51 => Self::Advance(STEPS[usize::from(b) % STEPS.len()]),
            52 => Self::Back(STEPS[usize::from(b) % STEPS.len()]),
            53..=57 => Self::ToNextEnd { before: u64::from(b % 2) },
            58 => Self::Subscribe(peer),
            59 => Self::SubscribeAll,
            60..=62 => Self::Poll(usize::from(b)),
            63 => Self::Unsubscribe(usize::from(b)),
            64 | 65 => Self::RaiseFloor(record, source, ttl),
            66..=69 => {
                let age = AGES[usize::from(e / 64)];
                Self::Join(Joined { record, how: e.wrapping_mul(31) ^ b, left: ttl, age }, source)
            }
            // A clock that is years ahead, and one that is right again.
            70 => Self::Advance(YEARS[usize::from(b) % YEARS.len()]),
            _ => Self::Back(YEARS[usize::from(b) % YEARS.len()]),
        }
    }

    /// The peer whose entry it is about, where it is about one.
    #[must_use]
    pub fn peer(&self) -> Option<usize> {
        match self {
            Self::Apply(record, ..)
            | Self::Consume(record, ..)
            | Self::ConsumeBroken(record, ..)
            | Self::ApplyMany(record, ..)
            | Self::RaiseFloor(record, ..)
            | Self::Join(Joined { record, .. }, _) => Some(record.peer),
            Self::Report(peer, ..)
            | Self::SetTtl(peer, ..)
            | Self::Retract(peer, ..)
            | Self::Remove(peer, ..)
            | Self::Clear(peer)
            | Self::Forget(peer)
            | Self::Dialed(peer, ..)
            | Self::Connected(peer)
            | Self::Disconnected(peer)
            | Self::Subscribe(peer) => Some(*peer),
            _ => None,
        }
    }
}

/// Up to three addresses, in an order and a spelling that the bytes choose; now and then eight.
fn letters(which: u8, how: u8) -> Vec<Letter> {
    let first = Letter::decode(which);
    let next = |step: u8| Letter::decode(which.wrapping_add(step));
    match how % 8 {
        0..=2 => vec![first],
        3 | 4 => vec![first, next(how / 8)],
        5 => vec![first, next(how / 8), first],
        6 => vec![first, next(3), next(how / 8)],
        _ if how < 32 => (0..8).map(|step| next(step * 5)).collect(),
        _ => Vec::new(),
    }
}

const fn dial_result(byte: u8) -> DialOutcome {
    match byte % 8 {
        0 | 1 | 4 | 5 => DialOutcome::Success,
        2 | 6 => DialOutcome::Failure,
        3 => DialOutcome::WrongPeer,
        7 if byte & 8 == 8 => DialOutcome::NotStarted,
        _ => DialOutcome::Cancelled,
    }
}

/// What is said of the last contact: mostly nothing.
fn age(byte: u8) -> Option<Duration> {
    (byte % 8 > 4).then(|| AGES[usize::from(byte / 8) % AGES.len()])
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Ages of contacts.
const AGES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(5_500),
    Duration::from_secs(HOUR + 7),
    Duration::from_secs(6 * DAY),
];

/// How far a clock is ahead that is wrong.
const YEARS: [Duration; 3] = [
    Duration::from_secs(9 * 365 * DAY),
    Duration::from_secs(11 * 365 * DAY),
    Duration::from_secs(50 * 365 * DAY),
];

/// Times to live. An hour comes first: what shrinks ends there.
const TTLS: [Duration; 10] = [
    Duration::from_secs(HOUR),
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_millis(3),
    Duration::from_secs(10),
    Duration::from_secs(HOUR),
    Duration::from_secs(HOUR / 2),
    Duration::from_secs(5 * DAY),
    Duration::from_secs(8 * DAY),
    Duration::MAX,
];

/// How far a clock moves at a time.
const STEPS: [Duration; 12] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_micros(700),
    Duration::from_millis(1500),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(HOUR / 2),
    Duration::from_secs(HOUR),
    Duration::from_secs(6 * HOUR),
    Duration::from_secs(DAY),
    Duration::from_secs(8 * DAY),
    Duration::from_secs(400 * DAY),
];
