//! What a coordinator does at most, each with its reason (C4).

use std::time::Duration;

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
    /// Dials to one host and port that are under way, or that failed within
    /// [`window`](Self::window), for all peers together. 8: ten thousand peers that name one victim
    /// lead to eight connections. A dial that reaches its peer is given back.
    pub dials_per_target: usize,
    /// The same for one network: an IPv4 /24, an IPv6 /48, or a domain. 64.
    pub dials_per_network: usize,
    /// For how long a dial that failed counts against its target. Ten minutes.
    pub window: Duration,
    /// Addresses of one peer that are looked at, those of the best classes where there are more. 64,
    /// as many as a store keeps.
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
            dials_per_target: 8,
            dials_per_network: 64,
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
