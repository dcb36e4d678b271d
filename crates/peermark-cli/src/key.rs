//! `peermark key`: make, import and show keys.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use data_encoding::HEXLOWER;
use peermark::identity::{Keypair, PeerId, PeerIdExt as _};
use serde::Serialize;

use crate::failure::{Failure, Status};
use crate::input::Source;
use crate::json::{self, Hex, Text};
use crate::keyfile;
use crate::output::Output;

/// Make, import and show keys
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  peermark key generate --out alice.key
  peermark key import node.pem --out node.key
  peermark key show alice.key --json";

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Generate),
    Import(Import),
    Show(Show),
}

/// Make a new key and print its peer id
///
/// The file gets libp2p's private key message, readable by its owner alone. A file that exists is
/// never overwritten. RSA keys are not made, only imported.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peermark key generate --out alice.key")]
struct Generate {
    /// The kind of key
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = TypeArg::Ed25519)]
    key_type: TypeArg,
    /// The file to create
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print a JSON object, as `key show` does
    #[arg(long)]
    json: bool,
}

/// Import a private key of another program and print its peer id
///
/// Reads PEM or DER, PKCS#8, PKCS#1 or SEC1, or libp2p's private key message, raw or in hex or
/// base64. Encrypted keys are refused: decrypt them first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peermark key import node.pem --out node.key")]
struct Import {
    /// The file to read; `-` is standard input
    file: PathBuf,
    /// The file to create
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print a JSON object, as `key show` does
    #[arg(long)]
    json: bool,
}

/// Show the type, the peer id and the public key of a private key, never the secret
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  peermark key show alice.key --json")]
struct Show {
    /// The file to read; `-` is standard input
    file: PathBuf,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TypeArg {
    /// 64-byte signatures, peer ids that hold the key; the usual choice
    Ed25519,
    /// ECDSA on the curve secp256k1
    Secp256k1,
    /// ECDSA on the curve P-256
    Ecdsa,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    match args.command {
        Command::Generate(args) => {
            let generated = match args.key_type {
                TypeArg::Ed25519 => Keypair::generate_ed25519(),
                TypeArg::Secp256k1 => Keypair::generate_secp256k1(),
                TypeArg::Ecdsa => Keypair::generate_ecdsa(),
            };
            let keypair =
                generated.map_err(|_| Failure::System("the system has no randomness to give"))?;
            keyfile::store(&args.out, &keypair)?;
            announce(&keypair, args.json, &args.out)
        }
        Command::Import(args) => {
            let keypair = keyfile::load(&Source::from_arg(&args.file))?;
            keyfile::store(&args.out, &keypair)?;
            announce(&keypair, args.json, &args.out)
        }
        Command::Show(args) => {
            let keypair = keyfile::load(&Source::from_arg(&args.file))?;
            show(&keypair, args.json)
        }
    }
}

/// The peer id alone: what a script wants to know of a new key. Where that cannot be said, where the
/// key is can be.
fn announce(keypair: &Keypair, json: bool, path: &Path) -> Result<Status, Failure> {
    let said = if json { show(keypair, json) } else { show_peer_id(keypair) };
    said.map_err(|failure| match failure {
        Failure::Output(source) => Failure::Unannounced { key: path.to_owned(), source },
        other => other,
    })
}

fn show_peer_id(keypair: &Keypair) -> Result<Status, Failure> {
    let mut out = Output::stdout();
    writeln!(out, "{}", keypair.peer_id())?;
    out.flush()?;
    Ok(Status::Good)
}

#[derive(Serialize)]
struct Shown<'a> {
    key_type: &'static str,
    peer_id: Text<PeerId>,
    peer_id_cid: &'a str,
    public_key: Hex<'a>,
}

fn show(keypair: &Keypair, json: bool) -> Result<Status, Failure> {
    let mut out = Output::stdout();
    let (key_type, peer_id) = (keypair.key_type().name(), keypair.peer_id());
    let (cid, public_key) = (peer_id.to_cid(), keypair.public_key().encode());
    if json {
        let shown = Shown {
            key_type,
            peer_id: Text(peer_id),
            peer_id_cid: &cid,
            public_key: Hex(&public_key),
        };
        json::line(&mut out, &shown)?;
    } else {
        writeln!(out, "type        {key_type}")?;
        writeln!(out, "peer id     {peer_id}")?;
        writeln!(out, "as CID      {cid}")?;
        writeln!(out, "public key  {}", HEXLOWER.encode_display(&public_key))?;
    }
    out.flush()?;
    Ok(Status::Good)
}
