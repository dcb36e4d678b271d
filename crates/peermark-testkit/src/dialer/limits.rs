//! What is dialed in how many places at once, and in vain: counted from scratch, for the oracle (C4).
//!
//! Everything is a list of what happened; nothing is kept up to date.

use std::collections::{BTreeMap, BTreeSet};

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_dialer::{Limits, Moment};
use peermark_provenance::DialOutcome;
use peermark_scope::embedded_ipv4;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Target,
    Network,
    Relay,
}

type Place = (Kind, String);

/// The host and port that an address leads to, and its network.
fn direct(address: &Multiaddr) -> Option<(String, String)> {
    let mut parts = address.iter();
    let mut host = parts.next()?;
    if matches!(host, Protocol::Ip6zone(_)) {
        host = parts.next()?;
    }
    let port = parts.find_map(|part| match part {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        _ => None,
    });
    let port = port.unwrap_or(0);
    let four = match host {
        Protocol::Ip4(ip) => Some(ip),
        Protocol::Ip6(ip) => embedded_ipv4(ip),
        _ => None,
    };
    if let Some(ip) = four {
        let [a, b, c, _] = ip.octets();
        return Some((format!("{ip}:{port}"), format!("{a}.{b}.{c}")));
    }
    match host {
        Protocol::Ip6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Some((format!("[{ip}]:{port}"), format!("{a:x}:{b:x}:{c:x}")))
        }
        Protocol::Dns(name)
        | Protocol::Dns4(name)
        | Protocol::Dns6(name)
        | Protocol::Dnsaddr(name) => {
            let name = name.trim_end_matches('.').to_lowercase();
            let domain = psl::domain_str(&name).unwrap_or(&name).to_owned();
            Some((format!("{name}:{port}"), format!("under {domain}")))
        }
        _ => None,
    }
}

/// The relay of a circuit.
fn relay(address: &Multiaddr) -> Option<PeerId> {
    let parts: Vec<_> = address.iter().collect();
    let at = parts.iter().position(|part| *part == Protocol::P2pCircuit)?;
    parts[..at].iter().rev().find_map(|part| match part {
        Protocol::P2p(id) => Some(*id),
        _ => None,
    })
}

/// One dial, as far as places go.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    peer: PeerId,
    /// By its address, and then by what a name in it resolved to.
    ends: Vec<(String, String)>,
    over: Option<(PeerId, String)>,
    /// Whether it opens a connection: a circuit over a connected relay does not.
    is_direct: bool,
    is_vouched_for: bool,
}

/// What was in vain.
#[derive(Clone, Debug)]
struct Vain {
    place: Place,
    peer: PeerId,
    quarters: usize,
    is_known: bool,
    until: Moment,
}

/// Who dials where, who dialed there in vain, and who was found where.
#[derive(Debug, Default)]
pub(super) struct Places {
    running: BTreeMap<u64, Trip>,
    next: u64,
    vain: Vec<Vain>,
    found: BTreeSet<(PeerId, String)>,
    /// When a place had little room last.
    full: BTreeMap<Place, Moment>,
}

impl Trip {
    pub(super) fn of(
        peer: PeerId,
        address: &Multiaddr,
        is_vouched_for: bool,
        is_connected: impl Fn(&PeerId) -> bool,
    ) -> Self {
        let ends: Vec<_> = direct(address).into_iter().collect();
        let at = |id: PeerId| ends.first().map_or_else(|| id.to_string(), |(host, _)| host.clone());
        let over = relay(address).map(|id| (id, at(id)));
        let is_direct = !over.as_ref().is_some_and(|(id, _)| is_connected(id));
        Self { peer, ends, over, is_direct, is_vouched_for }
    }

    /// Where it counts as under way, and whether as one that the reserve is for.
    fn places(&self, found: &BTreeSet<(PeerId, String)>) -> Vec<(Place, bool)> {
        let mut places = Vec::new();
        if let Some((_, at)) = &self.over {
            let is_known = self.is_vouched_for || found.contains(&(self.peer, at.clone()));
            places.push(((Kind::Relay, at.clone()), is_known));
        }
        for (target, network) in self.ends.iter().filter(|_| self.is_direct) {
            let was_found = |id: PeerId| found.contains(&(id, target.clone()));
            let is_known = self.is_vouched_for
                || was_found(self.peer)
                || self.over.as_ref().is_some_and(|(id, _)| was_found(*id));
            places.push(((Kind::Target, target.clone()), is_known));
            places.push(((Kind::Network, network.clone()), is_known));
        }
        places
    }
}

