//! `peermark demo`: the story, in two screens.
//!
//! A list of scenes, told in order by a [`Narrator`] who checks what he tells: where something is
//! not as told, the program says so and ends with status 1. Keys and sequence numbers are fixed, so
//! that the story is the same each time.

mod book;
mod narrator;
mod plans;
mod records;

use data_encoding::HEXLOWER;
use peermark::envelope::{Envelope, Purpose, purpose};
use peermark::identity::Keypair;
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord, Seq, Stage, parse_address};
use peermark::wire::{EnvelopeMessage, KeyMessage, Writer};
use tempfile::TempDir;

use crate::failure::{Failure, Status};
use crate::output::Output;
use narrator::Narrator;

/// Tell the story: sign, relay, verify, refuse; keep, replace, restart, let nothing back in
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

const EXAMPLES: &str = "\
Examples:
  peermark demo
  peermark demo > story.txt || echo \"it did not go as told\"";

/// What is told, in this order.
const SCENES: &[Scene] = &[
    signing,
    relaying,
    receiving,
    refusing,
    reading_others,
    book::keeping,
    book::replacing,
    book::contradicting,
    book::restarting,
    book::expiring,
    book::replaying,
    plans::planning,
];

/// A scene tells through the narrator and leaves the world as the next scene finds it.
type Scene = fn(&mut World, &mut Narrator) -> Result<(), Failure>;

/// Who there is, and what is under way.
struct World {
    alice: Keypair,
    mallory: Keypair,
    /// What Alice signed.
    signed: CertifiedRecord,
    /// What arrives at Bob's.
    relayed: Vec<u8>,
    /// What Bob keeps, in a file.
    book: book::Book,
    /// Where the file is; nothing of it stays.
    folder: TempDir,
}

/// Runs the command.
pub(crate) fn run(_: Args) -> Result<Status, Failure> {
    let mut narrator = Narrator::new(Output::stdout());
    let mut world = World::new()?;
    for scene in SCENES {
        scene(&mut world, &mut narrator)?;
    }
    narrator.finish()
}

impl World {
    fn new() -> Result<Self, Failure> {
        let alice = Keypair::ed25519_from_seed(&[0xa1; 32]);
        let mallory = Keypair::ed25519_from_seed(&[0x3a; 32]);
        let mut addresses = Vec::new();
        for text in ["/ip4/192.0.2.1/udp/4001/quic-v1", "/dns/alice.example/tcp/443/tls/ws"] {
            addresses.push(parse_address(text).map_err(broken)?);
        }
        let record = PeerRecord::new(alice.peer_id(), Seq::new(1), addresses);
        let signed = record.certify(&alice, Dialect::PeerRecord).map_err(broken)?;
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::file("use", &std::env::temp_dir(), error))?;
        let book = book::open(folder.path(), book::noon())?;
        Ok(Self { alice, mallory, signed, relayed: Vec::new(), book, folder })
    }
}

fn signing(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    let record = &world.signed;
    narrator.scene("Alice signs where she listens")?;
    narrator.tell("peer", record.peer_id())?;
    for address in record.addresses() {
        narrator.tell("address", address)?;
    }
    let (seq, len) = (record.seq(), record.as_bytes().len());
    narrator.tell("record", format_args!("seq {seq}, {len} bytes, dialect {}", record.dialect()))
}

fn relaying(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Mallory relays it, and attaches a field of his own")?;
    world.relayed = world.signed.as_bytes().to_vec();
    Writer::new(&mut world.relayed).bytes(15, b"mallory was here");
    let canonical = Envelope::decode(&world.relayed).map_err(broken)?;
    let (sent, kept) = (world.relayed.len(), canonical.as_bytes().len());
    narrator.tell("sent", format_args!("{sent} bytes"))?;
    narrator.tell("canonical", format_args!("{kept} bytes, what Alice signed and nothing else"))?;
    narrator.check(canonical.as_bytes() == world.signed.as_bytes())
}

fn receiving(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Bob gets it from Mallory, whom he does not trust")?;
    let record = narrator.expect_verified(&world.relayed)?;
    narrator.check(record.is_some_and(|record| record == world.signed))
}

fn refusing(world: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    /// A real purpose of libp2p that has nothing to do with addresses.
    const VOUCHER: Purpose = purpose!("libp2p-relay-rsvp", &[0x03, 0x02]);
    /// The same domain under the payload type of a peer record: a relabelled voucher.
    const RELABELLED: Purpose = purpose!("libp2p-relay-rsvp", &[0x03, 0x01]);

    narrator.scene("Mallory tries more")?;
    let signed = world.signed.as_bytes();
    let payload = world.signed.payload();

    // The last byte of an address: somebody else's port.
    let mut tampered = signed.to_vec();
    let at = world.signed.opened().payload_range().end.saturating_sub(1);
    if let Some(byte) = tampered.get_mut(at) {
        *byte ^= 1;
    }
    narrator.expect_refused("one bit of an address flipped", &tampered, Stage::Signature)?;

    let voucher = Envelope::seal(VOUCHER, payload, &world.alice).map_err(broken)?;
    let text = "Alice's signature for another purpose";
    narrator.expect_refused(text, voucher.as_bytes(), Stage::PayloadType)?;

    let relabelled = Envelope::seal(RELABELLED, payload, &world.alice).map_err(broken)?;
    let text = "the same, relabelled as a peer record: wrong domain";
    narrator.expect_refused(text, relabelled.as_bytes(), Stage::Signature)?;

    let purpose = Dialect::PeerRecord.purpose();
    let forged = Envelope::seal(purpose, payload, &world.mallory).map_err(broken)?;
    let text = "a record naming Alice, with Mallory's key and signature";
    narrator.expect_refused(text, forged.as_bytes(), Stage::PeerId)?;

    let text = "the neutral point as key, whose \"signatures\" fit everything";
    narrator.expect_refused(text, &signed_by_nobody(payload), Stage::Key)
}

/// An envelope with a key of low order: verifiers that allow such keys accept this signature for
/// every message.
fn signed_by_nobody(payload: &[u8]) -> Vec<u8> {
    /// The neutral element of the group, encoded.
    const NEUTRAL: [u8; 32] = {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes
    };
    let mut signature = NEUTRAL.to_vec();
    signature.resize(64, 0);
    let message = EnvelopeMessage {
        public_key: KeyMessage { key_type: peermark::wire::key_type::ED25519, data: &NEUTRAL },
        payload_type: Dialect::PeerRecord.purpose().payload_type(),
        payload,
        signature: &signature,
    };
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

fn reading_others(_: &mut World, narrator: &mut Narrator) -> Result<(), Failure> {
    narrator.scene("Bob reads what other implementations sign")?;
    for (name, hex) in records::OTHERS {
        let bytes = HEXLOWER.decode(hex.as_bytes()).unwrap_or_default();
        narrator.expect_others(name, &bytes)?;
    }
    Ok(())
}

/// What the library makes of fixed input cannot fail; if it does, that is the end of the story.
fn broken(error: impl std::error::Error) -> Failure {
    Failure::Refused(format!("the demo is broken: {error}"))
}
