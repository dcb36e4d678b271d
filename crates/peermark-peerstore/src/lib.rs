//! x
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod context;
mod engine;
mod entry;
mod event;
mod evidence;
mod hub;
mod limits;
mod memory;
mod metrics;
mod outcome;
mod ratchet;
mod secret;
mod store;
mod sync;
mod transition;

pub use context::{Context, GROUPS};
pub use engine::{Engine, Shared, Usage};
pub use entry::{AddressView, Charge, Defect, EXEMPT, Floor, PeerEntry, PeerView, RecordView};
pub use event::{Cause, Equivocation, Event};
pub use evidence::Evidence;
pub use hub::{Before, Hub, Subscription, TooManySubscribers};
pub use limits::Limits;
pub use memory::Memory;
pub use metrics::{Counters, Evicted, Metrics};
pub use outcome::{
    Applied, Lifetime, Outcome, OutcomeKind, PayloadDigest, Refusal, Reported, Room, Swept,
};
pub use ratchet::{Moment, Ratchet};
pub use secret::Secret;
pub use store::{
    Config, IngestError, PeerAddress, PeerAddresses, Peerstore, RoutingRecord, SubscribeError,
};
pub use transition::{
    ApplyRecord, Clear, DialResult, ForgetFloor, Need, RemoveAddresses, ReportAddresses,
    ReportDial, Retract, SetConnected, SetLifetime, Transition,
};
