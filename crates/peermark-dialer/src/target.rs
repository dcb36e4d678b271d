//! What many peers can name together: a host and port, and its network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_provenance::Timestamp;
use peermark_scope::embedded_ipv4;

use crate::limits::Limits;

/// What a dial connects to, whoever is said to be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Ip(IpAddr),
    Name(String),
}

/// The network that a target is in: an IPv4 /24, an IPv6 /48, a domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Network {
    Ip(IpAddr),
    Name(String),
}

impl Target {
    /// What this address connects to first; `None` where it has no host.
    pub(crate) fn of(address: &Multiaddr) -> Option<Self> {
        let is_zone = |component: &Protocol<'_>| matches!(component, Protocol::Ip6zone(_));
        let mut components = address.iter().skip_while(is_zone);
        let host = match components.next()? {
            Protocol::Ip4(ip) => Host::Ip(ip.into()),
            Protocol::Ip6(ip) => Host::Ip(canonical(ip.into())),
            Protocol::Dns(name)
            | Protocol::Dns4(name)
            | Protocol::Dns6(name)
            | Protocol::Dnsaddr(name) => {
                Host::Name(name.trim_end_matches('.').to_ascii_lowercase())
            }
            // Hidden, and a host all the same. Its name says the port as well.
            hidden @ (Protocol::Onion(..) | Protocol::Onion3(_)) => Host::Name(hidden.to_string()),
            _ => return None,
        };
        let port = components.find_map(|component| match component {
            Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
            _ => None,
        });
        Some(Self { host, port: port.unwrap_or(0) })
    }

    pub(crate) fn network(&self) -> Network {
        match &self.host {
            Host::Ip(IpAddr::V4(ip)) => {
                let [a, b, c, _] = ip.octets();
                Network::Ip(IpAddr::from([a, b, c, 0]))
            }
            Host::Ip(IpAddr::V6(ip)) => {
                let [a, b, c, ..] = ip.segments();
                Network::Ip(IpAddr::from([a, b, c, 0, 0, 0, 0, 0]))
            }
            // The last two labels: whoever holds a domain makes up names below it.
            Host::Name(name) => {
                let from =
                    name.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at.saturating_add(1));
                Network::Name(name.get(from..).unwrap_or_default().to_owned())
            }
        }
    }
}

/// An IPv4 address, however it is written.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) => embedded_ipv4(six).map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// Who connects to what, and how often that failed of late (C4).
#[derive(Debug, Default)]
pub(crate) struct Targets {
    targets: BTreeMap<Target, Use>,
    networks: BTreeMap<Network, Use>,
}

#[derive(Debug, Default)]
struct Use {
    running: usize,
    /// The peers that were not there of late, and until when that counts. Each counts once: what
    /// is bounded is how many peers send us to one place.
    failed: Vec<(PeerId, Timestamp)>,
}

/// Whether one more may be dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    Free,
    /// Not now: some that are under way have to end first.
    Busy,
    /// Not before a while: too many failed.
    Exhausted,
}

/// How a dial ended, for its target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    /// The peer is there.
    There,
    /// It is not, or nobody knows; that counts until then.
    Vain(Timestamp),
}

impl Use {
    fn room(&mut self, peer: &PeerId, limit: usize, now: Timestamp) -> Room {
        self.failed.retain(|(_, until)| *until > now);
        let others = self.failed.iter().filter(|(other, _)| other != peer).count();
        if others >= limit {
            Room::Exhausted
        } else if others.saturating_add(self.running) >= limit {
            Room::Busy
        } else {
            Room::Free
        }
    }

    fn end(&mut self, peer: &PeerId, ended: Ended) {
        self.running = self.running.saturating_sub(1);
        self.failed.retain(|(other, _)| other != peer);
        if let Ended::Vain(until) = ended {
            self.failed.push((*peer, until));
        }
    }

    fn is_idle(&self) -> bool {
        self.running == 0 && self.failed.is_empty()
    }

    fn next(&self) -> Option<Timestamp> {
        self.failed.iter().map(|(_, until)| *until).min()
    }

    fn last(&self) -> Timestamp {
        self.failed.iter().map(|(_, until)| *until).max().unwrap_or(Timestamp::EPOCH)
    }
}

impl Targets {
    /// Whether one more dial to `target` may begin, for this peer.
    pub(crate) fn room(
        &mut self,
        target: &Target,
        peer: &PeerId,
        limits: &Limits,
        now: Timestamp,
    ) -> Room {
        let of_target = self.targets.get_mut(target);
        of_target.map_or(Room::Free, |used| used.room(peer, limits.dials_per_target, now))
    }

    /// The same, into `network`.
    pub(crate) fn room_in(
        &mut self,
        network: &Network,
        peer: &PeerId,
        limits: &Limits,
        now: Timestamp,
    ) -> Room {
        let of_network = self.networks.get_mut(network);
        of_network.map_or(Room::Free, |used| used.room(peer, limits.dials_per_network, now))
    }

    /// When the next failure at a target counts no longer.
    pub(crate) fn next_at(&self, target: &Target) -> Option<Timestamp> {
        self.targets.get(target)?.next()
    }

    /// The same, in a network.
    pub(crate) fn next_in(&self, network: &Network) -> Option<Timestamp> {
        self.networks.get(network)?.next()
    }

    pub(crate) fn begin(&mut self, target: &Target) {
        let used = self.targets.entry(target.clone()).or_default();
        used.running = used.running.saturating_add(1);
        let used = self.networks.entry(target.network()).or_default();
        used.running = used.running.saturating_add(1);
    }

    pub(crate) fn end(&mut self, target: &Target, peer: &PeerId, ended: Ended, limits: &Limits) {
        let network = target.network();
        if let Some(used) = self.targets.get_mut(target) {
            used.end(peer, ended);
            if used.is_idle() {
                self.targets.remove(target);
            }
        }
        if let Some(used) = self.networks.get_mut(&network) {
            used.end(peer, ended);
            if used.is_idle() {
                self.networks.remove(&network);
            }
        }
        bound(&mut self.targets, limits.remembered);
        bound(&mut self.networks, limits.remembered);
    }

    /// How many targets are remembered.
    pub(crate) fn len(&self) -> usize {
        self.targets.len()
    }

    /// Forgets what is over.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        let forget = |used: &mut Use| used.failed.retain(|(_, until)| *until > now);
        self.targets.values_mut().for_each(forget);
        self.targets.retain(|_, used| !used.is_idle());
        self.networks.values_mut().for_each(forget);
        self.networks.retain(|_, used| !used.is_idle());
    }
}

/// Forgets, where more is remembered than allowed, half of what is not under way: what is nearest
/// to its end.
fn bound<K: Ord + Clone>(uses: &mut BTreeMap<K, Use>, most: usize) {
    if uses.len() <= most {
        return;
    }
    let idle = uses.values().filter(|used| used.running == 0);
    let mut ends: Vec<_> = idle.map(Use::last).collect();
    ends.sort_unstable();
    let Some(middle) = ends.get(ends.len() / 2).copied() else {
        return;
    };
    uses.retain(|_, used| used.running > 0 || used.last() > middle);
}
