//! What kind of network an address leads to, by the IANA special-purpose registries.
//!
//! Whoever publishes addresses, and whoever dials those of others, has to know which of them lead
//! to the public Internet, which to this host or this site, and which to nowhere. That is what
//! [`Scope`] says: of an IP address, of a name of the DNS, and of the multiaddr that starts with
//! either.
//!
//! - [`Scope`]: the kinds, and [`Scope::of_ip`], [`Scope::of_name`], [`Scope::of`].
//! - [`embedded_ipv4`]: the IPv4 address that an IPv6 one stands for.
//!
//! ```
//! use peermark_scope::Scope;
//!
//! assert_eq!(Scope::of_ip("192.168.1.1".parse()?), Scope::Private);
//! // The same host, by way of a translator.
//! assert_eq!(Scope::of_ip("64:ff9b::192.168.1.1".parse()?), Scope::Private);
//! assert_eq!(Scope::of(&"/dns/example.com/tcp/443".parse()?), Some(Scope::Global));
//! assert_eq!(Scope::of(&"/dns/printer.local/tcp/443".parse()?), Some(Scope::Private));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - An IPv6 address that embeds an IPv4 one has the scope of that, so that no notation leads
//!   around a rule: mapped, NAT64, 6to4, Teredo.
//! - Every range ends where its registry says; the tests are at each end, and one beyond.
//!
//! # What it does not do
//!
//! It resolves no name. What a name resolves to is an address, and is asked for again.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod embedded;
mod name;
mod registry;
mod scope;

pub use embedded::embedded_ipv4;
pub use scope::Scope;
