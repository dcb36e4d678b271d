//! The peer book of an async node: in a file, with several tasks, a subscription, a sweeper, metrics, and
//! an orderly end.
//!
//! `cargo run -p peermark --example node -- peers.redb`

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peermark::identity::Keypair;
use peermark::peerstore::{Counters, PrometheusText, Subscription};
use peermark::peerstore_redb::Redb;
use peermark::provenance::Source;
use peermark::{PeerBook, SystemClock};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_blocking};

type Book = Arc<PeerBook<Redb>>;
type Failure = Box<dyn Error + Send + Sync>;

/// Stores the envelopes that the network delivers. What has piled up is stored in one transaction, for a
/// call returns when all of it is durable. That takes milliseconds, so it runs off the runtime's threads.
async fn store(book: Book, mut envelopes: mpsc::Receiver<Vec<u8>>) -> Result<usize, Failure> {
    let (mut batch, mut stored) = (Vec::new(), 0);
    while envelopes.recv_many(&mut batch, 1_000).await > 0 {
        let (book, batch) = (Arc::clone(&book), std::mem::take(&mut batch));
        let answers = spawn_blocking(move || {
            let delivery = book.delivery(Source::PUBSUB);
            book.consume_each(batch.iter().map(|envelope| (&envelope[..], delivery)))
        });
        for answer in answers.await? {
            match answer {
                Ok(applied) => stored += usize::from(applied.outcome.is_held()),
                // A record that does not verify is the sender's fault; a store that fails is ours.
                Err(peermark::peerstore::ConsumeError::Invalid(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(stored)
}

/// Removes what has expired, a bounded number at a time, until `end` says so.
async fn sweep(book: Book, mut end: watch::Receiver<bool>) -> Result<(), Failure> {
    loop {
        // A claim that ends earlier may arrive meanwhile, so look every minute.
        let minute = Duration::from_secs(60);
        let pause = book.until_next_expiry().map_or(minute, |next| next.min(minute));
        tokio::select! {
            _ = end.wait_for(|end| *end) => return Ok(()),
            () = tokio::time::sleep(pause.max(Duration::from_millis(100))) => {}
        }
        let book = Arc::clone(&book);
        spawn_blocking(move || book.sweep(10_000)).await??;
    }
}

/// Counts the changes of all peers until `end` says so.
async fn watch(mut changes: Subscription, mut end: watch::Receiver<bool>) -> usize {
    let mut count = 0;
    loop {
        tokio::select! {
            biased;
            _event = changes.next() => count += 1,
            _ = end.wait_for(|end| *end) => return count,
        }
    }
}

/// Runs a node until its network ends, and returns its metrics.
async fn run(path: &Path, network: mpsc::Receiver<Vec<u8>>) -> Result<String, Failure> {
    let counters = Arc::new(Counters::default());
    let book = Arc::new(PeerBook::builder().metrics(Arc::clone(&counters) as _).open(path)?);
    let (end, ended) = watch::channel(false);
    let changes = book.subscribe_all(|_| {})?;
    let watching = tokio::spawn(watch(changes, ended.clone()));
    let sweeping: JoinHandle<_> = tokio::spawn(sweep(Arc::clone(&book), ended));
    let storing = tokio::spawn(store(Arc::clone(&book), network));

    let stored = storing.await??;
    end.send(true)?;
    sweeping.await??;
    let changed = watching.await?;
    writeln!(std::io::stdout(), "{stored} records stored, {changed} addresses changed")?;

    let metrics = [counters.samples(), book.usage().samples()].concat();
    // All tasks are done, so this is the last one that holds the book.
    let book = Arc::into_inner(book).ok_or("a task holds the book")?;
    spawn_blocking(|| book.close()).await??;
    Ok(PrometheusText(&metrics).to_string())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("usage: node FILE")?;
    let (network, envelopes) = mpsc::channel(10_000);
    let key = Keypair::generate_ed25519()?;
    let record = peermark::sign(&key, ["/ip4/192.0.2.1/tcp/4001".parse()?], &SystemClock)?;
    network.send(record.into_bytes().to_vec()).await?;
    network.send(b"not a record".to_vec()).await?;
    drop(network);
    let metrics = run(Path::new(&path), envelopes).await?;
    write!(std::io::stdout(), "{metrics}")?;
    Ok(())
}

#[cfg(test)]
#[tokio::test]
async fn it_stores_what_verifies_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peers.redb");
    let (network, envelopes) = mpsc::channel(10);
    let key = Keypair::generate_ed25519().unwrap();
    let address = "/ip4/192.0.2.1/tcp/4001".parse().unwrap();
    let record = peermark::sign(&key, [address], &SystemClock).unwrap();
    network.send(record.as_bytes().to_vec()).await.unwrap();
    network.send(b"not a record".to_vec()).await.unwrap();
    drop(network);
    let metrics = run(&path, envelopes).await.unwrap();
    let applied = "peermark_records_applied_total{source=\"pubsub\",outcome=\"inserted\"} 1\n";
    assert!(metrics.contains(applied), "{metrics}");
    assert!(metrics.contains("peermark_records_invalid_total{source=\"pubsub\"} 1\n"));
    assert!(metrics.contains("\npeermark_peers 1\n"));
    let book = PeerBook::builder().open_read_only(&path).unwrap();
    assert!(book.opened().was_closed);
    assert_eq!(book.signed_record(&key.peer_id()).unwrap().as_deref(), Some(record.as_bytes()));
}