fn most(kind: Kind, limits: &Limits) -> usize {
    match kind {
        Kind::Target => limits.dials_per_target,
        Kind::Network => limits.dials_per_network,
        Kind::Relay => limits.circuits_per_relay,
    }
}

impl Places {
    /// How many quarters others took of a place, and how many of those strangers did.
    fn taken(&self, place: &Place, peer: &PeerId, now: Moment) -> (usize, usize) {
        let mut by_peer: BTreeMap<PeerId, (usize, bool)> = BTreeMap::new();
        for vain in &self.vain {
            if vain.place == *place && vain.peer != *peer && vain.until > now {
                let of_peer = by_peer.entry(vain.peer).or_insert((0, true));
                *of_peer = (of_peer.0.max(vain.quarters), of_peer.1 && vain.is_known);
            }
        }
        let running = self.running.values().flat_map(|trip| trip.places(&self.found));
        let running = running.filter(|(at, _)| at == place).map(|(_, is_known)| (4, is_known));
        let all: Vec<_> = by_peer.into_values().chain(running).collect();
        let sum = |all: &mut dyn Iterator<Item = &(usize, bool)>| all.map(|(count, _)| count).sum();
        (sum(&mut all.iter()), sum(&mut all.iter().filter(|(_, is_known)| !is_known)))
    }

    /// Whether a dial may begin.
    pub(super) fn have_room(&self, trip: &Trip, limits: &Limits, now: Moment) -> bool {
        trip.places(&self.found).iter().all(|(place, is_known)| {
            let most = 4 * most(place.0, limits);
            let (whole, strangers) = self.taken(place, &trip.peer, now);
            let times = self
                .vain
                .iter()
                .filter(|vain| vain.place == *place && vain.peer == trip.peer && vain.until > now);
            let too_often = place.0 == Kind::Target && times.count() >= limits.dials_per_target;
            // What may have been found after a dial began is taken for what strangers do.
            !too_often && whole < most && (*is_known || strangers < most - most / 4 + 4 * 8)
        })
    }

    /// Whether one of its places may have been full at some time since then, and may be still.
    pub(super) fn were_full_since(&self, trip: &Trip, since: Moment, limits: &Limits) -> bool {
        trip.places(&self.found).iter().any(|(place, _)| {
            let full = self.full.get(place);
            self.is_nearly_full(place, limits, since)
                || full.is_some_and(|full| full.saturating_add(limits.window) >= since)
        })
    }

    /// Whether a place has little room.
    fn is_nearly_full(&self, place: &Place, limits: &Limits, now: Moment) -> bool {
        let nobody = PeerId::from_bytes(&[0, 0]).expect("nobody");
        let (whole, _) = self.taken(place, &nobody, now);
        // One more is a silence, four quarters, until it is known what it is.
        whole + 4 > 3 * most(place.0, limits)
    }

    /// Notes the places that have little room: for whom there is none is another question.
    fn note(&mut self, trip: &Trip, limits: &Limits, now: Moment) {
        for (place, _) in trip.places(&self.found) {
            if self.is_nearly_full(&place, limits, now) {
                self.full.insert(place, now);
            }
        }
        let (vain, peer) = (&self.vain, trip.peer);
        for (target, _) in &trip.ends {
            let place = (Kind::Target, target.clone());
            let times = vain.iter().filter(|vain| vain.place == place && vain.peer == peer);
            if times.count() >= limits.dials_per_target {
                self.full.insert(place, now);
            }
        }
    }

    pub(super) fn begin(&mut self, trip: Trip, limits: &Limits, now: Moment) -> u64 {
        self.next += 1;
        self.note(&trip, limits, now);
        self.running.insert(self.next, trip.clone());
        self.note(&trip, limits, now);
        self.next
    }

