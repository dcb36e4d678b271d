//! A row: the entry of one peer, with what tells whether it is what was written (F2).
//!
//! A byte for the version; eight for the [session](Session) that wrote it; eight for when it is due, as
//! it is filed; eight for the checksum, over the id under which it stands and all of the row; and the
//! entry as [`PeerEntry::encode`] writes it, that of a floor alone included.

use peermark_peerstore::{Moment, PeerEntry, RowError, Secret, UnverifiedEntry};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version that is written.
const VERSION: u8 = 2;
/// Bytes in front of the entry.
const HEAD: usize = 25;
/// Bytes of the checksum, the last of them.
const SUM: usize = 8;

/// One opening of a store. What it wrote itself nobody else can have changed, because it holds the
/// lock of the file; all else is verified again before it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session(u64);

impl Session {
    /// One that nobody can have foreseen.
    pub(crate) fn new() -> Self {
        let [low @ .., _, _, _, _, _, _, _, _] = Secret::random().to_bytes();
        Self(u64::from_le_bytes(low))
    }
}

/// Why a row is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    #[error("the row is cut off")]
    Short,
    #[error("the row has version {0}")]
    Version(u8),
    #[error("the checksum is another")]
    Checksum,
    #[error(transparent)]
    Entry(#[from] RowError),
}

/// What a row says, before anything of it is verified.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) session: Session,
    /// The time in its key in `due`, in nanoseconds; 0 where nothing of it ends, or a floor alone does.
    pub(crate) due: u64,
    pub(crate) entry: UnverifiedEntry,
}

/// Writes the row of an entry in the place of what is in `out`.
pub(crate) fn encode(id: u64, session: Session, due: u64, entry: &PeerEntry, out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
    out.extend_from_slice(&session.0.to_le_bytes());
    out.extend_from_slice(&due.to_le_bytes());
    out.extend_from_slice(&[0; SUM]);
    entry.encode(out);
    let sum = checksum(id, HEAD, out);
    if let Some(place) = out.get_mut(HEAD.saturating_sub(SUM)..HEAD) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}

/// Reads a row, as far as it can be read without verifying a signature.
pub(crate) fn decode(id: u64, row: &[u8]) -> Result<Row, Damage> {
    let (head, body) = row.split_at_checked(HEAD).ok_or(Damage::Short)?;
    let (version, numbers) = head.split_first().ok_or(Damage::Short)?;
    let (&[session, due, sum], []) = numbers.as_chunks::<8>() else { return Err(Damage::Short) };
    if u64::from_le_bytes(sum) != checksum(id, HEAD, row) {
        return Err(Damage::Checksum);
    }
    if *version != VERSION {
        return Err(Damage::Version(*version));
    }
    let [session, due] = [session, due].map(u64::from_le_bytes);
    Ok(Row { session: Session(session), due, entry: UnverifiedEntry::decode(body)? })
}

/// Reads a row of format 1, in a file that was closed at this moment. It did not say when it is due.
pub(crate) fn decode_v1(id: u64, row: &[u8], at: Moment) -> Result<Row, Damage> {
    const HEAD: usize = 17;
    let (head, body) = row.split_at_checked(HEAD).ok_or(Damage::Short)?;
    let (version, numbers) = head.split_first().ok_or(Damage::Short)?;
    let (&[session, sum], []) = numbers.as_chunks::<8>() else { return Err(Damage::Short) };
    if u64::from_le_bytes(sum) != checksum(id, HEAD, row) {
        return Err(Damage::Checksum);
    }
    if *version != 1 {
        return Err(Damage::Version(*version));
    }
    let entry = UnverifiedEntry::decode_v1(body, at)?;
    Ok(Row { session: Session(u64::from_le_bytes(session)), due: 0, entry })
}

/// Whether a row of any format is what was written under this id.
pub(crate) fn is_sound(id: u64, row: &[u8]) -> bool {
    const HEAD_1: usize = 17;
    let passes = |head: usize| {
        let sum = row.get(head.saturating_sub(SUM)..head).and_then(|sum| sum.try_into().ok());
        sum.map(u64::from_le_bytes) == Some(checksum(id, head, row))
    };
    match row.first() {
        Some(&VERSION) => passes(HEAD),
        Some(1) => passes(HEAD_1),
        _ => false,
    }
}

/// Over all but the checksum itself, which ends the head.
pub(crate) fn checksum(id: u64, head: usize, row: &[u8]) -> u64 {
    let body = row.get(head..).unwrap_or_default();
    let head = row.get(..head.saturating_sub(SUM)).unwrap_or_default();
    xxh3_64_with_seed(body, xxh3_64_with_seed(head, id))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use peermark_identity::Keypair;
    use peermark_peerstore::{Config, Engine as _, PayloadDigest, Peerstore};
    use peermark_provenance::{Source, Timestamp};

    use super::*;

    fn row() -> (Session, PeerEntry, Vec<u8>) {
        let peer = Keypair::ed25519_from_seed(&[1; 32]).peer_id();
        let store = Peerstore::in_memory(Config::default());
        let (record, hour) = ((7.into(), PayloadDigest::of(b"payload")), Duration::from_secs(3600));
        store.raise_floor(&peer, record, hour, &Source::DHT, Timestamp::from_secs(1)).unwrap();
        let rest = store.engine().remnant(&peer).unwrap();
        let (session, entry) = (Session::new(), PeerEntry::new(peer, rest));
        let mut row = Vec::new();
        encode(9, session, 5, &entry, &mut row);
        (session, entry, row)
    }

    #[test]
    fn f2_a_row_comes_back() {
        let (session, entry, row) = row();
        let read = decode(9, &row).unwrap();
        assert_eq!((read.session, read.due), (session, 5));
        assert_eq!(read.entry.verify().unwrap(), entry);
    }

    #[test]
    fn f2_a_changed_row_is_noticed() {
        let (_, _, row) = row();
        assert_eq!(decode(8, &row).unwrap_err(), Damage::Checksum, "under another id");
        for bit in 0..row.len() * 8 {
            let mut changed = row.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(9, &changed).unwrap_err(), Damage::Checksum);
        }
        for len in 0..row.len() {
            assert!(decode(9, &row[..len]).is_err());
        }
    }

    #[test]
    fn f2_a_row_of_a_later_version_is_not_guessed_at() {
        let (_, _, mut row) = row();
        row[0] = 3;
        let sum = checksum(9, HEAD, &row);
        row[HEAD - SUM..HEAD].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(decode(9, &row).unwrap_err(), Damage::Version(3));
    }
}
