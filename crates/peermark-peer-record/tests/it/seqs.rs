//! R4: sequence numbers only rise.

use std::time::{Duration, UNIX_EPOCH};

use peermark_peer_record::{Seq, SeqSource};
use peermark_provenance::Timestamp;

fn at(nanoseconds: u64) -> Timestamp {
    Timestamp::from_nanos(nanoseconds)
}

/// The time at the i-th reading.
type Clock = fn(u64) -> Timestamp;

#[test]
fn r4_a_thousand_rise_under_any_clock() {
    let clocks: [(&str, Clock); 5] = [
        ("rising", |i| at(1_000_000 + i * 1_000)),
        ("frozen", |_| at(1_000_000)),
        ("backward", |i| at(1_000_000 - i * 1_000)),
        ("before 1970", |i| (UNIX_EPOCH - Duration::from_secs(i)).into()),
        ("erratic", |i| {
            if i % 2 == 0 {
                at(1 << 40)
            } else {
                (UNIX_EPOCH - Duration::from_secs(1 << 40)).into()
            }
        }),
    ];
    for (name, clock) in clocks {
        let mut source = SeqSource::new();
        let mut last = Seq::default();
        for i in 0..1_000 {
            let seq = source.next(clock(i)).unwrap();
            assert!(seq > last, "{name} clock, number {i}: {last} then {seq}");
            assert_eq!(source.last(), seq);
            last = seq;
        }
    }
}

#[test]
fn r4_a_seq_is_the_time_in_nanoseconds_where_that_is_higher() {
    let mut source = SeqSource::restore(Seq::new(41));
    assert_eq!(source.next(at(41)).unwrap().value(), 42);
    assert_eq!(
        source.next(at(1_795_328_096_000_000_123)).unwrap().value(),
        1_795_328_096_000_000_123
    );
    assert_eq!(source.next(at(7)).unwrap().value(), 1_795_328_096_000_000_124);
}

#[test]
fn r4_a_restored_source_continues_above_what_was_stored() {
    let mut source = SeqSource::new();
    let last = source.next(at(5_000)).unwrap();
    let mut restored = SeqSource::restore(source.last());
    assert!(restored.next(at(1)).unwrap() > last);
    assert_eq!(restored.last().value(), 5_001);
}

#[test]
fn r4_the_end_is_an_error_and_no_panic_and_never_smaller() {
    let mut source = SeqSource::restore(Seq::new(u64::MAX - 1));
    assert_eq!(source.next(Timestamp::EPOCH).unwrap(), Seq::MAX);
    assert!(source.next(at(1)).is_err());
    assert_eq!(source.last(), Seq::MAX);
}

#[test]
fn r4_a_clock_beyond_64_bits_of_nanoseconds_is_ignored() {
    // The largest time that every system can represent differs; this one is past the year 2554.
    if let Some(far) = UNIX_EPOCH.checked_add(Duration::from_secs(u64::MAX / 1_000_000_000 + 1)) {
        assert_eq!(SeqSource::restore(Seq::new(9)).next(far.into()).unwrap().value(), 10);
    }
    // As is the end of time itself, which is all that a timestamp says of such a clock.
    assert_eq!(SeqSource::new().next(at(u64::MAX)).unwrap().value(), 1);
    assert_eq!(SeqSource::new().next(at(u64::MAX - 1)).unwrap().value(), u64::MAX - 1);
}

#[test]
fn a_seq_is_read_from_its_text() {
    assert_eq!("18446744073709551615".parse(), Ok(Seq::MAX));
    assert_eq!(Seq::new(42).to_string().parse(), Ok(Seq::new(42)));
    assert_eq!((u64::from(Seq::new(42)), Seq::from(42).value()), (42, 42));
    assert!("18446744073709551616".parse::<Seq>().is_err() && "-1".parse::<Seq>().is_err());
}
