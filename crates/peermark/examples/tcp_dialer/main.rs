//! A real dialer on top of the coordinator, the store and the facade: TCP on loopback, by tokio.
//!
//! Alice listens on one port and has signed it; an impostor listens on another, of which a stranger
//! says that it is Alice's. Bob dials her under two policies, and looks at who heard of it.
//!
//! `cargo run -p peermark --example tcp_dialer`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod handshake;
mod listener;
mod node;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use peermark::dial_policy::{Any, CertifiedOnly, Scopes};
use peermark::identity::Keypair;
use peermark::provenance::Source;
use peermark::{PeerBook, SystemClock};

use listener::Listener;
use node::Node;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let alice = Arc::new(Keypair::generate_ed25519()?);
    let mallory = Arc::new(Keypair::generate_ed25519()?);
    let peer = alice.peer_id();
    let hers = Listener::start(Arc::clone(&alice)).await?;
    let impostor = Listener::start(mallory).await?;

    let book = Arc::new(PeerBook::in_memory());
    let record = peermark::sign(&*alice, [hers.address().clone()], &SystemClock)?;
    let _ = book.consume(record.as_bytes(), &Source::DHT)?;
    let _ = book.report(&peer, &[impostor.address().clone()], &Source::DHT)?;

    let node = Node::start(Arc::clone(&book))?;
    let patience = Duration::from_secs(5);
    let strict = node
        .connect(peer, Arc::new(CertifiedOnly::default().with_scopes(Scopes::LOOPBACK)), patience)
        .await?;
    println!("certified-only reached {peer} at {strict}");
    println!("{} connections reached the impostor", impostor.connections());

    let tolerant = node
        .connect(peer, Arc::new(Any::default().with_scopes(Scopes::LOOPBACK)), patience)
        .await?;
    println!("any was answered by the connection that was there, at {tolerant}");
    println!("{}", book.plan(&peer, &Any::default().with_scopes(Scopes::LOOPBACK))?);

    // Carol's record leads to a port that says nothing; while Bob waits, her next one arrives.
    let carol = Arc::new(Keypair::generate_ed25519()?);
    let (silent, hers) = (Listener::silent().await?, Listener::start(Arc::clone(&carol)).await?);
    let signed = |addresses| peermark::sign(&*carol, addresses, &SystemClock);
    let (old, new) =
        (signed(vec![silent.address().clone()])?, signed(vec![hers.address().clone()])?);
    let _ = book.consume(old.as_bytes(), &Source::DHT)?;
    let policy = Arc::new(CertifiedOnly::default().with_scopes(Scopes::LOOPBACK));
    let dial = node.connect_and_wait(carol.peer_id(), policy, patience);
    let learn = async {
        while silent.connections() == 0 {
            tokio::task::yield_now().await;
        }
        book.consume(new.as_bytes(), &Source::PUBSUB)
    };
    let (reached, learned) = tokio::join!(dial, learn);
    println!("carol: {}, then reached at {}", learned?.outcome.kind(), reached?);
    Ok(())
}
