//! Made-up peers, and what becomes of who dials them.

use std::time::Duration;

use anyhow::Result;
use peermark::dial_policy::Candidate;

use super::candidates::{Shape, Told, candidate};
use crate::harness::Random;

/// Peers of one kind. Each has four certified addresses, QUIC and TCP of both families, and twelve
/// of hearsay; on a third of the networks nothing leads to IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every certified address answers.
    CertifiedFast,
    /// No certified address answers, and none says so; some hearsay is true.
    CertifiedSlow,
    /// Half of the certified addresses answer, a quarter refuses, a quarter is silent.
    Mixed,
}

/// What becomes of a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The peer is there, after so long.
    Answers(Duration),
    /// It fails, after so long.
    Refuses(Duration),
    /// Another peer is there.
    Lies(Duration),
    /// Nothing is heard of it: it fails when whoever dials gives up.
    Silent,
}

/// A peer as it is known, in no particular order.
pub(super) struct Network(pub(super) Vec<(Candidate, Fate)>);

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::CertifiedFast, Self::CertifiedSlow, Self::Mixed];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CertifiedFast => "certified-fast",
            Self::CertifiedSlow => "certified-slow",
            Self::Mixed => "mixed",
        }
    }

    /// The next one: the same numbers make the same networks.
    pub(super) fn network(self, random: &mut Random) -> Result<Network> {
        const CERTIFIED: [Shape; 4] = [Shape::Quic4, Shape::Tcp4, Shape::Quic6, Shape::Tcp6];
        const HEARSAY: usize = 12;

        let round_trip = Duration::from_millis(20 + random.below(280) as u64);
        let has_ip6 = random.below(3) > 0;
        let mut known = Vec::new();
        let mut add = |shape: Shape, told, fate| {
            let no_route = Fate::Refuses(Duration::from_millis(1));
            let fate = if shape.is_ip6() && !has_ip6 { no_route } else { fate };
            known.push((candidate(shape, known.len(), told)?, fate));
            anyhow::Ok(())
        };
        // Each path is its own: up to half of a round trip more.
        let jittered = |random: &mut Random| round_trip * (100 + random.below(50) as u32) / 100;
        for shape in CERTIFIED {
            let once = jittered(random);
            let answers = Fate::Answers(once * shape.round_trips());
            let fate = match (self, random.below(4)) {
                (Self::CertifiedFast, _) | (Self::Mixed, 0 | 1) => answers,
                (Self::CertifiedSlow, _) | (Self::Mixed, 2) => Fate::Silent,
                (Self::Mixed, _) => Fate::Refuses(once),
            };
            add(shape, Told::Certified, fate)?;
        }
        // One of them is where the peer is, whatever becomes of the rest.
        let truth = random.below(HEARSAY);
        for place in 0..HEARSAY {
            let shape = Shape::ALL[random.below(Shape::PUBLIC)];
            let told = [Told::Dht, Told::Pubsub, Told::Identify, Told::Dialed][random.below(4)];
            let once = jittered(random);
            let answers = Fate::Answers(once * shape.round_trips());
            let fate = match random.below(8) {
                _ if place == truth => answers,
                0 | 1 => answers,
                2 | 3 => Fate::Refuses(once),
                4 => Fate::Lies(once * shape.round_trips()),
                _ => Fate::Silent,
            };
            let shape = if place == truth && shape.is_ip6() { Shape::Quic4 } else { shape };
            add(shape, told, fate)?;
        }
        random.shuffle(&mut known);
        Ok(Network(known))
    }
}

impl Shape {
    /// Whether one needs IPv6 to get there.
    const fn is_ip6(self) -> bool {
        matches!(
            self,
            Self::Quic6 | Self::Tcp6 | Self::WebTransport6 | Self::Circuit6 | Self::Quic6Name
        )
    }

    /// Until one is connected, a stream and a proof of who is there included: about.
    const fn round_trips(self) -> u32 {
        match self {
            Self::Quic4 | Self::Quic6 | Self::Quic6Name | Self::PrivateQuic => 2,
            Self::WebSocket | Self::Circuit4 | Self::Circuit6 => 6,
            _ => 4,
        }
    }
}
