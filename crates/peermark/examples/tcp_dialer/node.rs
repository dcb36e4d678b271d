//! A node: one task drives the coordinator, and a task for each dial does what it says.
//!
//! The coordinator is told of everything in one place, so that it needs no lock: what callers want,
//! how dials ended, and what the book learned meanwhile.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use peermark::dial_policy::DialPolicy;
use peermark::dialer::{
    Action, AttemptId, Config, DialError, Dialer, Discovery, Moment, Request, RequestId,
    TooManyRequests,
};
use peermark::identity::PeerId;
use peermark::peerstore::{Event, Subscription};
use peermark::provenance::DialOutcome;
use peermark::{Multiaddr, PeerBook, multiaddr};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::handshake::{self, HandshakeError};

/// How long one dial may take.
const DIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// What callers hold: dropping it ends the node.
#[derive(Debug)]
pub(crate) struct Node {
    wants: mpsc::UnboundedSender<Want>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// What became of each address.
    Dial(DialError),
    /// Too much is asked for at once.
    TooMany(TooManyRequests),
    /// The node has ended.
    Stopped,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dial(error) => error.fmt(f),
            Self::TooMany(error) => error.fmt(f),
            Self::Stopped => f.write_str("the node has ended"),
        }
    }
}

impl Error for ConnectError {}

/// Somebody wants a connection.
struct Want {
    peer: PeerId,
    policy: Arc<dyn DialPolicy + Send + Sync>,
    patience: Duration,
    discovery: Discovery,
    answer: oneshot::Sender<Result<Multiaddr, ConnectError>>,
}

impl Node {
    /// A node that dials what is in the book.
    pub(crate) fn start(book: Arc<PeerBook>) -> io::Result<Self> {
        let (wants, wanted) = mpsc::unbounded_channel();
        let changes = book.subscribe_all(|_| {}).map_err(io::Error::other)?;
        tokio::spawn(Driver::new(book, changes).run(wanted));
        Ok(Self { wants })
    }

    /// A connection to `peer` over an address that `policy` admits: where it is.
    pub(crate) async fn connect(
        &self,
        peer: PeerId,
        policy: Arc<dyn DialPolicy + Send + Sync>,
        patience: Duration,
    ) -> Result<Multiaddr, ConnectError> {
        self.ask(peer, policy, patience, Discovery::Done).await
    }

    /// The same, while somebody is looking for more addresses: it waits for them.
    pub(crate) async fn connect_and_wait(
        &self,
        peer: PeerId,
        policy: Arc<dyn DialPolicy + Send + Sync>,
        patience: Duration,
    ) -> Result<Multiaddr, ConnectError> {
        self.ask(peer, policy, patience, Discovery::Running).await
    }

    async fn ask(
        &self,
        peer: PeerId,
        policy: Arc<dyn DialPolicy + Send + Sync>,
        patience: Duration,
        discovery: Discovery,
    ) -> Result<Multiaddr, ConnectError> {
        let (answer, answered) = oneshot::channel();
        // The driver lives as long as this does; if it is gone, nobody answers.
        let _ = self.wants.send(Want { peer, policy, patience, discovery, answer });
        answered.await.unwrap_or(Err(ConnectError::Stopped))
    }
}

/// A dial that is under way.
struct Running {
    peer: PeerId,
    address: Multiaddr,
    task: JoinHandle<()>,
}

/// How a dial ended.
type Ended = (AttemptId, Result<TcpStream, HandshakeError>);

struct Driver {
    book: Arc<PeerBook>,
    changes: Subscription,
    dialer: Dialer,
    /// The dialer's own timeline begins here: it is monotonic, and not the book's.
    origin: Instant,
    open: HashMap<RequestId, oneshot::Sender<Result<Multiaddr, ConnectError>>>,
    /// For whom somebody looks for more addresses.
    looking: HashMap<PeerId, Discovery>,
    running: HashMap<AttemptId, Running>,
    connections: Vec<TcpStream>,
    ended: mpsc::UnboundedSender<Ended>,
    ends: mpsc::UnboundedReceiver<Ended>,
}

impl Driver {
    fn new(book: Arc<PeerBook>, changes: Subscription) -> Self {
        let (ended, ends) = mpsc::unbounded_channel();
        let dialer = Dialer::new(Config::default());
        let (open, looking, running) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (origin, connections) = (Instant::now(), Vec::new());
        Self { book, changes, dialer, origin, open, looking, running, connections, ended, ends }
    }

