//! One TCP connection that is tried, on a thread of its own.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use peermark::Multiaddr;
use peermark::dialer::AttemptId;
use peermark::multiaddr::Protocol;

/// How long one connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many addresses of a name are tried.
const ADDRESSES: usize = 8;

/// What a thread says of its attempt.
#[derive(Debug)]
pub(super) enum Event {
    /// The name is these addresses. Which of them may be tried is to be said by [`Tried::connect`].
    Resolved(Vec<IpAddr>),
    /// There was a connection: where a name was resolved, to this address.
    Connected(Option<IpAddr>),
    /// There was none.
    Failed(String),
}

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct Tried {
    admitted: Sender<Vec<IpAddr>>,
    /// Why an address of its name was not admitted.
    pub(super) reason: Option<String>,
}

/// Where an address leads.
enum Place {
    Host(SocketAddr),
    Name(String, u16),
}

impl Tried {
    /// Starts a thread that connects, and says what became of it.
    pub(super) fn start(
        attempt: AttemptId,
        address: &Multiaddr,
        events: Sender<(AttemptId, Event)>,
    ) -> Self {
        let (admitted, told) = mpsc::channel::<Vec<IpAddr>>();
        let place = place(address);
        let run = {
            let events = events.clone();
            move || {
                // When nobody listens any more, there is nothing to say.
                let say = |event| {
                    let _ = events.send((attempt, event));
                };
                let (name, port) = match place {
                    None => return say(Event::Failed("no host and TCP port".to_owned())),
                    Some(Place::Host(host)) => {
                        return say(match connect(host) {
                            Ok(()) => Event::Connected(None),
                            Err(reason) => Event::Failed(reason),
                        });
                    }
                    Some(Place::Name(name, port)) => (name, port),
                };
                let ips = match (name.as_str(), port).to_socket_addrs() {
                    Ok(found) => found.map(|found| found.ip()).take(ADDRESSES).collect(),
                    Err(error) => return say(Event::Failed(format!("name not resolved: {error}"))),
                };
                say(Event::Resolved(ips));
                let Ok(ips) = told.recv() else { return };
                let mut reason = "no address of the name may be dialed".to_owned();
                for ip in ips {
                    match connect(SocketAddr::new(ip, port)) {
                        Ok(()) => return say(Event::Connected(Some(ip))),
                        Err(error) => reason = error,
                    }
                }
                say(Event::Failed(reason));
            }
        };
        if thread::Builder::new().spawn(run).is_err() {
            let _ = events.send((attempt, Event::Failed("no thread".to_owned())));
        }
        Self { admitted, reason: None }
    }

    /// Lets it try these addresses of its name.
    pub(super) fn connect(&self, ips: Vec<IpAddr>) {
        // Where the thread has gone, it said why.
        let _ = self.admitted.send(ips);
    }
}

fn connect(host: SocketAddr) -> Result<(), String> {
    match TcpStream::connect_timeout(&host, PATIENCE) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The host and TCP port of an address.
fn place(address: &Multiaddr) -> Option<Place> {
    let mut components = address.iter();
    let host = components.next()?;
    let Protocol::Tcp(port) = components.next()? else { return None };
    Some(match host {
        Protocol::Ip4(ip) => Place::Host(SocketAddr::new(ip.into(), port)),
        Protocol::Ip6(ip) => Place::Host(SocketAddr::new(ip.into(), port)),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => {
            Place::Name(name.into_owned(), port)
        }
        _ => return None,
    })
}
