//! An address that might be dialed, with what speaks for it.

use std::net::IpAddr;

use multiaddr::{Multiaddr, Protocol};
use peermark_provenance::{
    Claim, ClaimKind, DialHistory, Provenance, SourceKind, Timestamp, TrustClass,
};
use peermark_scope::Scope;

use crate::classes::Classes;
use crate::dial::SlotGroup;
use crate::host::DialKey;
use crate::key::RankKey;
use crate::subnet::Subnet;
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
    /// The address in its plain spelling, without the peer id at its end (D9).
    dial: DialKey,
    /// How many bytes of that are host and port.
    place: usize,
    classes: Classes,
    /// The classes of what else is claimed than that it is certified.
    beside: Classes,
    certified: Certified,
    is_contradicted: bool,
    has_mdns: bool,
    is_nearby: bool,
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
    /// It was; the record has expired.
    Over,
}

/// What dialing an address taught (P6), as far as it decides the order (D6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "rankers have to know each")]
pub enum Experience {
    /// The peer answered there, and no dial failed since.
    Answers,
    /// The peer answered there, and a dial failed since.
    Answered,
    /// It was never dialed.
    Untried,
    /// It was dialed, and only failed.
    OnlyFailed,
}

impl Candidate {
    /// Makes a candidate of an address and what is claimed of it at this time. Claims that have
    /// expired do not count.
    #[must_use]
    pub fn new(address: Multiaddr, provenance: &Provenance, now: Timestamp) -> Self {
        let (mut classes, mut beside, mut certified) =
            (Classes::NONE, Classes::NONE, Certified::No);
        let mut has_mdns = false;
        for claim in provenance.claims() {
            let is_proof = matches!(claim.kind(), ClaimKind::Certified(_));
            match (is_proof, claim.expiry().is_over(now)) {
                (true, false) => {
                    // A record that the user handed in is of the user's class as well.
                    classes = classes.with(TrustClass::Certified).with(claim.class());
                    certified = Certified::Yes;
                }
                (true, true) if certified == Certified::No => certified = Certified::Over,
                (false, false) => {
                    beside = beside.with(claim.class());
                    has_mdns |= is_mdns(claim);
                }
                (_, true) => {}
            }
        }
        let classes = classes.union(beside);
        let dials = *provenance.dials();
        let made = Self::read(address);
        Self { classes, beside, certified, has_mdns, dials, ..made }
    }

    /// Makes a candidate of an address that the user typed in for this dial, and of which nothing else
    /// is known.
    #[must_use]
    pub fn explicit(address: Multiaddr) -> Self {
        Self::read(address).by_user()
    }

    /// Makes a candidate of an address of which nothing is known: a third party's, the lowest class.
    /// It is what a dialer that keeps no provenance starts from.
    #[must_use]
    pub fn unknown(address: Multiaddr) -> Self {
        let third_party = Classes::NONE.with(TrustClass::ThirdParty);
        Self { classes: third_party, beside: third_party, ..Self::read(address) }
    }

    /// Makes a candidate of an address that the caller knows to be in the peer's current certified
    /// record.
    ///
    /// Dangerous: nothing is verified here. The caller vouches that the record verified, that it is
    /// the newest one, that it has not expired, and that it lists the address.
    #[must_use]
    pub fn dangerous_certified(address: Multiaddr) -> Self {
        let classes = Classes::NONE.with(TrustClass::Certified);
        Self { classes, certified: Certified::Yes, ..Self::read(address) }
    }

    /// An address without a claim.
    fn read(address: Multiaddr) -> Self {
        let (dial, traits) = (DialKey::of(&address), Traits::of(&address));
        let place = dial.place().len();
        let key = RankKey::of(&traits, dial.place());
        Self {
            address,
            dial,
            place,
            classes: Classes::NONE,
            beside: Classes::NONE,
            certified: Certified::No,
            is_contradicted: false,
            has_mdns: false,
            is_nearby: false,
            dials: DialHistory::default(),
            traits,
            key,
        }
    }

    /// The same, where the user typed it in for this dial: it is the user's as well as what it was
    /// before. An address that is certified stays so.
    #[must_use]
    pub const fn by_user(mut self) -> Self {
        self.classes = self.classes.with(TrustClass::User);
        self.beside = self.beside.with(TrustClass::User);
        self
    }

