//! One operation, again and again: for counting the instructions of one.

use std::hint::black_box;

use anyhow::{Result, ensure};

use super::contenders::{LONG, NOW, SOURCE, apply, our_store, read_ours};
use super::peers::Peers;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What is done.
    operation: Operation,
    /// How often.
    times: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Operation {
    /// The stored record once more, from its bytes.
    Repeat,
    /// Finding a peer and reading its addresses.
    Lookup,
    /// A record of a peer that is not there, and forgetting the peer again.
    InsertAndForget,
}

/// Peers beside the one that is asked for.
const PEERS: usize = 100;

/// Runs the operation as often as it says.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let peers = Peers::new(PEERS)?;
    let store = our_store(PEERS);
    for record in peers.all() {
        ensure!(apply(&store, record, LONG).outcome.is_held(), "a record was not stored");
    }
    let (peer, bytes) = (peers.id(1), peers.at(1).as_bytes());
    for _ in 0..arguments.times {
        match arguments.operation {
            Operation::Repeat => {
                ensure!(black_box(store.consume(bytes, &SOURCE, LONG, NOW)).is_ok(), "refused");
            }
            Operation::InsertAndForget => {
                let Ok(_) = store.forget(&peer, NOW);
                ensure!(black_box(apply(&store, peers.at(1), LONG)).outcome.is_held(), "refused");
            }
            Operation::Lookup => ensure!(black_box(read_ours(&store, &peer)).is_some(), "gone"),
        }
    }
    Ok(())
}
