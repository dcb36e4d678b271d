//! Running the program, and records to give it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use data_encoding::HEXLOWER;
use peermark::Multiaddr;
use peermark::identity::Keypair;
use peermark::peer_record::{CertifiedRecord, Dialect, PeerRecord, Seq};
use serde_json::Value;
use tempfile::TempDir;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("output is text")
    }

    /// The lines of the output, each an object.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
    }

    /// Its errors, warnings and notes as text; with `--json` some are objects.
    pub(crate) fn said(&self) -> String {
        let line = |line: &str| match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(object)) => {
                let (kind, message) = object.iter().next().expect("a kind of remark");
                format!("{kind}: {}\n", message.as_str().expect("a message"))
            }
            _ => format!("{line}\n"),
        };
        self.stderr.lines().map(line).collect()
    }

    /// That it went as it should, with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// That it failed with this status, and said these words and no others than a program should.
    #[track_caller]
    pub(crate) fn expect_error(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        for word in words {
            assert!(self.said().contains(word), "no {word:?} in {self:#?}");
        }
        self
    }
}

/// The program, not started yet.
pub(crate) fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peermark"));
    command.args(args).env_remove("CLICOLOR_FORCE").env_remove("RUST_BACKTRACE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program with these arguments on this input.
#[track_caller]
pub(crate) fn peermark<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, stdin: &[u8]) -> Run {
    finish(command(args).spawn().expect("the program starts"), stdin)
}

/// Feeds a running program, and waits for it.
#[track_caller]
pub(crate) fn finish(mut child: Child, stdin: &[u8]) -> Run {
    let mut pipe = child.stdin.take().expect("a pipe");
    let output = thread::scope(|scope| {
        // The program may end without having read everything.
        scope.spawn(move || pipe.write_all(stdin));
        child.wait_with_output().expect("the program ends")
    });
    let stderr = String::from_utf8(output.stderr).expect("errors are text");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!stderr.contains('\x1b'), "a terminal is safe: {stderr:?}");
    let status = output.status.code().expect("no signal");
    Run { status, stdout: output.stdout, stderr }
}

/// A folder for one test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        path
    }
}

/// Arguments of which some are paths.
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => { [$(std::ffi::OsString::from($arg)),*] };
}

/// A file of `tests/data`.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The seed of [`alice`].
pub(crate) const SEED: [u8; 32] = [0x5e; 32];

pub(crate) fn alice() -> Keypair {
    Keypair::ed25519_from_seed(&SEED)
}

/// A record of Alice with two addresses.
pub(crate) fn record(seq: u64) -> CertifiedRecord {
    record_in(Dialect::PeerRecord, seq)
}

pub(crate) fn record_in(dialect: Dialect, seq: u64) -> CertifiedRecord {
    let addresses: [Multiaddr; 2] = ADDRESSES.map(|text| text.parse().expect("an address"));
    let record = PeerRecord::new(alice().peer_id(), Seq::new(seq), addresses);
    record.certify(&alice(), dialect).expect("a record")
}

/// The addresses of [`record`].
pub(crate) const ADDRESSES: [&str; 2] =
    ["/ip4/192.0.2.1/tcp/4001", "/dns/a.example/tcp/443/tls/ws"];

pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// An envelope whose signature does not verify.
pub(crate) fn tampered(seq: u64) -> Vec<u8> {
    let mut bytes = record(seq).as_bytes().to_vec();
    *bytes.last_mut().expect("bytes") ^= 1;
    bytes
}