    /// The same, where the peer contradicted the record that certifies it: it signed another one with
    /// the same sequence number. The address stays certified, since the peer signed it; policies that
    /// [refuse contradicted records](crate::DialPolicy::refuse_contradicted) see that (D7).
    #[must_use]
    pub fn contested(mut self) -> Self {
        self.is_contradicted = self.certified == Certified::Yes;
        self
    }

    /// The same without the record that certifies it: what else is claimed of it stays.
    #[must_use]
    pub(crate) fn without_record(mut self) -> Self {
        self.classes = self.beside;
        self.certified = Certified::No;
        self.is_contradicted = false;
        self
    }

    /// The same, where the peer itself said it over a connection from a private address, or from this
    /// link if the address is link-local: a ground to dial a private address (D4).
    #[must_use]
    pub const fn said_nearby(mut self) -> Self {
        self.is_nearby = true;
        self
    }

    /// The same, seen from a node with these subnets: where mDNS reports it and its host is in one of
    /// them, that is a ground to dial a private address as well (D4). A link-local address with a zone
    /// that mDNS reports is on the link of that zone.
    #[must_use]
    pub fn seen_from(mut self, subnets: &[Subnet]) -> Self {
        let ip = self.dial.host().and_then(|host| host.ip());
        let is_within = |ip: IpAddr| subnets.iter().any(|subnet| subnet.contains(ip));
        let is_here = ip.is_some_and(is_within) || self.scope() == Some(Scope::LinkLocal);
        self.is_nearby |= self.has_mdns && is_here;
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
        let Self { dial, place, traits, key, address, .. } = Self::read(address);
        // Where mDNS saw the name is not where it leads.
        Self {
            address,
            dial,
            place,
            traits,
            key,
            has_mdns: false,
            is_nearby: false,
            ..self.clone()
        }
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

    /// Returns whether the peer contradicted the record that certifies it.
    #[must_use]
    pub const fn is_contradicted(&self) -> bool {
        self.is_contradicted
    }

    /// Returns whether there is a ground to dial it in a private network, whatever its class (D4):
    /// see [`Self::said_nearby`] and [`Self::seen_from`]. Link-local IPv4 is never nearby.
    #[must_use]
    pub const fn is_nearby(&self) -> bool {
        self.is_nearby && !self.traits.is_ip4_link_local
    }

    /// Whether it is in the peer's current record.
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

    /// Returns what dialing it taught, as far as it decides the order.
    #[must_use]
    pub const fn experience(&self) -> Experience {
        match (self.dials.last_success, self.dials.failures) {
            (Some(_), 0) => Experience::Answers,
            (Some(_), _) => Experience::Answered,
            (None, 0) => Experience::Untried,
            (None, _) => Experience::OnlyFailed,
        }
    }

    /// Returns its key: equal for all spellings of one dial (D9).
    #[must_use]
    pub const fn dial_key(&self) -> &DialKey {
        &self.dial
    }

    /// Returns the address to dial: in its plain spelling and without the peer id at its end (D9). One
    /// that is written for NAT64 stays as it is: it may be the only way there.
    #[must_use]
    pub const fn plain(&self) -> &Multiaddr {
        if self.traits.is_nat64 { &self.address } else { self.dial.address() }
    }

    /// Returns the group that it shares slots with (D11).
    #[must_use]
    pub fn slot_group(&self) -> SlotGroup {
        let (scope, transport) = (self.traits.scope, self.traits.transport);
        SlotGroup { class: self.class(), scope, transport }
    }

    pub(crate) const fn key(&self) -> RankKey {
        self.key
    }

    /// The bytes of host and port, in the plain spelling.
    pub(crate) fn place(&self) -> &[u8] {
        self.dial.address().as_ref().get(..self.place).unwrap_or_default()
    }

    /// Whether it is written in the plain spelling.
    pub(crate) fn is_plain(&self) -> bool {
        self.address.as_ref().starts_with(self.dial.address().as_ref())
    }
}

fn is_mdns(claim: &Claim) -> bool {
    matches!(claim.kind(), ClaimKind::Reported(source) if source.kind() == SourceKind::Mdns)
}
