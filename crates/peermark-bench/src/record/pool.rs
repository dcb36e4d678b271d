//! The records, and that every contender is right about them.

use anyhow::{Result, ensure};
use peermark::Multiaddr;
use peermark::envelope::Purpose;
use peermark::identity::Keypair;
use peermark::peer_record::{Dialect, PeerRecord};
use peermark::wire::{EnvelopeMessage, varint};

use super::contenders as run;
use super::sealing::Peer;
use super::{decoders, sealing};
use crate::nodes::{addresses, secret};

/// Records in a pool. A power of two, so that [`Pool::at`] costs nothing.
pub(crate) const RECORDS: usize = 256;

/// All records of the suite.
pub(crate) struct Pools {
    pub(super) ed25519: Pool,
    pub(super) ed25519_routing_state: Pool,
    pub(super) secp256k1: Pool,
    pub(super) ecdsa: Pool,
    pub(super) rsa2048: Pool,
    pub(super) peers: Peers,
}

/// Records of one key type in one dialect.
pub(crate) struct Pool {
    pub(super) dialect: Dialect,
    samples: Vec<Sample>,
}

/// A record, whole and in the parts that a bare signature check wants.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(super) envelope: Vec<u8>,
    /// The `PublicKey` message.
    pub(super) key_message: Vec<u8>,
    /// What the key is in that message.
    pub(super) key: Vec<u8>,
    pub(super) signed_bytes: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// A decoder of [`decoders`], its visitor erased.
type Decoder = fn(&[u8], &mut dyn FnMut(&[u8])) -> Option<u64>;

/// Those who seal records.
pub(crate) struct Peers(Vec<Peer>);

impl Pools {
    /// Makes the records and checks every contender on all of them.
    pub(crate) fn new() -> Result<Self> {
        use Dialect::{PeerRecord, RoutingState};

        let rsa = [
            include_str!("../../keys/rsa2048-0.pem"),
            include_str!("../../keys/rsa2048-1.pem"),
            include_str!("../../keys/rsa2048-2.pem"),
            include_str!("../../keys/rsa2048-3.pem"),
        ];
        let ed25519 = |n| Ok(Keypair::ed25519_from_seed(&secret(n)));
        let pools = Self {
            ed25519: Pool::new(PeerRecord, ed25519)?,
            ed25519_routing_state: Pool::new(RoutingState, ed25519)?,
            secp256k1: Pool::new(PeerRecord, |n| Ok(Keypair::secp256k1_from_secret(&secret(n))?))?,
            ecdsa: Pool::new(PeerRecord, |_| Ok(Keypair::generate_ecdsa()?))?,
            rsa2048: Pool::new(PeerRecord, |n| Ok(Keypair::from_pem(rsa[n % rsa.len()])?))?,
            peers: Peers(
                (0..RECORDS)
                    .map(|n| Peer::new(&mut secret(n), addresses(n)))
                    .collect::<Result<_>>()?,
            ),
        };
        pools.ed25519.check(run::bare_ed25519)?;
        pools.ed25519_routing_state.check(run::bare_ed25519)?;
        pools.secp256k1.check(run::bare_secp256k1)?;
        pools.ecdsa.check(run::bare_ecdsa)?;
        pools.rsa2048.check(run::bare_rsa)?;
        pools.peers.0.iter().try_for_each(sealing::check)?;
        Ok(pools)
    }
}

impl Peers {
    /// The peer for the operation with this number.
    pub(super) fn at(&self, number: usize) -> &Peer {
        &self.0[number % RECORDS]
    }
}

impl Pool {
    fn new(dialect: Dialect, keypair: impl Fn(usize) -> Result<Keypair>) -> Result<Self> {
        let sample = |n| Sample::new(&keypair(n)?, dialect, n);
        Ok(Self { dialect, samples: (0..RECORDS).map(sample).collect::<Result<_>>()? })
    }

    /// The record for the operation with this number.
    pub(super) fn at(&self, number: usize) -> &Sample {
        &self.samples[number % RECORDS]
    }

    /// Every contender accepts every record, reads the same out of it, and refuses it with another
    /// signature.
    fn check(&self, bare: impl Fn(&Sample) -> bool) -> Result<()> {
        for (n, sample) in self.samples.iter().enumerate() {
            let ours = run::ours(sample)?;
            let theirs = run::libp2p_core(sample, self.dialect)?;
            ensure!(ours.dialect() == self.dialect, "dialect");
            ensure!(ours.peer_id() == theirs.peer_id(), "peer ids differ");
            ensure!(ours.seq().value() == theirs.seq(), "sequence numbers differ");
            ensure!(ours.addresses().map(Multiaddr::from).eq(addresses(n)), "addresses differ");
            ensure!(theirs.addresses() == addresses(n), "addresses differ");
            ensure!(bare(sample) && run::verify_only(sample), "bare check refuses");

            let decoded = |decoder: Decoder| {
                let mut fields = Vec::new();
                let seq = decoder(&sample.envelope, &mut |field| fields.push(field.to_vec()));
                (seq, fields)
            };
            let expected = decoded(|bytes, visit| decoders::ours(bytes, visit));
            ensure!(expected.0 == Some(theirs.seq()) && expected.1.len() == 9, "decoded");
            ensure!(expected == decoded(|bytes, visit| decoders::prost(bytes, visit)), "prost");
            ensure!(
                expected == decoded(|bytes, visit| decoders::quick_protobuf(bytes, visit)),
                "quick-protobuf"
            );

            let tampered = sample.tampered();
            ensure!(run::ours(&tampered).is_err(), "ours accepts what was tampered with");
            ensure!(run::libp2p_core(&tampered, self.dialect).is_err(), "libp2p-core accepts it");
            ensure!(!bare(&tampered) && !run::verify_only(&tampered), "a bare check accepts it");
        }
        Ok(())
    }
}

impl Sample {
    fn new(keypair: &Keypair, dialect: Dialect, n: usize) -> Result<Self> {
        // Nanoseconds since 1970, as go-libp2p counts.
        let seq = 1_795_000_000_000_000_000 + n as u64;
        let record = PeerRecord::new(keypair.peer_id(), seq.into(), addresses(n));
        let envelope = record.certify(keypair, dialect)?.into_bytes().to_vec();
        let message = EnvelopeMessage::decode(&envelope)?;
        Ok(Self {
            key_message: keypair.public_key().encode(),
            key: message.public_key.data.to_vec(),
            signed_bytes: signed_bytes(dialect.purpose(), message.payload),
            signature: message.signature.to_vec(),
            envelope: envelope.clone(),
        })
    }

    /// The same with one bit of the signature flipped. It is the end of the envelope.
    fn tampered(&self) -> Self {
        let mut tampered = self.clone();
        for bytes in [&mut tampered.envelope, &mut tampered.signature] {
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
        }
        tampered
    }
}

/// What is signed, put together here and not by the library that is measured.
fn signed_bytes(purpose: Purpose, payload: &[u8]) -> Vec<u8> {
    let parts = [purpose.domain().as_bytes(), purpose.payload_type(), payload];
    let with_len = |part: &[u8]| [varint::encode(part.len() as u64).as_ref(), part].concat();
    parts.map(with_len).concat()
}
