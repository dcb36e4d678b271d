//! Which addresses of a peer may be dialed, in which stages and when, and why not the others.
//!
//! A peer has addresses of very different worth: its own signed record, what the user typed in, what
//! strangers say. A dialer that sorts them and races the first eight dials hearsay whatever the
//! order. This crate answers a *plan* instead: stages, each of which begins only when the better ones
//! are empty, have failed, or have had a head start, with a delay for each address; and every address
//! that is not dialed, with its reason.
//!
//! It knows no store, no socket, no runtime and no cryptography: a dialer of one's own takes it
//! alone.
//!
//! # The types, in the order one meets them
//!
//! - [`Candidate`]: an address and what is known of it, read once.
//! - [`DialPolicy`]: the judgement. Ready are [`CertifiedOnly`], [`CertifiedFirst`], [`Any`] and
//!   [`UserAndCertified`]; [`Precedence`] is the builder for others. [`Scopes`] says who may dial
//!   which kind of network.
//! - [`Ranker`]: when each address of a stage is dialed. [`HappyEyeballs`] is the schedule of
//!   go-libp2p, [`NoDelay`] none.
//! - [`plan`] and [`DialPlan`]: both put together, with [`Refusal`]s; [`Timeline`] shows it.
//! - [`HostKey`] and [`DialKey`]: one host and one dial, whatever the spelling. [`SlotGroup`]: what
//!   shares the slots of a peer.
//! - [`check_scope`]: the check that has to be made again for what a name resolved to, and with it
//!   [`check_address`] where that is a whole address.
//!
//! ```
//! use peermark_dial_policy::{Candidate, CertifiedFirst, HappyEyeballs, Start, Target, plan};
//!
//! let candidates = [
//!     Candidate::unknown("/ip4/1.2.3.4/tcp/4001".parse()?),
//!     Candidate::explicit("/ip4/5.6.7.8/tcp/4001".parse()?),
//!     // The caller verified the record that lists it. A store says so by itself.
//!     Candidate::dangerous_certified("/ip4/5.6.7.8/udp/4001/quic-v1".parse()?),
//! ];
//! let target = Target::new("12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?);
//! let plan = plan(&target, &candidates, &CertifiedFirst::default(), &HappyEyeballs::default());
//!
//! let stages: Vec<_> = plan.stages().map(|s| (s.start, s.dials[0].candidate())).collect();
//! assert_eq!(stages, [(Start::Now, 2), (Start::AfterFailure, 0)]);
//! println!("{}", plan.show(&target, "certified-first", &candidates));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - Every candidate is dialed or refused, once (D3), and no host is dialed twice, whatever its
//!   spelling (D9). The same candidates make the same plan.
//! - [`CertifiedOnly`] dials nothing whose record has expired, and no circuit that the record does not
//!   list as a whole (D5, D7).
//! - Nothing is dialed at port 0, at this node itself, or over a relay that is one of the ends; nor
//!   an address that names two hosts, of which a scope could be asked for one only (D4), or one that no
//!   transport can dial (D10).
//! - No group of class, scope and transport starves another (D11).
//! - A plan allocates its own three lists and nothing else (D8), but for the ranking of more than 64
//!   addresses of one class with a history.
//! - Modules import what is below them: traits, candidate, policy, rank, plan.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod candidate;
mod check;
mod classes;
mod dial;
mod host;
mod key;
mod merge;
mod plan;
mod policy;
mod rank;
mod refusal;
mod scopes;
mod share;
mod subnet;
mod svg;
mod timeline;
mod traits;

pub use candidate::{Candidate, Certified, Experience};
pub use check::{Target, check_address, check_scope, socket_address};
pub use classes::Classes;
pub use dial::{Dial, SlotGroup};
pub use host::{DialKey, HostKey, NameKind};
pub use key::{Group, Kind};
pub use plan::{DialPlan, Nothing, Refused, Stage, plan};
pub use policy::{
    Any, CertifiedFirst, CertifiedOnly, DialPolicy, Precedence, PrecedenceBuilder, PrecedenceError,
    RefuseContradicted, Start, UserAndCertified,
};
pub use rank::{HappyEyeballs, NoDelay, Ranker, Ranking};
pub use refusal::Refusal;
pub use scopes::{Nearby, Scopes};
pub use subnet::Subnet;
pub use timeline::{Timeline, escape_line};
pub use traits::{Family, Traits, Transport};

pub use multiaddr::{Multiaddr, PeerId};
pub use peermark_scope::{Scope, embedded_ipv4};
