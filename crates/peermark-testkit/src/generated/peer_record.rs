//! Generated from `proto/peer_record.proto` by `cargo xtask codegen`; not to be edited.

use std::borrow::Cow;
use quick_protobuf::{MessageInfo, MessageRead, MessageWrite, BytesReader, Writer, WriterBackend, Result};
use quick_protobuf::sizeofs::*;
use super::*;

#[derive(Debug, Default, PartialEq, Clone)]
pub struct PeerRecord<'a> {
    pub peer_id: Cow<'a, [u8]>,
    pub seq: u64,
    pub addresses: Vec<mod_PeerRecord::AddressInfo<'a>>,
}

impl<'a> MessageRead<'a> for PeerRecord<'a> {
    fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
        let mut msg = Self::default();
        while !r.is_eof() {
            match r.next_tag(bytes) {
                Ok(10) => msg.peer_id = r.read_bytes(bytes).map(Cow::Borrowed)?,
                Ok(16) => msg.seq = r.read_uint64(bytes)?,
                Ok(26) => msg.addresses.push(r.read_message::<mod_PeerRecord::AddressInfo>(bytes)?),
                Ok(t) => { r.read_unknown(bytes, t)?; }
                Err(e) => return Err(e),
            }
        }
        Ok(msg)
    }
}

impl<'a> MessageWrite for PeerRecord<'a> {
    fn get_size(&self) -> usize {
        0
        + if self.peer_id == Cow::Borrowed(b"") { 0 } else { 1 + sizeof_len((&self.peer_id).len()) }
        + if self.seq == 0u64 { 0 } else { 1 + sizeof_varint(*(&self.seq) as u64) }
        + self.addresses.iter().map(|s| 1 + sizeof_len((s).get_size())).sum::<usize>()
    }

    fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
        if self.peer_id != Cow::Borrowed(b"") { w.write_with_tag(10, |w| w.write_bytes(&**&self.peer_id))?; }
        if self.seq != 0u64 { w.write_with_tag(16, |w| w.write_uint64(*&self.seq))?; }
        for s in &self.addresses { w.write_with_tag(26, |w| w.write_message(s))?; }
        Ok(())
    }
}

pub mod mod_PeerRecord {

use std::borrow::Cow;
use super::*;

#[derive(Debug, Default, PartialEq, Clone)]
pub struct AddressInfo<'a> {
    pub multiaddr: Cow<'a, [u8]>,
}

impl<'a> MessageRead<'a> for AddressInfo<'a> {
    fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
        let mut msg = Self::default();
        while !r.is_eof() {
            match r.next_tag(bytes) {
                Ok(10) => msg.multiaddr = r.read_bytes(bytes).map(Cow::Borrowed)?,
                Ok(t) => { r.read_unknown(bytes, t)?; }
                Err(e) => return Err(e),
            }
        }
        Ok(msg)
    }
}

impl<'a> MessageWrite for AddressInfo<'a> {
    fn get_size(&self) -> usize {
        0
        + if self.multiaddr == Cow::Borrowed(b"") { 0 } else { 1 + sizeof_len((&self.multiaddr).len()) }
    }

    fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
        if self.multiaddr != Cow::Borrowed(b"") { w.write_with_tag(10, |w| w.write_bytes(&**&self.multiaddr))?; }
        Ok(())
    }
}

}
