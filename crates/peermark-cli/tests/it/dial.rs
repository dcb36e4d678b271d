//! `peermark dial`: what accepts a TCP connection, and when.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::peermark;

const PEER: &str = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ";

/// A port that accepts, and one on which nothing listens.
fn ports() -> (TcpListener, u16, u16) {
    let (open, closed) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let ports = (open.local_addr().unwrap().port(), closed.local_addr().unwrap().port());
    (open, ports.0, ports.1)
}

fn tcp(port: u16) -> String {
    format!("/ip4/127.0.0.1/tcp/{port}")
}

fn json(args: &[&str], status: i32) -> Value {
    let args: Vec<_> = ["dial", "--json"].iter().chain(args).copied().collect();
    peermark(args, b"").expect(status).objects().remove(0)
}

#[test]
fn one_address_is_tried_with_and_without_a_peer_id() {
    let (_open, port, closed) = ports();
    let address = tcp(port);
    let object = json(&[&address], 0);
    assert_eq!(object["connected"], address);
    assert_eq!((&object["peer"], &object["transport"]), (&Value::Null, &"tcp-connect".into()));
    assert_eq!(object["dials"][0]["outcome"], "connected");
    let object = json(&[&format!("{address}/p2p/{PEER}")], 0);
    assert_eq!((&object["peer"], &object["connected"]), (&PEER.into(), &address.into()));
    let object = json(&[&tcp(closed)], 1);
    assert_eq!(
        (&object["connected"], &object["dials"][0]["outcome"]),
        (&Value::Null, &"failed".into())
    );
    assert!(object["dials"][0]["reason"].as_str().unwrap().contains("refused"), "{object}");
}

#[test]
fn a_peer_is_dialed_by_its_plan() {
    let (_open, port, closed) = ports();
    let (good, bad) = (tcp(port), tcp(closed));
    let quic = "/ip4/127.0.0.1/udp/4001/quic-v1";
    let object = json(&["--user", &bad, &good, quic, PEER], 0);
    assert_eq!(object["connected"], good);
    assert_eq!(object["skipped"][0]["address"], quic);
    assert_eq!(object["skipped"][0]["reason"], "not over TCP");
    // A person reads when what happened, and that a connection proves nothing.
    let run = peermark(["dial", "--user", &good, "--", PEER], b"").expect(0);
    let text = run.text();
    for words in ["did not prove its peer id", " ms  dial ", " ms  connected", "connected to "] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
}

#[test]
fn a_name_is_resolved_and_judged() {
    let (_open, port, _) = ports();
    let name = format!("/dns4/localhost/tcp/{port}");
    assert_eq!(json(&[&name], 0)["connected"], name);
    let object = json(&["--scopes", "public", &name], 1);
    assert_eq!(object["connected"], Value::Null);
    assert!(object["dials"].as_array().unwrap().is_empty(), "{object}");
}

#[test]
fn scopes_are_honoured_and_the_default_ones_are_left_only_when_said_so() {
    let (_open, port, _) = ports();
    let address = tcp(port);
    let object = json(&["--scopes", "public", &address], 1);
    assert!(object["dials"].as_array().unwrap().is_empty());
    assert!(object["refused"][0]["reason"].as_str().unwrap().contains("loopback"), "{object}");
    let asks = ["dial", "--scopes", "loopback", &address];
    peermark(asks, b"").expect_error(2, &["--yes"]);
    let object = json(&["--scopes", "loopback", "--yes", &address], 0);
    assert_eq!(object["connected"], address);
}

#[test]
fn it_gives_up_in_time_and_says_what_is_wrong_with_the_arguments() {
    peermark(["dial"], b"").expect_error(2, &["no peer id"]);
    peermark(["dial", "/ip4/1.2.3.4/tcp/x"], b"").expect_error(2, &["malformed"]);
    peermark(["dial", "--user", "/ip4/1.2.3.4/tcp/1", "--", "/ip4/127.0.0.1/tcp/1"], b"")
        .expect_error(2, &["tried alone"]);
    let object = json(&["/ip4/127.0.0.1/udp/4001/quic-v1"], 1);
    assert_eq!(object["error"], "no address is known");
    assert_eq!(object["skipped"][0]["reason"], "not over TCP");
}
