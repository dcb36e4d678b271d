//! The example's dialer, over real sockets on loopback: store, facade, policy and coordinator.

use std::sync::Arc;
use std::time::Duration;

use peermark::dial_policy::{Any, CertifiedFirst, CertifiedOnly, Scopes};
use peermark::dialer::{Cause, Failure};
use peermark::identity::{Keypair, PeerId};
use peermark::provenance::{Source, TrustClass};
use peermark::{Multiaddr, PeerBook, SystemClock};

use crate::listener::Listener;
use crate::node::{ConnectError, Node};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Alice, what Bob knows, and Bob's node.
struct World {
    alice: Arc<Keypair>,
    book: Arc<PeerBook>,
    node: Node,
}

impl World {
    fn new() -> Self {
        let alice = Arc::new(Keypair::generate_ed25519().unwrap());
        let book = Arc::new(PeerBook::in_memory());
        let node = Node::start(Arc::clone(&book)).unwrap();
        Self { alice, book, node }
    }

    fn peer(&self) -> PeerId {
        self.alice.peer_id()
    }

    /// Alice signs these addresses, and a stranger delivers her record.
    fn certify(&self, addresses: &[&Multiaddr]) {
        let addresses = addresses.iter().copied().cloned();
        let record = peermark::sign(&*self.alice, addresses, &SystemClock).unwrap();
        let applied = self.book.consume(record.as_bytes(), &Source::DHT).unwrap();
        assert!(applied.outcome.is_held());
    }

    /// A stranger says that Alice is there.
    fn hear(&self, address: &Multiaddr) {
        let heard =
            self.book.report(&self.peer(), std::slice::from_ref(address), &Source::DHT).unwrap();
        assert_eq!(heard.added, 1);
    }

    async fn listen(&self) -> Listener {
        Listener::start(Arc::clone(&self.alice)).await.unwrap()
    }
}

async fn impostor() -> Listener {
    Listener::start(Arc::new(Keypair::generate_ed25519().unwrap())).await.unwrap()
}

/// An address of this host at which nobody listens any more.
async fn refused() -> Multiaddr {
    Listener::silent().await.unwrap().address().clone()
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

#[test]
fn d7_certified_only_never_touches_an_uncertified_port() {
    run(async {
        let world = World::new();
        let (hers, impostor) = (world.listen().await, impostor().await);
        world.certify(&[hers.address()]);
        world.hear(impostor.address());
        let policy = Arc::new(CertifiedOnly::default().with_scopes(Scopes::LOOPBACK));
        let reached = world.node.connect(world.peer(), policy, PATIENCE).await.unwrap();
        assert_eq!(reached, *hers.address());
        assert_eq!((hers.connections(), impostor.connections()), (1, 0));
    });
}

#[test]
fn d7_certified_only_fails_rather_than_ask_a_stranger() {
    run(async {
        let world = World::new();
        let (nobody, hers) = (refused().await, world.listen().await);
        world.certify(&[&nobody]);
        // She is there, but only a stranger says so.
        world.hear(hers.address());
        let policy = Arc::new(CertifiedOnly::default().with_scopes(Scopes::LOOPBACK));
        let failed = world.node.connect(world.peer(), policy, PATIENCE).await.unwrap_err();
        let ConnectError::Dial(error) = failed else { panic!("{failed}") };
        assert_eq!(error.cause, Cause::AllFailed);
        assert!(error.addresses.contains(&(nobody, Failure::Failed)), "{error}");
        assert_eq!(hers.connections(), 0);
    });
}

#[test]
fn d2_certified_first_falls_back_when_all_certified_ones_failed() {
    run(async {
        let world = World::new();
        let (nobody, hers) = (refused().await, world.listen().await);
        world.certify(&[&nobody]);
        world.hear(hers.address());
        let policy = Arc::new(CertifiedFirst::default().with_scopes(Scopes::LOOPBACK));
        let reached = world.node.connect(world.peer(), policy, PATIENCE).await.unwrap();
        assert_eq!(reached, *hers.address());
    });
}

#[test]
fn c5_an_impostor_fails_its_own_address_alone() {
    run(async {
        let world = World::new();
        let (hers, impostor) = (world.listen().await, impostor().await);
        world.hear(impostor.address());
        world.hear(hers.address());
        let reached = world
            .node
            .connect(world.peer(), Arc::new(Any::default().with_scopes(Scopes::LOOPBACK)), PATIENCE)
            .await;
        assert_eq!(reached.unwrap(), *hers.address());
        // What was learned is in the book (P6).
        let known = world.book.addresses(&world.peer()).unwrap();
        let hers = known.iter().find(|known| known.address == *hers.address()).unwrap();
        assert_eq!(hers.class, TrustClass::Dialed);
    });
}

#[test]
fn c1_two_dials_of_different_tolerance_both_end_right() {
    run(async {
        let world = World::new();
        // What is certified says nothing for as long as a dial lasts; a stranger's word leads there.
        let (silent, hers) = (Listener::silent().await.unwrap(), world.listen().await);
        world.certify(&[silent.address()]);
        world.hear(hers.address());
        let strict = Arc::new(CertifiedOnly::default().with_scopes(Scopes::LOOPBACK));
        let strict = world.node.connect(world.peer(), strict, PATIENCE);
        let tolerant = world.node.connect(
            world.peer(),
            Arc::new(Any::default().with_scopes(Scopes::LOOPBACK)),
            PATIENCE,
        );
        let (strict, tolerant) = tokio::join!(strict, tolerant);
        // The tolerant one does not wait for the strict one, and does not satisfy it.
        assert_eq!(tolerant.unwrap(), *hers.address());
        let ConnectError::Dial(error) = strict.unwrap_err() else { panic!("a dial") };
        assert_eq!(error.cause, Cause::AllFailed);
        assert_eq!((silent.connections(), hers.connections()), (1, 1));
    });
}

#[test]
fn c2_an_address_that_is_learned_in_the_middle_is_used() {
    run(async {
        let world = World::new();
        let (silent, hers) = (Listener::silent().await.unwrap(), world.listen().await);
        world.certify(&[silent.address()]);
        let strict = Arc::new(CertifiedOnly::default().with_scopes(Scopes::LOOPBACK));
        let dial = world.node.connect_and_wait(world.peer(), strict, PATIENCE);
        let learn = async {
            while silent.connections() == 0 {
                tokio::task::yield_now().await;
            }
            // The dial is under way; now she signs where she really is.
            world.certify(&[silent.address(), hers.address()]);
        };
        let (reached, ()) = tokio::join!(dial, learn);
        assert_eq!(reached.unwrap(), *hers.address());
    });
}

#[test]
fn c1_a_second_request_is_answered_by_the_connection_that_is_there() {
    run(async {
        let world = World::new();
        let hers = world.listen().await;
        world.certify(&[hers.address()]);
        for _ in 0..3 {
            let policy = Arc::new(CertifiedFirst::default().with_scopes(Scopes::LOOPBACK));
            let reached = world.node.connect(world.peer(), policy, PATIENCE).await.unwrap();
            assert_eq!(reached, *hers.address());
        }
        assert_eq!(hers.connections(), 1);
    });
}
