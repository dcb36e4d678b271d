//! How long things live when nobody says otherwise.

use std::time::Duration;

use peermark_provenance::SourceKind;

/// Default times to live: of a claim by the kind of its source, of a handshake, of a record.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use peermark::Lifetimes;
/// use peermark::provenance::SourceKind;
///
/// let mut lifetimes = Lifetimes::default();
/// lifetimes.mdns = Duration::from_secs(60);
/// assert_eq!(lifetimes.of(SourceKind::Mdns).as_secs(), 60);
/// assert_eq!(lifetimes.of(SourceKind::Manual), Duration::MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// What the user typed in: for ever.
    pub manual: Duration,
    /// The list of peers to start from: for ever.
    pub bootstrap: Duration,
    /// What identify said: an hour after the peer disconnected.
    pub identify: Duration,
    /// What a distributed hash table said: an hour, about as long as tables are refreshed.
    pub dht: Duration,
    /// What came by publish-subscribe: half an hour.
    pub pubsub: Duration,
    /// What a rendezvous point said: two hours, the protocol's own default.
    pub rendezvous: Duration,
    /// What was heard on the local network: ten minutes, hosts there announce themselves again.
    pub mdns: Duration,
    /// What another peer's list said: half an hour.
    pub peer_exchange: Duration,
    /// Where a connection came from: ten minutes; its port may be no one's.
    pub observed: Duration,
    /// What the application said: an hour.
    pub application: Duration,
    /// That a handshake succeeded: a day after the peer disconnected.
    pub dialed: Duration,
    /// A certified record: two days after each delivery, by whatever source, and not beyond
    /// [`Limits::record_age`](peermark_peerstore::Limits::record_age) after the last contact with its
    /// peer (S4).
    pub record: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const HOUR: Duration = Duration::from_secs(60 * 60);
        Self {
            manual: Duration::MAX,
            bootstrap: Duration::MAX,
            identify: HOUR,
            dht: HOUR,
            pubsub: 30 * MINUTE,
            rendezvous: 2 * HOUR,
            mdns: 10 * MINUTE,
            peer_exchange: 30 * MINUTE,
            observed: 10 * MINUTE,
            application: HOUR,
            dialed: 24 * HOUR,
            record: 48 * HOUR,
        }
    }
}

impl Lifetimes {
    /// How long a claim of this kind of source lives.
    #[must_use]
    pub const fn of(&self, kind: SourceKind) -> Duration {
        match kind {
            SourceKind::Manual => self.manual,
            SourceKind::Bootstrap => self.bootstrap,
            SourceKind::Identify => self.identify,
            SourceKind::Dht => self.dht,
            SourceKind::Pubsub => self.pubsub,
            SourceKind::Rendezvous => self.rendezvous,
            SourceKind::Mdns => self.mdns,
            SourceKind::PeerExchange => self.peer_exchange,
            SourceKind::Observed => self.observed,
            // Kinds to come are the application's until they have a line of their own.
            _ => self.application,
        }
    }
}
