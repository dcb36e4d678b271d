//! Identify messages, in which libp2p nodes send their signed record: recognised where an envelope is
//! expected.

use std::sync::Once;

use peermark::envelope::Envelope;
use peermark::wire::{Message, Reader, Value, varint};

use crate::output;

/// Returns the signed record of an identify message, with or without the length that it has on a stream.
/// `None` if the bytes are not one, or if it carries no record.
pub(crate) fn signed_record(bytes: &[u8]) -> Option<&[u8]> {
    field_8(bytes).or_else(|| {
        let (len, message) = varint::decode(bytes).ok()?;
        (u64::try_from(message.len()) == Ok(len)).then(|| field_8(message))?
    })
}

/// The numbers of the fields of an identify message that are bytes or text.
const KNOWN: [u32; 7] = [1, 2, 3, 4, 5, 6, SIGNED_RECORD];

const SIGNED_RECORD: u32 = 8;

fn field_8(message: &[u8]) -> Option<&[u8]> {
    let (mut reader, mut found) = (Reader::new(Message::Other, message), None);
    while let Some(field) = reader.next_field().ok()? {
        match field.value {
            // Parsers disagree which of two counts.
            Value::Bytes(_) if field.number == SIGNED_RECORD && found.is_some() => return None,
            Value::Bytes(value) if field.number == SIGNED_RECORD => found = Some(value),
            Value::Bytes(_) => {}
            _ if KNOWN.contains(&field.number) => return None,
            _ => {}
        }
    }
    found.filter(|record| Envelope::decode(record).is_ok())
}

/// Says, once, that a record was found in an identify message.
pub(crate) fn tell() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| output::note("an identify message: its field 8 is a signed record"));
}

#[cfg(test)]
mod tests {
    use peermark::identity::Keypair;
    use peermark::wire::Writer;
    use peermark::{SystemClock, sign};

    use super::*;

    #[test]
    fn a_record_is_found_in_its_message_alone() {
        let key = Keypair::ed25519_from_seed(&[3; 32]);
        let record = sign(&key, ["/ip4/192.0.2.1/tcp/1".parse().unwrap()], &SystemClock).unwrap();
        let record = record.as_bytes();
        let message = |records: &[&[u8]]| {
            let mut bytes = Vec::new();
            let mut writer = Writer::new(&mut bytes);
            writer.bytes(5, b"ipfs/0.1.0");
            writer.bytes(1, &key.public_key().encode());
            writer.bytes(2, &[4, 192, 0, 2, 1, 6, 0, 1]);
            records.iter().for_each(|record| writer.bytes(8, record));
            bytes
        };
        let one = message(&[record]);
        assert_eq!(signed_record(&one), Some(record));
        let mut framed = varint::encode(u64::try_from(one.len()).unwrap()).as_ref().to_vec();
        framed.extend(&one);
        assert_eq!(signed_record(&framed), Some(record));
        framed.push(0);
        for other in [&message(&[]), &message(&[record, record]), &message(&[b"junk"]), &framed] {
            assert_eq!(signed_record(other), None);
        }
        assert_eq!(signed_record(record), None);
        assert_eq!(signed_record(b""), None);
    }
}
