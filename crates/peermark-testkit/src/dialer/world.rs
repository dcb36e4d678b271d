//! Peers, addresses with classes, and policies to dial with.

use std::sync::Arc;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPolicy, Scopes, UserAndCertified,
};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKinds, Timestamp,
};

/// A policy as requests take it.
pub type Policy = Arc<dyn DialPolicy + Send + Sync>;

/// The peer of this number.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn peer(number: u32) -> PeerId {
    let bytes = [&[0, 4][..], &number.to_be_bytes()].concat();
    PeerId::from_bytes(&bytes).expect("four bytes under the identity hash")
}

/// An address, as text.
///
/// # Panics
///
/// When it is none.
#[must_use]
pub fn address(text: &str) -> Multiaddr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What speaks for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests take each")]
pub enum Class {
    /// A stranger.
    Hearsay,
    /// The peer's record.
    Certified,
    /// The user.
    User,
}

/// A candidate of this class.
#[must_use]
pub fn candidate(address: Multiaddr, class: Class) -> Candidate {
    let (seen, expiry) = (Timestamp::EPOCH, Expiry::At(Timestamp::MAX));
    let claim = match class {
        Class::Hearsay => Claim::reported(Source::DHT, seen, expiry),
        Class::Certified => {
            let proof = Certification::dangerous_assume_verified(Seq::new(1), SourceKinds::NONE);
            Claim::certified(proof, seen, expiry)
        }
        Class::User => Claim::reported(Source::MANUAL, seen, expiry),
    };
    Candidate::new(address, &Provenance::new([claim]), Timestamp::EPOCH)
}

/// The policies of requests: from the strictest to the most tolerant, one with a head
/// start, and one that dials nothing but the public Internet.
#[must_use]
pub fn policies() -> Vec<Policy> {
    vec![
        Arc::new(CertifiedOnly::default()),
        Arc::new(CertifiedFirst::default()),
        Arc::new(Any::default()),
        Arc::new(UserAndCertified::default()),
        Arc::new(CertifiedFirst::default().with_head_start(Duration::from_millis(300))),
        Arc::new(CertifiedFirst::default().with_scopes(Scopes::PUBLIC)),
    ]
}
