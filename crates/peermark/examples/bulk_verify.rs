//! Verifies a file of envelopes, a line of hex digits or base64 for each, on all cores.
//!
//! `cargo run -p peermark --release --example bulk_verify -- records.txt`

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

/// So many are verified at a time: enough to keep all cores busy, and no more than is read soon.
const BATCH: usize = 4_096;

/// Returns how many lines verify, and how many do not.
fn count(lines: impl BufRead) -> Result<(usize, usize), Box<dyn Error>> {
    let (mut good, mut bad, mut lines) = (0, 0, lines.lines());
    loop {
        let batch: Vec<_> = lines.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            return Ok((good, bad));
        }
        let decode = |line: &String| {
            let line = line.trim().as_bytes();
            HEXLOWER_PERMISSIVE.decode(line).or_else(|_| BASE64.decode(line)).unwrap_or_default()
        };
        let envelopes: Vec<_> = batch.iter().map(decode).collect();
        let verified = peermark::verify_many(&envelopes).iter().filter(|it| it.is_ok()).count();
        good += verified;
        bad += envelopes.len() - verified;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: bulk_verify FILE")?;
    let (good, bad) = count(BufReader::new(File::open(path)?))?;
    writeln!(std::io::stdout(), "{good} records verified, {bad} did not")?;
    Ok(())
}

#[cfg(test)]
#[test]
fn good_and_bad_lines_are_counted() {
    let key = peermark::identity::Keypair::ed25519_from_seed(&[7; 32]);
    let address = "/ip4/192.0.2.1/tcp/4001".parse().unwrap();
    let record = peermark::sign(&key, [address], &peermark::SystemClock).unwrap();
    let (hex, base64) =
        (HEXLOWER_PERMISSIVE.encode(record.as_bytes()), BASE64.encode(record.as_bytes()));
    let mut text = format!("{hex}\n{base64}\njunk\n\n");
    for _ in 0..BATCH {
        text.push_str(&hex);
        text.push('\n');
    }
    assert_eq!(count(text.as_bytes()).unwrap(), (BATCH + 2, 2));
}
