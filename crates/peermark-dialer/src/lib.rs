//! A coordinator of parallel dials without sockets: many requests, each with its own policy.
//!
//! Several parts of a node want the same peer at the same time, and do not trust its addresses alike:
//! one takes only certified ones, another anything that answers. Each address is to be dialed once,
//! a connection is to satisfy exactly those who admit its address, addresses turn up in the middle,
//! and ten thousand peers may name one victim. This crate decides all of that, and does none of it:
//! it takes events and the time, and answers actions. There is no socket and no runtime in it, and
//! no cryptography; its driver dials, and proves who is there.
//!
//! # The types, in the order one meets them
//!
//! - [`Dialer`]: the coordinator. [`Config`] and [`Limits`] make it.
//! - [`Dialer::request`] with a [`Request`] and its [`SharedPolicy`]; it returns a [`RequestId`].
//! - [`Action`]: what to do next; [`Dialer::poll`] returns it. [`AttemptId`] names a dial.
//! - [`Dialer::dialed`], [`Dialer::wrong_peer`], [`Dialer::connected`], [`Dialer::candidates`],
//!   [`Dialer::cancel`], [`Dialer::resolved`]: what happens meanwhile.
//! - [`DialError`]: one error for a request, with every address's [`Failure`].
//! - [`Moment`]: a time on the dialer's own, monotonic timeline.
//!
//! A whole loop is in `examples/minimal.rs`.
//!
//! # What holds
//!
//! - One host and port of a peer is dialed at most once at a time, whoever asks and however it is
//!   spelled (C1, D9).
//! - A request is completed by a connection over an address that its own policy admits, whoever
//!   opened it, and by no other. What a name resolved to is judged for each request, too. A strict
//!   request makes no tolerant one wait (C1).
//! - An address that turns up enters, at once, exactly the requests that admit it (C2).
//! - When no request needs a dial any more, it is cancelled (C3).
//! - What one host and port sees is bounded by [`DIALS_PER_VICTIM`], however many peers name it; and a
//!   part of each budget is kept for peers that were found there, so that made-up peers close no
//!   honest peer's door (C4).
//! - No group of addresses keeps another from its slot (D11).
//! - A wrong peer behind an address is that address's failure (C5).
//! - Every request ends, by its deadline at the latest. The same events at the same times give the
//!   same actions (C6).
//! - Back-off can be forgotten, and a dial that this node did not start teaches nothing (C7).
//!
//! # What it does not do
//!
//! It does not judge: that is the policy's. It does not remember peers: candidates come with the
//! request, from whatever store there is.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod action;
mod ask;
mod backoff;
mod budget;
mod dialer;
mod error;
mod gates;
mod group;
mod ids;
mod limits;
mod moment;
mod peer;
mod places;
mod request;
mod slab;
mod target;

pub use action::{Action, AttemptId, Discovery, RequestId};
pub use ask::{Request, SharedPolicy};
pub use dialer::{Config, Dialer, Stats};
pub use error::{Cause, DialError, Failure, NotAdmitted, TooManyRequests};
pub use limits::{DIALS_PER_VICTIM, Limits, PEERS_PER_TARGET};
pub use moment::Moment;

pub use multiaddr::{Multiaddr, PeerId, Protocol};
pub use peermark_provenance::DialOutcome;
