//! What may be known of the peers of a simulation.

use multiaddr::Multiaddr;
use peermark_dial_policy::Candidate;

use super::VICTIM;
use crate::dialer::network::{Behaviour, Network};
use crate::dialer::world::{self, Class};
use crate::rng::Rng;

/// A circuit over one of a few relays, which are peers like others, at two hosts.
fn circuit(rng: &mut Rng) -> Multiaddr {
    let relay = u32::try_from(rng.below(4)).unwrap_or(0);
    let host = 1 + relay % 2;
    let peer = world::peer(relay);
    world::address(&format!("/ip4/8.8.4.{host}/tcp/4001/p2p/{peer}/p2p-circuit"))
}

/// The addresses of a peer, in the order in which they get known: the victim among them.
pub(super) fn addresses(rng: &mut Rng, network: &mut Network, peer: u32) -> Vec<Candidate> {
    const CLASSES: [Class; 4] = [Class::Hearsay, Class::Hearsay, Class::Certified, Class::User];
    let [_, a, b, c] = peer.to_be_bytes();
    let count = 2 + rng.below(8);
    let mut all: Vec<_> = (0..count)
        .map(|number| {
            let host = match rng.below(7) {
                5 => format!(
                    "/ip6/64:ff9b::{:x}:{:x}",
                    0x1400 | u16::from(a),
                    256 * u16::from(b) + u16::from(c)
                ),
                // An attacker of the kind of B4 names the host of an honest peer.
                6 => format!("/ip4/20.0.{}.7", rng.below(16)),
                0 => format!("/ip6/2606:4700:{a:x}{b:02x}::{c:x}"),
                1 => format!("/dns4/n{c}.p{b}.example{a}.com"),
                _ => format!("/ip4/{}.{b}.{c}.7", 20 + u32::from(a)),
            };
            let port = 4_000 + number;
            let address = world::address(&match rng.below(3) {
                0 => format!("{host}/udp/{port}/quic-v1"),
                1 => format!("{host}/tcp/{port}"),
                _ => format!("{host}/tcp/{port}/ws"),
            });
            let address = if rng.one_in(8) { circuit(rng) } else { address };
            network.set(address.clone(), *rng.pick(&Behaviour::ALL));
            world::candidate(address, *rng.pick(&CLASSES))
        })
        .collect();
    let victim: &str = rng.pick::<&str>(&VICTIM);
    let victim = world::address(victim);
    let class = *rng.pick(&CLASSES);
    all.insert(rng.below(all.len()), world::candidate(victim, class));
    all
}
