//! What a coordinator does at most, each with its reason (C4).

use std::time::Duration;

/// How many peers at most are dialed in silence at one host and port within one
/// [`Limits::window`]: `k` of rule C4. Four times as many may have been answered by somebody else.
/// One peer is dialed there in vain at most as many times, however its back-off was cleared.
pub const PEERS_PER_TARGET: usize = 8;

/// The most dials in vain that one host and port sees within one [`Limits::window`], however many
/// peers name it and however they spell it: [`PEERS_PER_TARGET`] silent peers so many times each, or
/// four times as many peers of which each found somebody else there. Peers that name it once each see
/// to it [`PEERS_PER_TARGET`] times, or four times that.
pub const DIALS_PER_VICTIM: usize = 4 * PEERS_PER_TARGET * PEERS_PER_TARGET;

/// The limits of a [`Dialer`](crate::Dialer).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Requests at a time. 100,000: a crawl of a large network, several times over.
    pub requests: usize,
    /// Dials at a time, to all peers. 160, go-libp2p's number of file descriptors for dialing.
    pub dials: usize,
    /// Dials at a time to one peer. 8, as in go- and rust-libp2p.
    pub dials_per_peer: usize,
    /// Peers that are dialed in silence at one host and port, for all requests together, within
    /// [`window`](Self::window); and how often one of them is dialed there in vain. 8:
    /// [`PEERS_PER_TARGET`]. A dial that another peer answered counts a quarter of a silence; one that
    /// reached its peer, or that this node did not start, counts nothing. A quarter of it is kept for
    /// peers that were found at that host and port before, and for addresses of the classes user and
    /// dialed.
    pub dials_per_target: usize,
    /// The same for one network: an IPv4 /24, an IPv6 /48, or a registrable domain. 64. A dial that
    /// was cancelled counts a quarter here, and a whole silence at its host and port.
    pub dials_per_network: usize,
    /// Circuits over one relay, by its host and port, that were in vain within
    /// [`window`](Self::window). 64. A circuit over a relay that is connected opens no connection, and
    /// counts nowhere else.
    pub circuits_per_relay: usize,
    /// For how long a dial that was in vain counts. Ten minutes.
    pub window: Duration,
    /// Addresses of one peer that one request plans with, the best by its own policy where there are
    /// more. 64, as many as a store keeps.
    pub addresses_per_peer: usize,
    /// Addresses that one request dials in its life, while new ones keep turning up. 256.
    pub addresses_per_request: usize,
    /// How long an address that failed is left alone, the first time. 5 s; it doubles with each
    /// failure.
    pub backoff: Duration,
    /// The longest that it is left alone. Five minutes.
    pub backoff_most: Duration,
    /// Addresses and targets whose failures are remembered. 65,536.
    pub remembered: usize,
    /// Addresses whose reasons an error lists. 64.
    pub reasons: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 100_000,
            dials: 160,
            dials_per_peer: 8,
            dials_per_target: PEERS_PER_TARGET,
            dials_per_network: 64,
            circuits_per_relay: 64,
            window: Duration::from_secs(10 * 60),
            addresses_per_peer: 64,
            addresses_per_request: 256,
            backoff: Duration::from_secs(5),
            backoff_most: Duration::from_secs(5 * 60),
            remembered: 1 << 16,
            reasons: 64,
        }
    }
}
