//! Private keys in files: the one place of this program that touches secrets.
//!
//! What is written is libp2p's `PrivateKey` message, readable by its owner alone, and never over
//! something that is there. What is read may also be PEM, DER, or hex or base64 of either; which
//! one it is shows in the first bytes.
//!
//! Buffers of this module are wiped when they are dropped. What standard input and the system keep
//! on the way is not.

mod guard;

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use peermark::identity::{KeyType, Keypair, PrivateKeyError};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::format::{decode_text, is_text, squeeze};
use crate::input::Source;
use crate::output;

pub(crate) use guard::{Likeness, is_key_shaped, private_key_in};

/// The largest key file that is read. An RSA key of 4096 bits takes 3.3 KB as PEM; a file may hold
/// certificates beside it.
pub(crate) const MAX_FILE: usize = 64 * 1024;

/// Reads a private key in any of the forms.
pub(crate) fn load(source: &Source) -> Result<Keypair, Failure> {
    let bytes = read(source)?;
    warn_if_shared(source);
    decode(&bytes)
        .map_err(|error| Failure::Refused(format!("no private key in {}: {error}", source.name())))
}

/// Reads a bare secret of this type: 32 bytes, or 64 hex digits; or a key in any of the other forms that
/// is of this type.
pub(crate) fn load_bare(source: &Source, key_type: KeyType) -> Result<Keypair, Failure> {
    let bytes = read(source)?;
    warn_if_shared(source);
    let refused =
        |reason: String| Failure::Refused(format!("no private key in {}: {reason}", source.name()));
    let Some(secret) = bare(&bytes) else {
        let keypair = decode(&bytes).map_err(refused)?;
        if keypair.key_type() != key_type {
            let found = keypair.key_type().name();
            return Err(refused(format!("it is of type {found}, not {}", key_type.name())));
        }
        return Ok(keypair);
    };
    match key_type {
        KeyType::Secp256k1 => {
            Keypair::secp256k1_from_secret(&secret).map_err(|error| refused(error.to_string()))
        }
        _ => Ok(Keypair::ed25519_from_seed(&secret)),
    }
}

/// 32 bytes as they are, or as hex digits.
fn bare(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    if bytes.len() == secret.len() {
        secret.copy_from_slice(bytes);
        return Some(secret);
    }
    let text = Zeroizing::new(squeeze(bytes));
    let digits = text.strip_prefix(b"0x").unwrap_or(&text);
    if digits.len() != 64 {
        return None;
    }
    HEXLOWER_PERMISSIVE.decode_mut(digits, &mut *secret).ok()?;
    Some(secret)
}

/// Writes a private key to a new file.
pub(crate) fn store(path: &Path, keypair: &Keypair) -> Result<(), Failure> {
    create(path, &keypair.encode())
}

/// Writes a new file that its owner alone can read.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Err(Failure::Usage("a private key goes into a file, not to a pipe".to_owned()));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| Failure::file("create", path, error))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a key is worse than none: the file would be in the way of the next attempt.
        drop(file);
        let _ = std::fs::remove_file(path);
        Failure::file("write", path, error)
    })
}

fn read(source: &Source) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut input = source.open()?;
    // All of it at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(vec![0; MAX_FILE.saturating_add(1)]);
    let mut len = 0usize;
    loop {
        match input.read(bytes.get_mut(len..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(read) => len = len.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(source.unreadable(error)),
        }
    }
    if len > MAX_FILE {
        let name = source.name();
        return Err(Failure::Refused(format!("{name} exceeds {MAX_FILE} bytes: it is no key")));
    }
    bytes.truncate(len);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<Keypair, String> {
    let reason = |error: PrivateKeyError| error.to_string();
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !is_text(bytes) && !contains(bytes, b"-----BEGIN ") {
        return decode_binary(bytes).map_err(reason);
    }
    if contains(bytes, b"-----BEGIN OPENSSH PRIVATE KEY-----") {
        return Err("the format of OpenSSH is not read, only PKCS#8, PKCS#1 and SEC1".to_owned());
    }
    if contains(bytes, b"-----BEGIN ") {
        return Keypair::from_pem(bytes).map_err(reason);
    }
    let text = Zeroizing::new(squeeze(bytes));
    let mut decoded = Zeroizing::new(Vec::new());
    // The defect would show a character of the secret.
    decode_text(&text, None, &mut decoded).map_err(|_| "neither PEM, hex nor base64".to_owned())?;
    decode_binary(&decoded).map_err(reason)
}

/// A libp2p message starts with the tag `08` or `12`, DER with the tag of a sequence.
fn decode_binary(bytes: &[u8]) -> Result<Keypair, PrivateKeyError> {
    /// The tag of a DER SEQUENCE.
    const SEQUENCE: u8 = 0x30;
    if bytes.first() != Some(&SEQUENCE) {
        return Keypair::decode(bytes);
    }
    let mut result = Keypair::from_pkcs8_der(bytes);
    for other in [Keypair::from_pkcs1_der, Keypair::from_sec1_der] {
        // Only a file that is not this structure may be another.
        if matches!(result, Err(PrivateKeyError::Container(_))) {
            result = match other(bytes) {
                Err(PrivateKeyError::Container(_)) => result,
                found => found,
            };
        }
    }
    result
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[cfg(unix)]
fn warn_if_shared(source: &Source) {
    use std::os::unix::fs::PermissionsExt;
    let Source::File(path) = source else { return };
    let mode = path.metadata().map(|file| file.permissions().mode() & 0o777).unwrap_or_default();
    if mode & 0o077 != 0 {
        output::warning(format_args!(
            "{path:?} has mode {mode:03o}: others than its owner may use it"
        ));
    }
}

#[cfg(not(unix))]
fn warn_if_shared(_: &Source) {}
