//! A network of stores that exchange records with their ages (S4): what is dead goes, what lives stays.
//!
//! Every hour each store learns what time it is; every day some are replaced by empty ones, peers meet
//! some of them, and each asks a few others for what they hold.

use std::time::Duration;

use peermark_peer_record::CertifiedRecord;
use peermark_peerstore::{Config, Delivery, Peerstore, Secret};
use peermark_provenance::{Source, Timestamp};
use peermark_testkit::peerstore::fixtures::{itself, numbers, peer, record};
use peermark_testkit::rng::Rng;

const STORES: usize = 100;
const DAYS: usize = 60;
/// Peers that sign once and live all the time, and those that die.
const LIVING: u64 = 3;
const DEAD: u64 = 3;
/// On this day the dead ones are met for the last time.
const LAST_DAY: usize = 10;
/// Stores that are replaced each day, and that each store asks.
const REPLACED: usize = 5;
const ASKED: usize = 3;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is said of ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ages {
    /// The truth.
    Told,
    /// Nothing.
    Untold,
    /// The truth, but by a tenth of the stores: these say that they met everybody now, and never
    /// forget a record.
    Lies,
}

struct Network {
    ages: Ages,
    stores: Vec<Peerstore>,
    /// The day that each store began.
    since: Vec<usize>,
    records: Vec<CertifiedRecord>,
    rng: Rng,
    now: Timestamp,
}

fn empty() -> Peerstore {
    let mut config = Config::default();
    config.secret = Secret::from_bytes([7; 16]);
    (config.limits.peers, config.limits.records, config.limits.floors) = (1000, 1000, 1000);
    Peerstore::in_memory(config)
}

impl Network {
    fn new(ages: Ages) -> Self {
        let records = (0..LIVING + DEAD).map(|index| record(index, 1, &numbers(0..4))).collect();
        let stores = (0..STORES).map(|_| empty()).collect();
        let since = vec![0; STORES];
        Self { ages, stores, since, records, rng: Rng::new(1), now: START }
    }

    fn is_liar(&self, store: usize) -> bool {
        self.ages == Ages::Lies && store.is_multiple_of(10)
    }

    fn day(&mut self, day: usize) {
        for _ in 0..REPLACED {
            let store = self.rng.below(STORES);
            (self.stores[store], self.since[store]) = (empty(), day);
        }
        for hour in 0..24 {
            self.now = self.now.saturating_add(HOUR);
            for store in 0..STORES {
                let _ = self.stores[store].sweep(self.now, 100).unwrap();
                // Each has an hour of the day.
                if store % 24 == hour {
                    self.meet(store, day);
                    self.ask(store);
                }
            }
        }
    }

    /// Each store meets each peer that lives every five days.
    fn meet(&self, store: usize, day: usize) {
        let living = if day <= LAST_DAY { LIVING + DEAD } else { LIVING };
        for index in 0..living {
            if (store + day + usize::try_from(index).unwrap()).is_multiple_of(5) {
                let record = &self.records[usize::try_from(index).unwrap()];
                let by = itself(peer(index));
                let _ = self.stores[store].apply(record, &by, DAY * 2, self.now).unwrap();
            }
        }
    }

    fn ask(&mut self, store: usize) {
        for _ in 0..ASKED {
            let other = self.rng.below(STORES);
            for index in 0..LIVING + DEAD {
                let Some((bytes, age)) = self.answer(other, index) else { continue };
                let delivery = Delivery::new(Source::PEER_EXCHANGE, DAY * 2);
                let delivery = if self.ages == Ages::Untold { delivery } else { delivery.met(age) };
                let any = peermark_peer_record::Dialects::Any;
                let _ = self.stores[store].consume_as(&bytes, any, delivery, self.now).unwrap();
            }
        }
    }