    async fn run(mut self, mut wanted: mpsc::UnboundedReceiver<Want>) {
        loop {
            let wake = self.act();
            let now = self.now();
            let wait = wake.map_or(Duration::MAX, |wake| wake.saturating_since(now));
            let changes = &mut self.changes;
            let change = std::future::poll_fn(|cx| Pin::new(&mut *changes).poll_next(cx));
            tokio::select! {
                want = wanted.recv() => match want {
                    Some(want) => self.begin(want),
                    None => return,
                },
                Some(ended) = self.ends.recv() => self.end(ended),
                Some(change) = change => self.learn(&change),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn now(&self) -> Moment {
        self.origin.elapsed().into()
    }

    /// Does what the coordinator says, and answers when it wants to be asked again.
    fn act(&mut self) -> Option<Moment> {
        loop {
            match self.dialer.poll(self.now()) {
                Action::Dial { attempt, peer, address } => self.dial(attempt, &peer, address),
                Action::Cancel { attempt } => self.cancel(attempt),
                Action::Complete { request, address, .. } => self.answer(request, Ok(address)),
                Action::Fail { request, error, .. } => {
                    self.answer(request, Err(ConnectError::Dial(error)));
                }
                Action::WaitUntil(wake) => return wake,
            }
        }
    }

    fn begin(&mut self, want: Want) {
        let now = self.now();
        let Ok(candidates) = self.book.candidates(&want.peer);
        let deadline = now.saturating_add(want.patience);
        self.looking.insert(want.peer, want.discovery);
        let request = Request::new(want.peer, want.policy, deadline);
        let request = Request { candidates, discovery: want.discovery, ..request };
        match self.dialer.request(request, now) {
            Ok(request) => drop(self.open.insert(request, want.answer)),
            Err(error) => drop(want.answer.send(Err(ConnectError::TooMany(error)))),
        }
    }

    fn dial(&mut self, attempt: AttemptId, peer: &PeerId, address: Multiaddr) {
        let (peer, ended, at) = (*peer, self.ended.clone(), address.clone());
        let task = tokio::spawn(async move {
            let result = tokio::time::timeout(DIAL_TIMEOUT, dial(&at, &peer)).await;
            let result = result.unwrap_or(Err(HandshakeError::NoProof));
            // Without a driver there is nobody who wants to know.
            let _ = ended.send((attempt, result));
        });
        self.running.insert(attempt, Running { peer, address, task });
    }

    /// Ends a dial, and says so: whatever it became meanwhile is dropped.
    fn cancel(&mut self, attempt: AttemptId) {
        if let Some(running) = self.running.remove(&attempt) {
            running.task.abort();
            let now = self.now();
            self.dialer.dialed(attempt, DialOutcome::Cancelled, now);
        }
    }

    fn end(&mut self, (attempt, result): Ended) {
        let Some(running) = self.running.remove(&attempt) else {
            return;
        };
        let now = self.now();
        let outcome = match &result {
            Ok(_) => DialOutcome::Success,
            Err(HandshakeError::WrongPeer) => DialOutcome::WrongPeer,
            Err(HandshakeError::NoProof) => DialOutcome::Failure,
        };
        self.dialer.dialed(attempt, outcome, now);
        // What was learned is there for the next dial, and for whoever else asks.
        if outcome == DialOutcome::Success {
            let Ok(_) = self.book.connected(&running.peer);
        }
        let Ok(_) = self.book.dialed(&running.peer, &running.address, outcome);
        self.connections.extend(result.ok());
    }

    /// The book has something new: whoever is waiting for it gets it at once.
    fn learn(&mut self, change: &Event) {
        if let Some(peer) = change.peer() {
            let Ok(candidates) = self.book.candidates(peer);
            let looking = self.looking.get(peer).copied().unwrap_or_default();
            let now = self.now();
            self.dialer.candidates(peer, candidates, looking, now);
        }
    }

    fn answer(&mut self, request: RequestId, answer: Result<Multiaddr, ConnectError>) {
        if let Some(caller) = self.open.remove(&request) {
            // Who does not wait any more is not interested.
            let _ = caller.send(answer);
        }
    }
}

async fn dial(address: &Multiaddr, peer: &PeerId) -> Result<TcpStream, HandshakeError> {
    let Some(address) = socket_address(address) else {
        return Err(HandshakeError::NoProof);
    };
    let mut stream = TcpStream::connect(address).await?;
    handshake::ask(&mut stream, handshake::nonce(), peer).await?;
    Ok(stream)
}

fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    use multiaddr::Protocol;

    let mut components = address.iter();
    match (components.next()?, components.next()?, components.next()) {
        (Protocol::Ip4(ip), Protocol::Tcp(port), None) => Some((ip, port).into()),
        (Protocol::Ip6(ip), Protocol::Tcp(port), None) => Some((ip, port).into()),
        _ => None,
    }
}
