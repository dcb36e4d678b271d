//! What other implementations do not read: the table of `docs/interop.md`.

use multiaddr::{Multiaddr, Protocol};
use peermark_peer_record::{Effect, Implementation, objections, objections_to_all, parse_address};

use Effect::{RefusesRecord, SkipsAddress};
use Implementation::{Go, Js, Nim};

#[track_caller]
fn check(address: &Multiaddr, component: &str, expected: &[(Implementation, Effect)]) {
    let found = objections(address);
    let got: Vec<_> = found.iter().map(|it| (it.implementation, it.effect)).collect();
    assert_eq!(got, expected, "{address}");
    assert!(found.iter().all(|objection| objection.component == component), "{found:?}");
}

#[test]
fn r2_who_does_not_read_what_is_written_down_once() {
    let all: &[_] = &[(Js, RefusesRecord), (Go, SkipsAddress), (Nim, SkipsAddress)];
    for (text, component, expected) in [
        ("/ip4/192.0.2.1/tcp/4001", "", &[][..]),
        ("/ip4/192.0.2.1/tcp/4001/tls/ws", "", &[]),
        ("/dns/example.com/tcp/443/wss", "", &[]),
        ("/ip4/192.0.2.1/udp/4001/quic-v1", "", &[]),
        ("/ip4/192.0.2.1/tcp/443/x-parity-ws/%2Fpath", "x-parity-ws", all),
        ("/ip4/192.0.2.1/tcp/443/x-parity-wss/%2Fpath", "x-parity-wss", all),
        // With this path they are what others call ws and wss.
        ("/ip4/192.0.2.1/tcp/443/x-parity-ws/%2F", "", &[]),
        ("/memory/1234", "memory", &[(Js, RefusesRecord), (Nim, SkipsAddress)]),
        ("/dns//tcp/1", "dns", all),
        ("/dnsaddr//p2p-circuit", "dnsaddr", all),
        ("/ip4/192.0.2.1/tcp/1/tls/sni//ws", "sni", all),
        ("/ip6zone//ip6/fe80::1/tcp/1", "ip6zone", all),
        ("/dns/a%2Fb/tcp/1", "dns", &[(Go, SkipsAddress), (Nim, SkipsAddress)]),
        ("/unix/%2Ftmp%2Fx", "", &[]),
        ("/unix/tmp", "unix", &[(Go, SkipsAddress)]),
        ("/unix/%2Ftmp%2F", "unix", &[(Go, SkipsAddress)]),
        ("/ip4/192.0.2.1/tcp/1/p2p-websocket-star", "p2p-websocket-star", &[(Go, SkipsAddress)]),
        ("/ip4/192.0.2.1/tcp/1/ws/p2p-webrtc-star", "p2p-webrtc-star", &[(Go, SkipsAddress)]),
        (
            "/ip4/192.0.2.1/tcp/1/p2p-stardust",
            "p2p-stardust",
            &[(Go, SkipsAddress), (Nim, SkipsAddress)],
        ),
        ("/ip4/192.0.2.1/udp/1/quic-v1/webtransport", "webtransport", &[(Nim, SkipsAddress)]),
        ("/ip4/192.0.2.1/udp/1/webrtc-direct", "webrtc-direct", &[(Nim, SkipsAddress)]),
    ] {
        check(&parse_address(text).unwrap(), component, expected);
    }
    let no_path = crate::multiaddr("/dns/example.com/tcp/443/tls/http");
    check(&no_path.with(Protocol::HttpPath("".into())), "http-path", all);
    check(&Multiaddr::empty(), "", &[]);
}

#[test]
fn r2_nim_wants_an_address_that_it_reads() {
    let [tcp, memory, webtransport] =
        ["/ip4/192.0.2.1/tcp/1", "/memory/1", "/ip4/192.0.2.1/udp/1/quic-v1/webtransport"]
            .map(crate::multiaddr);
    assert_eq!(objections_to_all(&[]), None);
    assert_eq!(objections_to_all(&[memory.clone(), tcp]), None);
    assert_eq!(objections_to_all(&[memory, webtransport]), Some(Nim));
}
