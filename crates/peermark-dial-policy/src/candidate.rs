//! An address that might be dialed, with what speaks for it.

use std::net::IpAddr;

use multiaddr::{Multiaddr, Protocol};
use peermark_provenance::{
    ClaimKind, DialHistory, Provenance, Timestamp, TrustClass, strip_peer_id,
};
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
    /// How many bytes of it stand before the peer id at its end.
    bare: usize,
    classes: Classes,
    /// The classes of what else is claimed than that it is certified.
    beside: Classes,
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
        let (mut classes, mut beside, mut certified) =
            (Classes::NONE, Classes::NONE, Certified::No);
        for claim in provenance.claims() {
            let is_proof = matches!(claim.kind(), ClaimKind::Certified(_));
            match (is_proof, claim.expiry().is_over(now)) {
                (true, false) => {
                    // A record that the user handed in is of the user's class as well.
                    classes = classes.with(TrustClass::Certified).with(claim.class());
                    certified = Certified::Yes;
                }
                (true, true) if certified == Certified::No => certified = Certified::Over,
                (false, false) => beside = beside.with(claim.class()),
                (_, true) => {}
            }
        }
        let classes = classes.union(beside);
        let (traits, bare, key) = read(&address);
        Self { address, bare, classes, beside, certified, dials: *provenance.dials(), traits, key }
    }

    /// An address that somebody typed in for this dial, and nothing else is known of.
    #[must_use]
    pub fn explicit(address: Multiaddr) -> Self {
        Self::new(address, &Provenance::default(), Timestamp::EPOCH).by_user()
    }

    /// The same, where somebody typed it in for this dial: it is the user's as well as what it was
    /// before. An address that is certified stays so, whoever names it.
    #[must_use]
    pub const fn by_user(mut self) -> Self {
        self.classes = self.classes.with(TrustClass::User);
        self.beside = self.beside.with(TrustClass::User);
        self
    }

    /// The same, where the peer contradicted the record that certifies it. What else is claimed of
    /// the address stays; the record itself is hearsay now, whoever handed it in.
    #[must_use]
    pub fn contested(mut self) -> Self {
        if self.certified == Certified::Yes {
            self.certified = Certified::Contested;
            self.classes = self.beside.with(TrustClass::ThirdParty);
        }
        self
    }

    /// The same address with its name resolved to `ip`: it has the provenance of the name, and the
    /// scope of the address. An address that does not start with the name of a host stays as it is;
    /// for what a `dnsaddr` stands for, see [`Self::resolved_to`].
    #[must_use]
    pub fn resolved(&self, ip: IpAddr) -> Self {
        let is_name = |component: &Protocol<'_>| {
            matches!(component, Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_))
        };
        let mut components = self.address.iter();
        if !components.next().as_ref().is_some_and(is_name) {
            return self.clone();
        }
        let host = match ip {
            IpAddr::V4(ip) => Protocol::Ip4(ip),
            IpAddr::V6(ip) => Protocol::Ip6(ip),
        };
        self.resolved_to(core::iter::once(host).chain(components).collect())
    }

    /// The same provenance, for an address that this one stands for: one of those that a `dnsaddr`
    /// names. Whoever certified the name certified what it resolves to.
    #[must_use]
    pub fn resolved_to(&self, address: Multiaddr) -> Self {
        let (traits, bare, key) = read(&address);
        Self { address, bare, traits, key, ..self.clone() }
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

    /// The bytes of the address without the peer id at its end.
    pub(crate) fn bare(&self) -> &[u8] {
        self.address.as_ref().get(..self.bare).unwrap_or_default()
    }
}

/// What is read of an address once: what it is, how long it is without the peer id at its end, and
/// what it is ranked by.
fn read(address: &Multiaddr) -> (Traits, usize, RankKey) {
    let traits = Traits::of(address);
    let whole: &[u8] = address.as_ref();
    let bare = if traits.target.is_some() { strip_peer_id(address, None) } else { whole };
    let key = RankKey::of(&traits, bare);
    (traits, bare.len(), key)
}
