//! The reader over arbitrary bytes, and the three messages on top of it.

use peermark_wire::{
    EnvelopeMessage, Field, KeyMessage, MAX_FIELD_NUMBER, Message, PeerRecordMessage, Reader,
    Value, WireError, Writer, steps,
};

use super::linear;
use crate::model;

/// Rules W2 to W6 over arbitrary bytes.
///
/// The fields tile the input: each starts where the one before ended, every value is the slice at
/// its offset, and the last ends with the input. The same fields, written again with short varints,
/// are never longer and decode to the same. Reader and messages accept what the model accepts,
/// with the same values. An error stands inside the input and does not move the reader.
///
/// # Panics
///
/// When that does not hold.
pub fn wire(data: &[u8]) {
    let (fields, steps) = steps::measure(|| tile(data));
    let bound = 2 * u64::try_from(data.len()).expect("a length") + 4;
    assert!(steps <= bound, "{steps} steps for one pass over {} bytes", data.len());
    let model = model::fields(data);
    match (&fields, &model) {
        (Ok(fields), Some(model)) => {
            let ours: Vec<_> = fields.iter().map(plain).collect();
            assert_eq!(&ours, model, "fields");
            rewrite(data, fields);
        }
        (Err(error), None) => assert!(error.offset <= data.len(), "{error}"),
        _ => panic!("the reader says {fields:?}, the model {model:?}"),
    }
    envelope(data);
    key(data);
    record(data);
}

fn tile(data: &[u8]) -> Result<Vec<Field<'_>>, WireError> {
    let mut reader = Reader::new(Message::Other, data);
    let mut fields = Vec::new();
    loop {
        let start = reader.offset();
        let field = match reader.next_field() {
            Ok(Some(field)) => field,
            Ok(None) => {
                assert_eq!(reader.offset(), data.len(), "the end");
                return Ok(fields);
            }
            Err(error) => {
                assert_eq!(reader.offset(), start, "an error does not move the reader");
                assert!(error.offset >= start, "an error behind what was read: {error}");
                return Err(error);
            }
        };
        let end = reader.offset();
        assert_eq!(field.tag_offset, start, "a field starts where the one before ended");
        assert!(start < field.value_offset && field.value_offset <= end && end <= data.len());
        assert!((1..=MAX_FIELD_NUMBER).contains(&field.number), "field number {}", field.number);
        let value = &data[field.value_offset..end];
        match field.value {
            Value::Varint(_) => assert!((1..=10).contains(&value.len()), "varint"),
            Value::Fixed64(bytes) => assert_eq!(value, bytes, "fixed64"),
            Value::Bytes(bytes) => assert!(std::ptr::eq(value, bytes), "the slice itself"),
            Value::Fixed32(bytes) => assert_eq!(value, bytes, "fixed32"),
        }
        fields.push(field);
    }
}

fn plain(field: &Field<'_>) -> model::Field {
    let value = match field.value {
        Value::Varint(value) => model::Value::Varint(value),
        Value::Fixed64(value) => model::Value::Fixed64(value),
        Value::Bytes(value) => model::Value::Bytes(value.to_vec()),
        Value::Fixed32(value) => model::Value::Fixed32(value),
    };
    model::Field { number: field.number, value }
}

fn rewrite(data: &[u8], fields: &[Field<'_>]) {
    let writable = |field: &&Field<'_>| matches!(field.value, Value::Varint(_) | Value::Bytes(_));
    let fields: Vec<_> = fields.iter().filter(writable).collect();
    let mut written = Vec::new();
    let mut writer = Writer::new(&mut written);
    for field in &fields {
        match field.value {
            Value::Varint(value) => writer.varint(field.number, value),
            Value::Bytes(value) => writer.bytes(field.number, value),
            Value::Fixed64(_) | Value::Fixed32(_) => {}
        }
    }
    assert!(written.len() <= data.len(), "short varints are not longer");
    let again = tile(&written).expect("what we write we read");
    let plain_fields: Vec<_> = fields.into_iter().map(plain).collect();
    assert_eq!(again.iter().map(plain).collect::<Vec<_>>(), plain_fields, "written and read");
    assert_eq!(model::message(&plain_fields), written, "the writer and the model");
}

fn envelope(data: &[u8]) {
    let ours = linear(data.len(), || EnvelopeMessage::decode(data));
    let model = model::envelope(data);
    match (ours, model) {
        (Ok(ours), Some(model)) => {
            assert_eq!(ours.public_key.key_type, model.public_key.key_type.unwrap_or(0));
            assert_eq!(ours.public_key.data, model.public_key.data);
            assert_eq!(ours.payload_type, model.payload_type);
            assert_eq!(ours.payload, model.payload);
            assert_eq!(ours.signature, model.signature);
        }
        (Err(error), None) => assert!(error.offset <= data.len(), "{error}"),
        (ours, model) => panic!("envelope: ours {ours:?}, the model {model:?}"),
    }
}

fn key(data: &[u8]) {
    for message in [Message::PublicKey, Message::PrivateKey] {
        let ours = linear(data.len(), || KeyMessage::decode(data, 7, message));
        match (ours, model::key(data)) {
            (Ok(ours), Some(model)) => {
                assert_eq!(ours.key_type, model.key_type.unwrap_or(0), "key type");
                assert_eq!(ours.data, model.data, "key data");
                let mut written = Vec::new();
                ours.encode(&mut written);
                assert_eq!(written, model.canonical(), "canonical key");
                assert_eq!(written.len(), ours.encoded_len(), "its length");
                assert!(model.key_type.is_none() || written == data, "a written type stays");
            }
            (Err(error), None) => {
                assert!((7..=data.len() + 7).contains(&error.offset), "{error}");
                assert_eq!(error.message, message, "which message");
            }
            (ours, model) => panic!("key: ours {ours:?}, the model {model:?}"),
        }
    }
}

fn record(data: &[u8]) {
    let ours = linear(data.len(), || PeerRecordMessage::decode(data, 256));
    match (ours, model::record_message(data)) {
        (Ok(ours), Some(model)) => {
            assert_eq!(ours.peer_id(), model.peer_id, "peer id");
            assert_eq!(ours.seq(), model.seq, "seq");
            assert_eq!(ours.address_count(), model.entries.len(), "address count");
            let addresses: Vec<_> = linear(data.len(), || ours.addresses().collect());
            assert_eq!(addresses.len(), model.entries.len(), "address entries");
            for (address, entry) in addresses.into_iter().zip(&model.entries) {
                let ours = address.as_ref().ok().map(|address| address.multiaddr.to_vec());
                assert_eq!(ours, model::multiaddr_bytes(entry), "entry {entry:02x?}");
                if let Ok(address) = address {
                    let there = &data[address.offset..][..address.multiaddr.len()];
                    assert_eq!(there, address.multiaddr, "the offset of an address");
                }
            }
        }
        (Err(error), None) => assert!(error.offset <= data.len(), "{error}"),
        (ours, model) => panic!("record: ours {ours:?}, the model {model:?}"),
    }
}
