//! A peer store that knows where every address came from, and never lets a replay back in.
//!
//! A peer has addresses from many sources: its own signed record, the peer itself, third parties,
//! the user. This store keeps each with its claims, replaces signed records atomically by their
//! sequence number, forgets on time, and remembers what it must not accept again. It is a library
//! without a thread, a runtime or a clock: `now` is an argument.
//!
//! # The types, in the order one meets them
//!
//! - [`Peerstore`]: the store. [`Config`] and [`Limits`] say what it may hold, [`Secret`] keys its
//!   hashes.
//! - [`Peerstore::consume`] and [`Applied`]: bytes in, and what became of them. [`Outcome`] tells
//!   stored, known, stale, contradictory and refused apart.
//! - [`Peerstore::report`] and [`Reported`]: addresses that somebody says, one claim for each
//!   source. [`Peerstore::dialed`] is what a dialer says.
//! - [`PeerView`], [`AddressView`], [`RecordView`]: reading without a copy; [`PeerAddress`] is the
//!   copy.
//! - [`Subscription`] and [`Event`]: what changes, as a stream of no particular runtime.
//! - [`Metrics`] and [`Counters`]: how often what happened; [`PrometheusText`] prints it.
//!
//! And for those who write an engine of their own, as `docs/storage-contract.md` says:
//!
//! - [`Engine`]: where entries are kept. [`Memory`] is the one that is here.
//! - [`Transition`] and [`PeerEntry`]: the rules, as pure functions of one peer's entry.
//! - [`update`], [`Entries`], [`Ledger`]: the loop that runs them, and the accounts, written once.
//! - [`Shared`], [`StoreClock`], [`Subscribers`]: what each engine needs and none should write again.
//!
//! ```
//! use std::time::Duration;
//! use peermark_identity::Keypair;
//! use peermark_peer_record::{Dialect, PeerRecord};
//! use peermark_peerstore::{Config, Peerstore};
//! use peermark_provenance::{Source, Timestamp, TrustClass};
//!
//! let store = Peerstore::in_memory(Config::default());
//! let (now, hour) = (Timestamp::from_secs(1_700_000_000), Duration::from_secs(3600));
//!
//! let alice = Keypair::generate_ed25519()?;
//! let signed = PeerRecord::new(alice.peer_id(), 7.into(), ["/ip4/192.0.2.1/tcp/4001".parse()?])
//!     .certify(&alice, Dialect::PeerRecord)?;
//! let _ = store.consume(signed.as_bytes(), &Source::PUBSUB, hour, now)?;
//!
//! let known = store.addresses(&alice.peer_id(), now)?;
//! assert_eq!(known[0].class, TrustClass::Certified);
//! assert_eq!(known[0].provenance.certification().unwrap().seq(), 7.into());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - Applying a record is atomic for its peer and answers what became of it; "accepted, but nothing
//!   was stored" does not exist (S1).
//! - What is older than what was accepted does not come back: not after expiry, not after
//!   [`clear`](Peerstore::clear), not after eviction (S3). Only
//!   [`forget`](Peerstore::forget), and seven days, change that.
//! - Third parties keep a record alive for a week after the last contact with its peer, however often
//!   they repeat it (S4). A record goes with its last address (S5).
//! - What is over is not read, to the nanosecond, whether or not anybody sweeps (S6). Nothing that
//!   is over comes back, and no duration overflows (S12, S14).
//! - Everything is bounded (S11): a flood of made-up peers from one network fills that network's
//!   share and pushes out nothing that is better than it.
//! - Two stores of one [`Secret`] that are given the same calls are the same (S15).
//!
//! # What it does not do
//!
//! It does not dial, and does not say what to dial. It does not persist. A signature says who claims
//! an address, never that somebody answers there.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod accounting;
mod clock;
mod context;
mod engine;
mod entry;
mod event;
mod limits;
mod memory;
mod metrics;
mod outcome;
mod secret;
mod state;
mod store;
mod subscribers;
mod sync;
mod transition;

pub use accounting::{Above, Among, Cost, Ledger, Sums, Turn, Usage};
pub use clock::{ClockState, LONGEST_STEP, Moment, StoreClock};
pub use context::{Context, EXEMPT, GROUPS};
pub use engine::{Choice, Engine, Entries, FloorChoice, Shared, expire, update};
pub use entry::{
    AddressView, Defect, Floor, FloorRank, PeerEntry, PeerView, RecordView, Remnant, RowError,
    UnverifiedEntry,
};
pub use event::{Cause, Equivocation, Event};
pub use limits::{Limits, Share};
pub use memory::Memory;
pub use metrics::{Counters, Evicted, Metrics, PrometheusText, Sample, SampleKind};
pub use outcome::{
    Applied, DialReported, Joined, Lifetime, Outcome, OutcomeKind, PayloadDigest, Refusal,
    Reported, Room, Swept,
};
pub use secret::Secret;
pub use state::{
    AcceptedState, AddressState, ClaimState, DialState, OutsideState, PeerState, StateError,
};
pub use store::{
    Config, ConsumeError, PeerAddress, PeerAddresses, Peerstore, Report, RoutingRecord,
    SubscribeError, Unverified,
};
pub use subscribers::{Before, Subscribers, Subscription, TooManySubscribers};
pub use transition::{
    ADDRESSES_PER_CALL, ApplyRecord, Brought, Clear, Delivery, ForgetFloor, Join, JoinState, Need,
    RaiseFloor, RemoveAddresses, Repeat, ReportAddresses, ReportDial, Retract, SetConnected,
    SetLifetime, Transition,
};
