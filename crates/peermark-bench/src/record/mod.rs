//! Suite `record`: from bytes to a certified record.
//!
//! All contenders of one comparison read the same bytes: 256 records of four addresses, each of
//! another key where keys are cheap, so that what a contender remembers of one record does not help
//! it with the next.

mod contenders;
mod decoders;
mod generated;
mod pool;
mod sealing;

pub(crate) use pool::Pools;

use peermark::envelope::Envelope;
use peermark::peer_record::Dialect;

use crate::harness::{Allocations, Bound, Compared, Goal, Suite, Unit, allocations};
use contenders as run;
use pool::Pool;

/// Operations in a round: some 0.1 to 3 ms, far more than reading the clock.
const VERIFYING: usize = 16;
const SEALING: usize = 32;
const DECODING: usize = pool::RECORDS;

/// The cases over these records.
pub(crate) fn suite(pools: &Pools) -> Suite<'_> {
    let mut suite = Suite::new("record");

    certifying(&mut suite, "ed25519", &pools.ed25519);
    let pool = &pools.ed25519;
    suite.timed("ed25519/bare-strict", VERIFYING, |n| run::bare_ed25519(pool.at(n)));
    suite.timed("ed25519/verify-only-ours", VERIFYING, |n| run::verify_only(pool.at(n)));
    certifying(&mut suite, "ed25519-routing-state", &pools.ed25519_routing_state);

    certifying(&mut suite, "secp256k1", &pools.secp256k1);
    suite.timed("secp256k1/bare", VERIFYING, |n| run::bare_secp256k1(pools.secp256k1.at(n)));
    certifying(&mut suite, "ecdsa", &pools.ecdsa);
    suite.timed("ecdsa/bare", VERIFYING, |n| run::bare_ecdsa(pools.ecdsa.at(n)));
    certifying(&mut suite, "rsa2048", &pools.rsa2048);
    suite.timed("rsa2048/bare", VERIFYING, |n| run::bare_rsa(pools.rsa2048.at(n)));

    let visit = |field: &[u8]| {
        std::hint::black_box(field);
    };
    suite.timed("decode/ours", DECODING, move |n| decoders::ours(&pool.at(n).envelope, visit));
    suite.timed("decode/prost", DECODING, move |n| decoders::prost(&pool.at(n).envelope, visit));
    suite.timed("decode/quick-protobuf", DECODING, move |n| {
        decoders::quick_protobuf(&pool.at(n).envelope, visit)
    });
    suite.timed("decode-envelope/ours", DECODING, |n| Envelope::decode(&pool.at(n).envelope));

    let peers = &pools.peers;
    suite.timed("seal-ed25519/ours", SEALING, |n| sealing::ours(peers.at(n)));
    suite.timed("seal-ed25519/libp2p-core", SEALING, |n| sealing::libp2p_core(peers.at(n)));
    suite.timed("seal-and-check-ed25519/ours", SEALING, |n| sealing::ours_checked(peers.at(n)));

    let ours = |n| allocations(|| run::ours(pool.at(n)));
    let theirs = |n| allocations(|| run::libp2p_core(pool.at(n), Dialect::PeerRecord));
    suite.counted("allocations/ours", Unit::Count, move || each(ours, |a| a.count));
    suite.counted("allocations/libp2p-core", Unit::Count, move || each(theirs, |a| a.count));
    suite.counted("allocated-bytes/ours", Unit::Bytes, move || each(ours, |a| a.bytes));
    suite.counted("allocated-bytes/libp2p-core", Unit::Bytes, move || each(theirs, |a| a.bytes));

    for goal in GOALS {
        suite.goal(*goal);
    }
    suite
}

/// From bytes to a certified record, ours and libp2p-core's.
fn certifying<'a>(suite: &mut Suite<'a>, what: &str, pool: &'a Pool) {
    suite.timed(format!("{what}/ours"), VERIFYING, |n| run::ours(pool.at(n)));
    suite.timed(format!("{what}/libp2p-core"), VERIFYING, |n| {
        run::libp2p_core(pool.at(n), pool.dialect)
    });
}

fn each(operation: impl Fn(usize) -> Allocations, part: impl Fn(Allocations) -> u64) -> Vec<f64> {
    (0..pool::RECORDS).map(|n| part(operation(n)) as f64).collect()
}

const GOALS: &[Goal] = &[
    Goal {
        case: "ed25519/ours",
        compared: Compared::Over("ed25519/bare-strict"),
        bound: Bound::AtMost(1.03),
    },
    Goal {
        case: "ed25519/ours",
        compared: Compared::Over("ed25519/libp2p-core"),
        bound: Bound::AtMost(1.0),
    },
    Goal {
        case: "ed25519-routing-state/ours",
        compared: Compared::Over("ed25519-routing-state/libp2p-core"),
        bound: Bound::AtMost(1.0),
    },
    Goal { case: "allocations/ours", compared: Compared::Alone, bound: Bound::AtMost(2.0) },
];
