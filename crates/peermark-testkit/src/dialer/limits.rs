//! What is dialed in how many places at once: counted from scratch, for the oracle (C4).

use std::collections::BTreeMap;

use multiaddr::{Multiaddr, PeerId, Protocol};
use peermark_dialer::Limits;
use peermark_provenance::Timestamp;
use peermark_scope::embedded_ipv4;

/// The places that an address leads to: its host and port, and its network.
pub(super) fn places(address: &Multiaddr) -> Option<[String; 2]> {
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
        return Some([format!("{ip}:{port}"), format!("{a}.{b}.{c}")]);
    }
    match host {
        Protocol::Ip6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Some([format!("[{ip}]:{port}"), format!("{a:x}:{b:x}:{c:x}")])
        }
        Protocol::Dns(name)
        | Protocol::Dns4(name)
        | Protocol::Dns6(name)
        | Protocol::Dnsaddr(name) => {
            let name = name.trim_end_matches('.').to_lowercase();
            let labels: Vec<_> = name.rsplit('.').take(2).map(str::to_owned).collect();
            Some([format!("{name}:{port}"), labels.join(" under ")])
        }
        _ => None,
    }
}

/// Who is dialing where, and who dialed there in vain.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, Place>);

#[derive(Debug, Default)]
struct Place {
    running: usize,
    vain: BTreeMap<PeerId, Timestamp>,
    /// When it had no room left last.
    full: Option<Timestamp>,
}

impl Places {
    /// How many of the room at a place others take up: dials under way, and peers that were not
    /// there.
    fn taken(&self, place: &str, peer: &PeerId, now: Timestamp) -> (usize, usize) {
        self.0.get(place).map_or((0, 0), |place| {
            let vain = place.vain.iter().filter(|(other, until)| *other != peer && **until > now);
            (place.running, vain.count())
        })
    }

    /// Whether a dial of this address may begin.
    pub(super) fn have_room(
        &self,
        address: &Multiaddr,
        peer: &PeerId,
        limits: &Limits,
        now: Timestamp,
    ) -> bool {
        let most = [limits.dials_per_target, limits.dials_per_network];
        places(address).iter().flatten().zip(most).all(|(place, most)| {
            let (running, vain) = self.taken(place, peer, now);
            running + vain < most
        })
    }

    /// Whether one of its places may have been full at some time since then, and may be still.
    pub(super) fn were_full_since(
        &self,
        address: &Multiaddr,
        since: Timestamp,
        limits: &Limits,
    ) -> bool {
        places(address)
            .iter()
            .flatten()
            .filter_map(|place| self.0.get(place))
            .any(|place| place.full.is_some_and(|full| full.saturating_add(limits.window) >= since))
    }

    fn note(&mut self, address: &Multiaddr, limits: &Limits, now: Timestamp) {
        let most = [limits.dials_per_target, limits.dials_per_network];
        for (place, most) in places(address).into_iter().flatten().zip(most) {
            let place = self.0.entry(place).or_default();
            if place.running + place.vain.len() >= most {
                place.full = Some(now);
            }
        }
    }

    pub(super) fn begin(&mut self, address: &Multiaddr, limits: &Limits, now: Timestamp) {
        for place in places(address).into_iter().flatten() {
            self.0.entry(place).or_default().running += 1;
        }
        self.note(address, limits, now);
    }

    /// A dial ended: in vain until then, or at the peer.
    pub(super) fn end(
        &mut self,
        address: &Multiaddr,
        peer: &PeerId,
        vain: Option<Timestamp>,
        limits: &Limits,
        now: Timestamp,
    ) {
        for place in places(address).into_iter().flatten() {
            let place = self.0.entry(place).or_default();
            place.running -= 1;
            place.vain.remove(peer);
            place.vain.extend(vain.map(|until| (*peer, until)));
        }
        self.note(address, limits, now);
    }
}
