//! Bytes as candidates, a target, a policy and a ranker.

use std::sync::LazyLock;
use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};
use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, Classes, DialPolicy, HappyEyeballs, NoDelay,
    Precedence, Ranker, Scope, Scopes, Start, Target, UserAndCertified,
};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKind, SourceKinds, Timestamp,
    TrustClass,
};
use std::rc::Rc;

/// Four bytes of head, then the candidates: four bytes each, or an address as bytes behind three.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) candidates: Vec<Candidate>,
    pub(super) policy: Rc<dyn DialPolicy>,
    pub(super) ranker: Rc<dyn Ranker>,
    most: usize,
    local: u8,
    own: Vec<Multiaddr>,
}

impl Program {
    pub(super) fn decode(data: &[u8]) -> Self {
        let (head, mut rest) = data.split_at(data.len().min(4));
        let head = |n: usize| head.get(n).copied().unwrap_or_default();
        let mut candidates = Vec::new();
        while let Some((candidate, behind)) = candidate(rest) {
            candidates.extend(candidate);
            rest = behind;
        }
        let own = candidates.iter().take(usize::from(head(3) >> 6));
        Self {
            own: own.map(|candidate| candidate.address().clone()).collect(),
            policy: policy(head(0), head(3)),
            ranker: ranker(head(1)),
            most: if head(2) < 128 { usize::from(head(2) >> 2) } else { usize::MAX },
            local: head(3) & 7,
            candidates,
        }
    }

    pub(super) fn target(&self) -> Target<'_> {
        let mut target = Target::new(PEERS[0]);
        target.most = self.most;
        // One time in eight this node is the target.
        target.local = (self.local > 1).then(|| PEERS[2]).or((self.local == 1).then(|| PEERS[0]));
        target.own = &self.own;
        target
    }
}

/// The peer that is dialed, a relay, this node, somebody else.
static PEERS: LazyLock<[PeerId; 4]> = LazyLock::new(|| {
    [
        "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC",
    ]
    .map(|text| text.parse().expect("a peer id"))
});

fn policy(choice: u8, more: u8) -> Rc<dyn DialPolicy> {
    let scopes = match choice >> 6 {
        0 => Scopes::PUBLIC,
        1 => Scopes::PUBLIC.with(Scope::Private, Classes::of([TrustClass::User])),
        2 => Scopes::DEFAULT,
        _ => Scopes::LOOPBACK,
    };
    let delay = Duration::from_millis(u64::from(more));
    match choice & 7 {
        0 | 1 => {
            let mut policy = CertifiedOnly::default();
            policy.scopes = scopes;
            Rc::new(policy)
        }
        2 => Rc::new(CertifiedFirst::default().with_scopes(scopes)),
        3 => Rc::new(CertifiedFirst::default().with_scopes(scopes).with_head_start(delay)),
        4 => {
            let mut policy = UserAndCertified::default();
            policy.scopes = scopes;
            Rc::new(policy)
        }
        5 => {
            let mut policy = Any::default();
            policy.scopes = scopes;
            Rc::new(policy)
        }
        _ => {
            // Three stages, each with two classes and a way to begin by the bits that are left.
            let starts = [Start::IfNone, Start::AfterFailure, Start::After(delay), Start::Now];
            let pick = |shift: u8| starts[usize::from((choice >> 3).rotate_left(shift.into()) & 3)];
            let class = |n: u8| TrustClass::ALL[usize::from(n.wrapping_add(more >> 3)) % 5];
            let policy = Precedence::builder("own")
                .stage(Classes::of([class(0), class(3)]))
                .then(pick(0), Classes::of([class(1)]))
                .then_where(pick(1), |candidate| candidate.is_live())
                .scopes(scopes)
                .build();
            Rc::new(policy.expect("three stages"))
        }
    }
}

fn ranker(choice: u8) -> Rc<dyn Ranker> {
    let mut odd = HappyEyeballs::default();
    match choice % 4 {
        0 | 1 => {}
        2 => return Rc::new(NoDelay),
        _ => (odd.public, odd.relay) = (Duration::from_nanos(1 << (choice & 63)), Duration::MAX),
    }
    Rc::new(odd)
}

