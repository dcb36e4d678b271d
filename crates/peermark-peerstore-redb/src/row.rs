//! A row: the entry of one peer, with what tells whether it is what was written (F2).
//!
//! A byte for the version; eight for the [session](Session) that wrote it; eight for the checksum,
//! over the id under which it stands and all of the row; and the entry as
//! [`PeerEntry::encode`] writes it, that of a floor alone included.

use peermark_peerstore::{PeerEntry, RowError, Secret, UnverifiedEntry};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version that is written.
const VERSION: u8 = 1;
/// Bytes in front of the entry.
const HEAD: usize = 17;

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

/// Appends the row of an entry.
pub(crate) fn encode(id: u64, session: Session, entry: &PeerEntry, out: &mut Vec<u8>) {
    out.clear();
    out.push(VERSION);
    out.extend_from_slice(&session.0.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    entry.encode(out);
    let sum = checksum(id, out);
    if let Some(place) = out.get_mut(HEAD.saturating_sub(8)..HEAD) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}

/// Reads a row, as far as it can be read without verifying a signature.
pub(crate) fn decode(id: u64, row: &[u8]) -> Result<(Session, UnverifiedEntry), Damage> {
    let (head, body) = row.split_at_checked(HEAD).ok_or(Damage::Short)?;
    let ([version, session @ .., _, _, _, _, _, _, _, _], sum) = (head, head.last_chunk()) else {
        return Err(Damage::Short);
    };
    let session = session.try_into().map(u64::from_le_bytes).map_err(|_| Damage::Short)?;
    if sum.copied().map(u64::from_le_bytes) != Some(checksum(id, row)) {
        return Err(Damage::Checksum);
    }
    if *version != VERSION {
        return Err(Damage::Version(*version));
    }
    Ok((Session(session), UnverifiedEntry::decode(body)?))
}

/// Over all but the checksum itself.
fn checksum(id: u64, row: &[u8]) -> u64 {
    let head = row.get(..HEAD.saturating_sub(8)).unwrap_or_default();
    let body = row.get(HEAD..).unwrap_or_default();
    xxh3_64_with_seed(body, xxh3_64_with_seed(head, id))
}

#[cfg(test)]
mod tests {
    use peermark_identity::Keypair;
    use peermark_peerstore::{Floor, PayloadDigest};
    use peermark_provenance::Timestamp;

    use super::*;

    fn row() -> (Session, PeerEntry, Vec<u8>) {
        let floor = Floor {
            seq: 7.into(),
            digest: PayloadDigest::of(b"payload"),
            accepted: Timestamp::from_secs(1),
            until: 2,
            group: 3,
            lives_until: Timestamp::from_secs(4),
        };
        let peer = Keypair::ed25519_from_seed(&[1; 32]).peer_id();
        let (session, entry) = (Session::new(), PeerEntry::new(peer, Some(floor)));
        let mut row = Vec::new();
        encode(9, session, &entry, &mut row);
        (session, entry, row)
    }

    #[test]
    fn f2_a_row_comes_back() {
        let (session, entry, row) = row();
        let (wrote, read) = decode(9, &row).unwrap();
        assert_eq!((wrote, read.verify().unwrap()), (session, entry));
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
        row[0] = 2;
        let sum = checksum(9, &row);
        row[9..17].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(decode(9, &row).unwrap_err(), Damage::Version(2));
    }
}
