//! An address that might be dialed, with what speaks for it.

use std::net::IpAddr;

use multiaddr::{Multiaddr, Protocol};
use peermark_provenance::{Claim, ClaimKind, DialHistory, Provenance, Timestamp, TrustClass};
use peermark_scope::Scope;

use crate::classes::Classes;
use crate::rank::RankKey;
use crate::traits::{Family, Traits};

/// An address that might be dialed, judged by what is known of it at one moment.
///
/// Everything that policies and rankers look at is read when it is made, so that judging is cheap
/// enough to be done on every change (D8).
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::Candidate;
/// use peermark_provenance::{Claim, Expiry, Provenance, Source, Timestamp, TrustClass};
///
/// let now = Timestamp::from_secs(10);
/// let claim = Claim::reported(Source::DHT, now, Expiry::At(Timestamp::from_secs(20)));
/// let provenance = Provenance::new([claim]);
/// let address = "/ip4/1.2.3.4/tcp/4001".parse()?;
/// let candidate = Candidate::new(address, &provenance, now);
/// assert_eq!(candidate.class(), Some(TrustClass::ThirdParty));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    address: Multiaddr,
    classes: Classes,
    certified: Certified,
    dials: DialHistory,
    traits: Traits,
    key: RankKey,
}

/// Whether an address is certified, and if it was once, why not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "policies have to judge each")]
pub enum Certified {
    /// It is in the peer's current certified record.
    Yes,
    /// It is not.
    No,
    /// It was; the record is over.
    Over,
    /// It is, and the peer signed another record with the same sequence number that says something
    /// else: which of the two it meant, nobody can tell.
    Contested,
}

impl Candidate {
    /// An address, what is claimed of it, and when that is asked. Claims that are over do not count.
    #[must_use]
    pub fn new(address: Multiaddr, provenance: &Provenance, now: Timestamp) -> Self {
        let live = |claim: &&Claim| !claim.expiry().is_over(now);
        let classes = provenance.claims().iter().filter(live).map(Claim::class).collect();
        let is_proof = |claim: &&Claim| matches!(claim.kind(), ClaimKind::Certified(_));
        let certified = match provenance.claims().iter().find(is_proof) {
            None => Certified::No,
            Some(proof) if live(&proof) => Certified::Yes,
            Some(_) => Certified::Over,
        };
        let traits = Traits::of(&address);
        let key = RankKey::of(&traits);
        Self { address, classes, certified, dials: *provenance.dials(), traits, key }
    }

    /// An address that somebody typed in for this dial, and nothing else is known of.
    #[must_use]
    pub fn explicit(address: Multiaddr) -> Self {
        let mut candidate = Self::new(address, &Provenance::default(), Timestamp::EPOCH);
        candidate.classes = Classes::of([TrustClass::User]);
        candidate
    }

    /// The same, where the peer contradicted the record that certifies it. What else is claimed of
    /// the address stays; the record itself is hearsay now.
    #[must_use]
    pub fn contested(mut self) -> Self {
        if self.certified == Certified::Yes {
            self.certified = Certified::Contested;
            self.classes = self.classes.without(TrustClass::Certified).with(TrustClass::ThirdParty);
        }
        self
    }

    /// The same address with its name resolved to `ip`: it has the provenance of the name, and the
    /// scope of the address. An address that does not start with a name stays as it is.
    #[must_use]
    pub fn resolved(&self, ip: IpAddr) -> Self {
        let is_name = |component: &Protocol<'_>| {
            matches!(
                component,
                Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_)
            )
        };
        let mut components = self.address.iter();
        if !components.next().as_ref().is_some_and(is_name) {
            return self.clone();
        }
        let host = match ip {
            IpAddr::V4(ip) => Protocol::Ip4(ip),
            IpAddr::V6(ip) => Protocol::Ip6(ip),
        };
        let address: Multiaddr = core::iter::once(host).chain(components).collect();
        let traits = Traits::of(&address);
        let key = RankKey::of(&traits);
        Self { address, traits, key, ..self.clone() }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &Multiaddr {
        &self.address
    }

    /// The class of its best claim; `None` where no claim holds.
    #[must_use]
    pub fn class(&self) -> Option<TrustClass> {
        self.classes.best()
    }

    /// The classes of all its claims.
    #[must_use]
    pub const fn classes(&self) -> Classes {
        self.classes
    }

    /// Whether it is certified.
    #[must_use]
    pub const fn certified(&self) -> Certified {
        self.certified
    }

    /// Whether it is in the peer's current, uncontested record.
    #[must_use]
    pub fn is_certified(&self) -> bool {
        self.certified == Certified::Yes
    }

    /// Whether a claim on it holds.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.classes.is_empty()
    }

    /// What dialing it taught.
    #[must_use]
    pub const fn dials(&self) -> &DialHistory {
        &self.dials
    }

    /// What the address is.
    #[must_use]
    pub const fn traits(&self) -> &Traits {
        &self.traits
    }

    /// Where the host is.
    #[must_use]
    pub const fn scope(&self) -> Option<Scope> {
        self.traits.scope()
    }

    /// The family of the host.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.traits.family()
    }

    pub(crate) const fn key(&self) -> RankKey {
        self.key
    }
}