    /// The record of a peer, and how long ago it was in contact, or accepted where nothing of a
    /// contact is known.
    fn answer(&self, store: usize, index: u64) -> Option<(Vec<u8>, Duration)> {
        if self.is_liar(store) {
            let record = &self.records[usize::try_from(index).unwrap()];
            return Some((record.as_bytes().to_vec(), Duration::ZERO));
        }
        let now = self.now;
        self.stores[store]
            .view(&peer(index), now, |view| {
                let record = view?.record()?;
                let met = record.contact().unwrap_or(record.accepted());
                Some((record.as_bytes().to_vec(), now.saturating_since(met)))
            })
            .unwrap()
    }

    /// Which honest stores hold the record of a peer.
    fn holders(&self, index: u64) -> Vec<usize> {
        let holds = |store: &usize| {
            !self.is_liar(*store)
                && self.stores[*store].signed_record(&peer(index), self.now).unwrap().is_some()
        };
        (0..STORES).filter(holds).collect()
    }

    /// Runs all days, and shows each to `look`.
    fn run(ages: Ages, mut look: impl FnMut(&Self, usize)) {
        let mut network = Self::new(ages);
        for day in 0..DAYS {
            network.day(day);
            look(&network, day);
        }
    }
}

/// The last contact was on the last day, and a week later it is over: to the second, by which ages are
/// rounded.
const GONE: usize = LAST_DAY + 8;

#[test]
fn s4_a_dead_peers_record_is_gone_everywhere_a_week_after_the_last_contact() {
    Network::run(Ages::Told, |network, day| {
        for index in 0..LIVING {
            // Who asked once has it, and keeps it, though it was signed on the first day.
            let holders = network.holders(index);
            let settled = (0..STORES).filter(|store| day >= network.since[*store] + 3);
            let missing: Vec<_> = settled.filter(|store| !holders.contains(store)).collect();
            assert!(missing.is_empty(), "day {day}, peer {index}: {missing:?}");
        }
        for index in LIVING..LIVING + DEAD {
            let holders = network.holders(index);
            if day > 3 && day <= LAST_DAY {
                assert!(holders.len() > STORES * 3 / 4, "day {day}: {}", holders.len());
            }
            if day > LAST_DAY && day < GONE - 1 {
                assert!(!holders.is_empty(), "day {day}");
            }
            if day >= GONE {
                assert!(holders.is_empty(), "day {day}, peer {index}: {holders:?}");
            }
        }
    });
}

#[test]
fn s4_without_ages_a_dead_peers_record_never_goes() {
    let mut least = STORES;
    Network::run(Ages::Untold, |network, day| {
        if day >= GONE {
            let held = (LIVING..LIVING + DEAD).map(|index| network.holders(index).len());
            least = least.min(held.min().unwrap());
        }
    });
    assert!(least > STORES / 10, "{least} at least");
}

/// A claimed contact is not believed: where somebody lies, a store keeps the record of a dead peer for
/// a week, and then for the life of its floor not at all.
#[test]
fn s4_liars_do_not_keep_a_dead_peers_record_for_good() {
    let (mut longest, mut now) = (0, vec![[0usize; DEAD as usize]; STORES]);
    let (mut held, mut total) = (0, 0);
    Network::run(Ages::Lies, |network, day| {
        for (dead, index) in (LIVING..LIVING + DEAD).enumerate() {
            let holders = network.holders(index);
            for (store, days) in now.iter_mut().enumerate() {
                let days = &mut days[dead];
                let is_held = holders.contains(&store) && network.since[store] != day;
                *days = if is_held { *days + 1 } else { 0 };
                if day > GONE {
                    longest = longest.max(*days);
                }
            }
            if day > GONE {
                held += holders.len();
                total += STORES - STORES / 10;
            }
        }
        for index in 0..LIVING {
            assert!(day < 3 || network.holders(index).len() > STORES * 4 / 5, "day {day}");
        }
    });
    assert!(held > 0, "they do have an effect");
    assert!(held * 3 < total * 2, "{held} of {total}");
    assert!(longest <= 8, "{longest} days");
}
