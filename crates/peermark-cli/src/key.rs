//! `peermark key`: make, import, export and show keys.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use data_encoding::{BASE64, HEXLOWER};
use peermark::identity::{KeyType, Keypair, PeerId, PeerIdExt as _};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::{Failure, Status};
use crate::input::Source;
use crate::json::{self, Hex, Text};
use crate::keyfile;
use crate::output::{self, Output};

/// Make, import, export and show keys
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
  peermark key export alice.key --public
  peermark key show alice.key --json";

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Generate),
    Import(Import),
    Export(Export),
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
/// base64. Encrypted keys are refused: decrypt them first. With --type it also reads a bare secret, as
/// substrate keeps its node keys: 32 bytes, or 64 hex digits.
#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_EXAMPLES)]
struct Import {
    /// The file to read; `-` is standard input
    file: PathBuf,
    /// The kind of key that a bare secret of 32 bytes is
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    key_type: Option<BareArg>,
    /// The file to create
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print a JSON object, as `key show` does
    #[arg(long)]
    json: bool,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  peermark key import node.pem --out node.key
  peermark key import secret_ed25519 --type ed25519 --out node.key";

/// Write a private key in another form, or its public key
///
/// The file is created, readable by its owner alone; one that exists is never overwritten. What is
/// written is libp2p's private key message, which other implementations read as it is (raw) or in base64.
#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_EXAMPLES)]
struct Export {
    /// The file to read; `-` is standard input
    file: PathBuf,
    /// The file to create; a private key is not written to standard output
    #[arg(long, value_name = "FILE", required_unless_present = "public")]
    out: Option<PathBuf>,
    /// Write libp2p's public key message instead, to standard output if there is no --out
    #[arg(long)]
    public: bool,
    /// How to write the key
    #[arg(long, value_enum, default_value_t = ExportFormat::Base64)]
    format: ExportFormat,
    /// Print a JSON object that describes the key, as `key show` does
    #[arg(long, requires = "out")]
    json: bool,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  peermark key export alice.key --out alice.b64
  peermark key export alice.key --public --format hex";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// The bytes of the message
    Raw,
    /// Hex digits and a line end
    Hex,
    /// Base64 and a line end
    Base64,
}

/// The kinds of key of which 32 bytes are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BareArg {
    /// A seed
    Ed25519,
    /// A scalar
    Secp256k1,
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
            let source = Source::from_arg(&args.file);
            let keypair = match args.key_type {
                None => keyfile::load(&source)?,
                Some(BareArg::Ed25519) => keyfile::load_bare(&source, KeyType::Ed25519)?,
                Some(BareArg::Secp256k1) => keyfile::load_bare(&source, KeyType::Secp256k1)?,
            };
            keyfile::store(&args.out, &keypair)?;
            announce(&keypair, args.json, &args.out)
        }
        Command::Export(args) => export(&args),
        Command::Show(args) => {
            let keypair = keyfile::load(&Source::from_arg(&args.file))?;
            show(&keypair, args.json)
        }
    }
}

fn export(args: &Export) -> Result<Status, Failure> {
    let keypair = keyfile::load(&Source::from_arg(&args.file))?;
    let encode = |bytes: &[u8]| match args.format {
        ExportFormat::Raw => bytes.to_vec(),
        ExportFormat::Hex => format!("{}\n", HEXLOWER.encode(bytes)).into_bytes(),
        ExportFormat::Base64 => format!("{}\n", BASE64.encode(bytes)).into_bytes(),
    };
    let stdout = ["-", "/dev/stdout"].map(Path::new);
    match args.out.as_deref().filter(|path| !(args.public && stdout.contains(path))) {
        Some(path) if args.public => {
            keyfile::create(path, &encode(&keypair.public_key().encode()))?;
        }
        Some(path) => keyfile::create(path, &Zeroizing::new(encode(&keypair.encode())))?,
        None if args.format == ExportFormat::Raw && output::is_terminal() => {
            let message = "raw bytes would go to the terminal: use --format hex, or --out FILE";
            return Err(Failure::Usage(message.to_owned()));
        }
        None => {
            let mut out = Output::stdout();
            out.write_all(&encode(&keypair.public_key().encode()))?;
            out.flush()?;
        }
    }
    if args.json { show(&keypair, true) } else { Ok(Status::Good) }
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
