//! The order in which entries and floors go (S11): of what a choice admits the lowest code, and in it
//! what the secret chooses.

use peermark_peerstore::{Among, Choice, FloorChoice, FloorRank};
use redb::ReadableTable as _;

use super::Batch;
use crate::error::Error;
use crate::state::{FIRST, code};
use crate::tables::OrderKey;

impl Batch<'_> {
    /// The key of an entry that may go.
    pub(super) fn first_entry(
        &mut self,
        choice: &Choice<'_, u64>,
    ) -> Result<Option<OrderKey>, Error> {
        let worst = code(Some(choice.up_to), true);
        for code in (FIRST..=worst).filter(|code| !choice.with_record || code % 2 == 1) {
            let admits = |group| choice.among.has(group, choice.limits);
            let first = self.first_of_code(code, choice.among, admits, choice.except)?;
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// The key of a floor that may go.
    pub(super) fn first_floor(
        &mut self,
        choice: &FloorChoice<'_>,
    ) -> Result<Option<OrderKey>, Error> {
        for rank in [FloorRank::Lowest, FloorRank::OneGroup, FloorRank::Known] {
            let admits = |group| choice.admits(rank, group);
            let first = self.first_of_code(rank.index(), choice.among, admits, &[])?;
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    fn first_of_code(
        &mut self,
        code: u8,
        among: Among,
        admits: impl Fn(u16) -> bool,
        except: &[u64],
    ) -> Result<Option<OrderKey>, Error> {
        if !self.writer.books.has(code) {
            return Ok(None);
        }
        match among {
            Among::Group(group) if !admits(group) => Ok(None),
            Among::Group(group) => self.first_of_group(group, code, 0, except),
            Among::All | Among::Kinds => self.drawn(code, admits, except),
        }
    }

    /// One of a group with this code: in the first slot from `slot` on, the one that the secret
    /// chooses.
    fn first_of_group(
        &self,
        group: u16,
        code: u8,
        slot: u32,
        except: &[u64],
    ) -> Result<Option<OrderKey>, Error> {
        let range = (group, code, slot, 0)..=(group, code, u32::MAX, u64::MAX);
        let mut chosen: Option<(u64, OrderKey)> = None;
        for key in self.tables.order.range(range)? {
            let key = key?.0.value();
            if chosen.is_some_and(|(_, first)| first.2 != key.2) {
                break;
            }
            if !except.contains(&key.3) {
                let lot = (self.shared.secret().hash(&key.3.to_le_bytes()), key);
                chosen = Some(chosen.map_or(lot, |chosen| chosen.min(lot)));
            }
        }
        Ok(chosen.map(|(_, key)| key))
    }

    /// One of all with this code in groups that are admitted, by the secret's choice.
    fn drawn(
        &mut self,
        code: u8,
        admits: impl Fn(u16) -> bool,
        except: &[u64],
    ) -> Result<Option<OrderKey>, Error> {
        let lot = self.shared.secret().hash(&self.writer.draws.to_le_bytes());
        let Some(group) = self.writer.books.draw(code, lot, &admits) else { return Ok(None) };
        self.writer.draws = self.writer.draws.wrapping_add(1);
        let [a, b, c, d, ..] = lot.to_be_bytes();
        let from = u32::from_be_bytes([a, b, c, d]);
        for (group, from) in [(group, from), (group, 0)] {
            if let Some(key) = self.first_of_group(group, code, from, except)? {
                return Ok(Some(key));
            }
        }
        // Those that may not go are alone in their group.
        for group in self.writer.books.groups().filter(|group| admits(*group)) {
            if let Some(key) = self.first_of_group(group, code, 0, except)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}
