//! Does what an operation says, to the model.

use peermark_peer_record::{CertifiedRecord, Dialects};

use super::Model;
use crate::peerstore::ops::universe;
use crate::peerstore::ops::{Answer, BROKEN_TTL, Op, broken, spell, three};

impl Model {
    /// Does it, and answers what the store has to; `None` where the model cannot tell.
    ///
    /// What is about the clock or about subscribers does nothing here.
    pub fn perform(&mut self, op: &Op) -> Option<Answer> {
        let id = |peer: &usize| universe::peer_id(*peer);
        let from = |source: &usize, peer: &usize| universe::source(*source, *peer);
        Some(match op {
            Op::Apply(record, source, ttl) | Op::Consume(record, source, ttl) => {
                let source = from(source, &record.peer);
                Answer::Records(vec![self.apply(record.get(), &source, *ttl)])
            }
            Op::ApplyMany(record, source, ttl) => {
                let source = from(source, &record.peer);
                let apply = |record| self.apply(record, &source, *ttl);
                Answer::Records(three(*record).iter().map(apply).collect())
            }
            Op::ConsumeBroken(record, source, bit) => {
                match CertifiedRecord::verify(&broken(*record, *bit), Dialects::Any) {
                    Ok(whole) => {
                        let source = from(source, &record.peer);
                        Answer::Records(vec![self.apply(&whole, &source, BROKEN_TTL)])
                    }
                    Err(error) => Answer::Invalid(error),
                }
            }
            Op::Report(peer, letters, source, ttl, lifetime) => {
                let (source, addresses) = (from(source, peer), spell(letters, *peer));
                Answer::Reported(self.report(id(peer), &addresses, &source, *ttl, *lifetime))
            }
            Op::SetTtl(peer, source, ttl) => {
                Answer::Count(self.set_ttl(id(peer), from(source, peer).kind(), *ttl))
            }
            Op::Retract(peer, source) => {
                Answer::Count(self.retract(id(peer), from(source, peer).kind()))
            }
            Op::Remove(peer, letters) => {
                Answer::Count(self.remove(id(peer), &spell(letters, *peer)))
            }
            Op::Clear(peer) => Answer::Is(self.clear(id(peer))),
            Op::Forget(peer) => Answer::Floor(self.forget(id(peer))),
            Op::Dialed(peer, letter, result, ttl) => {
                Answer::Is(self.dialed(id(peer), &letter.spelled(*peer), *result, *ttl))
            }
            Op::Connected(peer) => Answer::Is(self.connected(id(peer))),
            Op::Disconnected(peer) => {
                self.disconnected(id(peer));
                Answer::Nothing
            }
            _ => return None,
        })
    }
}
