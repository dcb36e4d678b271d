//! From a keypair and addresses to the bytes of a signed record.

use anyhow::{Context as _, Result, ensure};
use peermark::Multiaddr;
use peermark::envelope::Envelope;
use peermark::identity::{Keypair, PeerIdExt as _};
use peermark::peer_record::{
    CertifiedRecord, Dialect, PEER_RECORD, PeerRecord, Seq, normalize_address,
};
use peermark::wire::PeerRecordMessage;

/// Somebody who seals, with the same key in both forms.
pub(crate) struct Peer {
    ours: Keypair,
    theirs: libp2p_identity::Keypair,
    addresses: Vec<Multiaddr>,
}

impl Peer {
    /// The peer of this Ed25519 seed, which is wiped.
    pub(super) fn new(seed: &mut [u8; 32], addresses: Vec<Multiaddr>) -> Result<Self> {
        let ours = Keypair::ed25519_from_seed(seed);
        let theirs = libp2p_identity::Keypair::ed25519_from_bytes(seed)?;
        Ok(Self { ours, theirs, addresses })
    }
}

/// Signed, and not looked at again: what libp2p-core does.
pub(super) fn ours(peer: &Peer) -> Option<Vec<u8>> {
    let record = record(peer);
    let id = record.peer_id();
    let kept = record.addresses().iter().map(|address| normalize_address(address.as_ref(), &id));
    let kept = kept.collect::<Result<Vec<_>, _>>().ok()?;
    let addresses = kept.iter().map(|address| address.as_bytes());
    let mut payload = Vec::new();
    PeerRecordMessage::encode(&id.multihash_bytes(), record.seq().value(), addresses, &mut payload);
    let envelope = Envelope::seal(PEER_RECORD, &payload, &peer.ours).ok()?;
    Some(envelope.into_bytes().into())
}

/// Signed and then verified, so that a faulty signer is noticed: what issuing a record does.
pub(super) fn ours_checked(peer: &Peer) -> Option<CertifiedRecord> {
    record(peer).certify(&peer.ours, Dialect::PeerRecord).ok()
}

pub(super) fn libp2p_core(peer: &Peer) -> Option<Vec<u8>> {
    let addresses = peer.addresses.clone();
    let record = libp2p_core::PeerRecord::new_interop(&peer.theirs, addresses).ok()?;
    Some(record.into_signed_envelope().into_protobuf_encoding())
}

fn record(peer: &Peer) -> PeerRecord {
    /// In seconds since 1970, as libp2p-core counts: nanoseconds would take five bytes more.
    const SEQ: Seq = Seq::new(1_795_000_000);
    PeerRecord::new(peer.ours.peer_id(), SEQ, peer.addresses.iter().cloned())
}

/// Both seal the same: everything but the sequence number is equal.
pub(super) fn check(peer: &Peer) -> Result<()> {
    let ours = peermark::verify(&ours(peer).context("seal")?)?;
    let checked = ours_checked(peer).context("certify")?;
    let theirs = peermark::verify(&libp2p_core(peer).context("libp2p-core")?)?;
    for other in [checked, theirs] {
        ensure!(ours.peer_id() == other.peer_id(), "peer ids differ");
        ensure!(ours.addresses().eq(other.addresses()), "addresses differ");
        ensure!(ours.as_bytes().len() == other.as_bytes().len(), "lengths differ");
    }
    Ok(())
}