    /// A name that a dial leads to is this, too. Returns whether there was room for it.
    pub(super) fn resolve(
        &mut self,
        id: u64,
        address: &Multiaddr,
        limits: &Limits,
        now: Moment,
    ) -> bool {
        let Some(end) = direct(address) else { return true };
        let running = self.running.get_mut(&id).expect("a dial under way");
        if let Some(place) = running.ends.iter().position(|known| *known == end) {
            // What was asked for last is what is reached. The first is the address itself.
            if place > 0 {
                running.ends[place..].rotate_left(1);
            }
            return true;
        }
        let trip = running.clone();
        let alone = Trip { ends: vec![end.clone()], over: None, is_direct: true, ..trip };
        let has_room = self.have_room(&alone, limits, now);
        self.running.get_mut(&id).expect("a dial under way").ends.push(end);
        self.note(&alone, limits, now);
        has_room
    }

    /// A dial ended. `is_connected` says which relays are.
    pub(super) fn end(
        &mut self,
        id: u64,
        (outcome, other): (DialOutcome, Option<PeerId>),
        is_connected: impl Fn(&PeerId) -> bool,
        limits: &Limits,
        now: Moment,
    ) {
        let trip = self.running.get(&id).expect("a dial under way").clone();
        self.note(&trip, limits, now);
        self.running.remove(&id);
        let places = trip.places(&self.found);
        let is_proven = trip
            .over
            .as_ref()
            .is_some_and(|(id, at)| is_connected(id) || self.found.contains(&(*id, at.clone())));
        let last = trip.ends.len().saturating_sub(1);
        let until = now.saturating_add(limits.window);
        for (place, is_known) in places {
            let at = |(target, network): &(String, String)| match place.0 {
                Kind::Network => *network == place.1,
                _ => *target == place.1,
            };
            // Of many hosts of a name, the first is the name, the last is what was reached.
            let is_reached = trip.ends.first().is_some_and(at) || trip.ends.last().is_some_and(at);
            let outcome = match outcome {
                DialOutcome::Success | DialOutcome::WrongPeer
                    if place.0 != Kind::Relay && last > 0 && !is_reached =>
                {
                    DialOutcome::Failure
                }
                outcome => outcome,
            };
            let was_found = trip
                .ends
                .iter()
                .filter(|end| at(end))
                .any(|(target, _)| self.found.contains(&(trip.peer, target.clone())));
            let quarters = match (outcome, place.0) {
                (DialOutcome::Success, _) => {
                    self.vain.retain(|vain| vain.place != place || vain.peer != trip.peer);
                    0
                }
                (DialOutcome::NotStarted, _) | (DialOutcome::Cancelled, Kind::Relay) => 0,
                (_, Kind::Target | Kind::Network) if is_proven => 0,
                (DialOutcome::Failure | DialOutcome::WrongPeer, Kind::Relay)
                    if trip.is_direct && !trip.ends.is_empty() && !is_proven =>
                {
                    0
                }
                (DialOutcome::Cancelled, _) if was_found => 0,
                (DialOutcome::Cancelled, Kind::Network) | (DialOutcome::WrongPeer, _) => 1,
                (DialOutcome::Failure | DialOutcome::Cancelled, _) => 4,
            };
            if quarters > 0 {
                let peer = trip.peer;
                self.vain.push(Vain { place, peer, quarters, is_known, until });
            }
        }
        for (at, (target, _)) in trip.ends.iter().enumerate() {
            let is_end = at == 0 || at == last;
            match outcome {
                DialOutcome::Success if is_end => {
                    self.found.insert((trip.peer, target.clone()));
                    self.found.extend(trip.over.iter().map(|(id, _)| (*id, target.clone())));
                }
                DialOutcome::WrongPeer if is_end => {
                    self.found.extend(other.map(|other| (other, target.clone())));
                }
                _ => {}
            }
        }
        self.note(&trip, limits, now);
        self.vain.retain(|vain| vain.until > now);
    }

    /// A peer is connected over this address, whoever opened it.
    pub(super) fn connected(&mut self, peer: PeerId, address: &Multiaddr) {
        if let Some((target, _)) = direct(address) {
            self.found.extend(relay(address).map(|id| (id, target.clone())));
            self.found.insert((peer, target));
        }
    }
}
