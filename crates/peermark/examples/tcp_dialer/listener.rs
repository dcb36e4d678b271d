//! Listeners that prove who they are, or say nothing, and count who came.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peermark::Multiaddr;
use peermark::identity::Keypair;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::handshake;

/// Somebody who listens on a port of this host, until dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    address: Multiaddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Listens, and proves to everybody that `key`'s peer is here.
    pub(crate) async fn start(key: Arc<Keypair>) -> io::Result<Self> {
        Self::with(Some(key)).await
    }

    /// Listens, and says nothing to anybody.
    pub(crate) async fn silent() -> io::Result<Self> {
        Self::with(None).await
    }

    async fn with(key: Option<Arc<Keypair>>) -> io::Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let port = socket.local_addr()?.port();
        let address = format!("/ip4/127.0.0.1/tcp/{port}").parse().map_err(io::Error::other)?;
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = socket.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let key = key.clone();
                open.push(tokio::spawn(async move {
                    if let Some(key) = key {
                        // Whoever asks and goes away is no trouble.
                        let _ = handshake::answer(&mut stream, &key).await;
                    }
                    // Open as long as the listener is.
                    std::future::pending::<()>().await;
                }));
            }
        });
        Ok(Self { address, connections, task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &Multiaddr {
        &self.address
    }

    /// How many connections reached it. Where none did, no byte arrived.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}