/// The candidate that these bytes begin with, where they are one, and the bytes behind it.
fn candidate(data: &[u8]) -> Option<(Option<Candidate>, &[u8])> {
    let ([kind, claims, more], rest) = data.split_first_chunk()?;
    let (length, rest) = rest.split_first()?;
    if *kind == 255 {
        let (bytes, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        let address = Multiaddr::try_from(bytes.to_vec()).ok();
        return Some((address.map(|address| known(address, *claims, *more)), rest));
    }
    Some((Some(known(address(*kind, *length), *claims, *more)), rest))
}

const HOSTS: [&str; 16] = [
    "/ip4/1.2.3.4",
    "",
    "/ip6/2a00::2",
    "/ip6/2a00::3",
    "/ip4/10.0.0.7",
    "/ip6/fd00::7",
    "/ip4/127.0.0.1",
    "/ip6/64:ff9b::169.254.169.254",
    "/dns/example.com",
    "/dns6/example.com",
    "/dns4/printer.local",
    "/ip4/0.0.0.0",
    "/ip4/1.2.3.4/ip4/127.0.0.1",
    "/memory/7",
    "/ip6zone/x/ip6/fe80::7",
    "/dns/a\u{1b}[31m\n.b",
];

const TRANSPORTS: [&str; 8] = [
    "/tcp/P",
    "/udp/P/quic-v1",
    "/udp/P/quic",
    "/udp/P/quic-v1/webtransport",
    "/tcp/P/tls/ws",
    "/udp/P/webrtc-direct",
    "",
    "/tcp/P/tcp/22",
];

const ENDS: [&str; 16] = [
    "",
    "",
    "",
    "",
    "/p2p/T",
    "/p2p/T",
    "/p2p/T/p2p/T",
    "/p2p/O",
    "/p2p/R/p2p-circuit",
    "/p2p/R/p2p-circuit",
    "/p2p/R/p2p-circuit/p2p/T",
    "/p2p/L/p2p-circuit",
    "/p2p/T/p2p-circuit/p2p/T",
    "/p2p-circuit/p2p/T",
    "/p2p/R/p2p-circuit/p2p/O/p2p-circuit",
    "/p2p/R/p2p-circuit/ip4/127.0.0.1/tcp/22",
];

fn address(kind: u8, more: u8) -> Multiaddr {
    let host = HOSTS[usize::from(kind & 15)];
    let transport = TRANSPORTS[usize::from(kind >> 4) % TRANSPORTS.len()];
    let transport = transport.replace('P', ["4001", "1", "65535", "0"][usize::from(more & 3)]);
    let end = ENDS[usize::from(more >> 4)];
    let end = ["T", "R", "L", "O"].iter().zip(*PEERS).fold(end.to_owned(), |end, (name, peer)| {
        end.replace(&format!("/{name}"), &format!("/{peer}"))
    });
    format!("{host}{transport}{end}").parse().expect("an address")
}

const NOW: Timestamp = Timestamp::from_secs(1_000);

/// An address with a claim for each bit of `claims`, of which those in `over` are over.
fn known(address: Multiaddr, claims: u8, over: u8) -> Candidate {
    let until = |bit: u8| match over & bit {
        0 => Expiry::At(Timestamp::from_secs(2_000)),
        _ => Expiry::At(NOW),
    };
    let report = |source, bit| Claim::reported(source, Timestamp::EPOCH, until(bit));
    let certified = |by, bit| {
        let proof = Certification::dangerous_assume_verified(Seq::new(7), by);
        Claim::certified(proof, Timestamp::EPOCH, until(bit))
    };
    let all = [
        report(Source::DHT, 1),
        report(Source::identify(PEERS[0]), 2),
        certified(SourceKinds::NONE, 4),
        Claim::dialed(Timestamp::EPOCH, until(8)),
        report(Source::MANUAL, 16),
        certified(SourceKinds::from(SourceKind::Bootstrap), 32),
    ];
    let held = all.into_iter().enumerate().filter(|(bit, _)| claims & (1 << bit) != 0);
    let provenance = Provenance::new(held.map(|(_, claim)| claim));
    let candidate = Candidate::new(address, &provenance, NOW);
    match claims >> 6 {
        3 => candidate.contested(),
        2 => candidate.by_user(),
        _ => candidate,
    }
}
