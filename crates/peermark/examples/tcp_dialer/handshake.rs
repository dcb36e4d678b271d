//! Proving who is there: the listener signs a number that the dialer chose.
//!
//! This is *not* a secure channel: nothing behind the handshake is encrypted or authenticated, and
//! whoever sits in between can pass it on and take the connection over. It shows what a dialer has
//! to learn, and how an envelope with a purpose of one's own proves it. Use Noise or TLS.

use std::io;

use peermark::envelope::{Envelope, Purpose, purpose};
use peermark::identity::{Keypair, PeerId};
use peermark::peerstore::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the signature is for. A record, or a signature for anything else, does not pass for it.
const PROOF: Purpose = purpose!("peermark-example-handshake", b"/peermark/example/handshake");

/// Bytes of the number that is chosen for each connection, so that a proof is good once.
const NONCE: usize = 32;

/// How a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    /// Somebody else is there.
    WrongPeer,
    /// Nobody is there, or proved anything.
    NoProof,
}

impl From<io::Error> for HandshakeError {
    fn from(_: io::Error) -> Self {
        Self::NoProof
    }
}

/// Asks who is there.
pub(crate) async fn ask(
    stream: &mut TcpStream,
    nonce: [u8; NONCE],
    expected: &PeerId,
) -> Result<(), HandshakeError> {
    stream.write_all(&nonce).await?;
    let len = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(len)];
    stream.read_exact(&mut bytes).await?;
    let envelope = Envelope::decode(&bytes).map_err(|_| HandshakeError::NoProof)?;
    let opened = envelope.open(PROOF).map_err(|_| HandshakeError::NoProof)?;
    if opened.payload() != nonce {
        // A proof for another connection.
        Err(HandshakeError::NoProof)
    } else if opened.signer().peer_id() != *expected {
        Err(HandshakeError::WrongPeer)
    } else {
        Ok(())
    }
}

/// Says who is here.
pub(crate) async fn answer(stream: &mut TcpStream, key: &Keypair) -> io::Result<()> {
    let mut nonce = [0; NONCE];
    stream.read_exact(&mut nonce).await?;
    let envelope = Envelope::seal(PROOF, &nonce, key).map_err(io::Error::other)?;
    let len = u16::try_from(envelope.as_bytes().len()).map_err(io::Error::other)?;
    stream.write_u16(len).await?;
    stream.write_all(envelope.as_bytes()).await
}

/// A number that nobody could foresee.
pub(crate) fn nonce() -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    for half in nonce.chunks_exact_mut(NONCE / 2) {
        half.copy_from_slice(&Secret::random().to_bytes());
    }
    nonce
}
