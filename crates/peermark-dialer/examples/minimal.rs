//! A whole dialer in one loop: threads, TCP, and a handshake that is left to you.
//!
//! `cargo run -p peermark-dialer --example minimal -- /ip4/127.0.0.1/tcp/4001`

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use peermark_dial_policy::{Any, Candidate};
use peermark_dialer::{
    Action, Config, DialError, DialOutcome, Dialer, Moment, Multiaddr, PeerId, Protocol, Request,
};

/// Connects to `peer` at one of these addresses.
fn connect(peer: PeerId, candidates: Vec<Candidate>) -> Result<Multiaddr, DialError> {
    #[expect(clippy::disallowed_methods, reason = "the clock at the edge")]
    let origin = Instant::now();
    let now = || Moment::from(origin.elapsed());
    let (ended, ends) = mpsc::channel();
    let mut dialer = Dialer::new(Config::default());
    let deadline = now().saturating_add(Duration::from_secs(30));
    let request = Request::new(peer, Arc::new(Any::default()), deadline);
    dialer.request(Request { candidates, ..request }, now()).expect("the only request");
    loop {
        match dialer.poll(now()) {
            Action::Dial { attempt, peer, address } => {
                let ended = ended.clone();
                std::thread::spawn(move || ended.send((attempt, dial(&address, &peer))));
            }
            // The thread ends by itself and reports it.
            Action::Cancel { .. } => {}
            Action::Complete { address, .. } => return Ok(address),
            Action::Fail { error, .. } => return Err(error),
            Action::WaitUntil(until) => {
                let wait = until.unwrap_or(Moment::MAX).saturating_since(now());
                if let Ok((attempt, outcome)) = ends.recv_timeout(wait) {
                    dialer.dialed(attempt, outcome, now());
                }
            }
        }
    }
}

fn dial(address: &Multiaddr, _peer: &PeerId) -> DialOutcome {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        // A name: ask `Dialer::resolved` about each address before a socket is opened.
        _ => return DialOutcome::NotStarted,
    };
    let Some(Protocol::Tcp(port)) = parts.next() else { return DialOutcome::NotStarted };
    match TcpStream::connect_timeout(&SocketAddr::new(ip, port), Duration::from_secs(10)) {
        // Here a handshake has to prove that `_peer` is there: else it is `WrongPeer`.
        Ok(_stream) => DialOutcome::Success,
        Err(_) => DialOutcome::Failure,
    }
}

fn main() {
    let address = std::env::args().nth(1).expect("a multiaddr");
    let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse().expect("a peer id");
    let candidate = Candidate::explicit(address.parse().expect("a multiaddr"));
    let said = match connect(peer, vec![candidate]) {
        Ok(address) => format!("connected to {address}"),
        Err(error) => error.to_string(),
    };
    writeln!(std::io::stdout(), "{said}").expect("standard output");
}

#[cfg(test)]
#[test]
fn it_connects_and_it_fails() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse().unwrap();
    let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
    let candidate = || vec![Candidate::explicit(address.clone())];
    assert_eq!(connect(peer, candidate()), Ok(address.clone()));
    drop(listener);
    assert!(connect(peer, candidate()).is_err());
}
