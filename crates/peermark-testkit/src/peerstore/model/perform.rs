//! Does what an operation says, to the model.

use peermark_peer_record::{CertifiedRecord, Dialects};
use peermark_peerstore::{Delivery, PayloadDigest};

use super::Model;
use crate::peerstore::ops::universe;
use crate::peerstore::ops::{Answer, BROKEN_TTL, Op, broken, delivery, spell, three};

impl Model {
    /// Does it, and answers what the store has to; `None` where the model cannot tell.
    ///
    /// What is about the clock or about subscribers does nothing here.
    pub fn perform(&mut self, op: &Op) -> Option<Answer> {
        let id = |peer: &usize| universe::peer_id(*peer);
        let from = |source: &usize, peer: &usize| universe::source(*source, *peer);
        Some(match op {
            Op::Apply(record, source, ttl, age) | Op::Consume(record, source, ttl, age) => {
                let delivery = delivery(from(source, &record.peer), *ttl, *age);
                Answer::Records(vec![self.apply(record.get(), delivery)])
            }
            Op::ApplyMany(record, source, ttl) => {
                let delivery = Delivery::new(from(source, &record.peer), *ttl);
                let apply = |record| self.apply(record, delivery);
                Answer::Records(three(*record).iter().map(apply).collect())
            }
            Op::ConsumeBroken(record, source, bit) => {
                match CertifiedRecord::verify(&broken(*record, *bit), Dialects::Any) {
                    Ok(whole) => {
                        let source = from(source, &record.peer);
                        let delivery = Delivery::new(source, BROKEN_TTL);
                        Answer::Records(vec![self.apply(&whole, delivery)])
                    }
                    Err(error) => Answer::Invalid(error),
                }
            }
            Op::RaiseFloor(record, source, life) => {
                let _ = from(source, &record.peer);
                let to = (record.get().seq(), PayloadDigest::of(record.get().payload()));
                Answer::Is(self.raise_floor(id(&record.peer), to, *life))
            }
            Op::Join(joined, source) => {
                let source = from(source, &joined.record.peer);
                Answer::Joined(self.join(&joined.state(), &source, joined.trust()))
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
