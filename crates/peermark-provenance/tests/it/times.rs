//! S6, S12, S14: times saturate, and an expiry is over exactly at its moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peermark_provenance::{Expiry, Timestamp};

#[test]
fn s12_no_duration_overflows() {
    for nanos in [0, 1, u64::MAX - 1, u64::MAX] {
        let time = Timestamp::from_nanos(nanos);
        assert_eq!(time.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(time.saturating_add(Duration::ZERO), time);
        assert_eq!(time.saturating_since(Timestamp::MAX), Duration::ZERO);
        assert_eq!(time.saturating_since(Timestamp::EPOCH), Duration::from_nanos(nanos));
    }
    assert_eq!(Timestamp::from_secs(u64::MAX), Timestamp::MAX);
}

#[test]
fn s6_a_claim_is_over_exactly_at_its_expiry() {
    let expiry = Expiry::At(Timestamp::from_nanos(100));
    assert!(!expiry.is_over(Timestamp::from_nanos(99)));
    assert!(expiry.is_over(Timestamp::from_nanos(100)));
    assert!(!Expiry::AfterDisconnect(Duration::ZERO).is_over(Timestamp::MAX));
    assert_eq!(expiry.at(), Some(Timestamp::from_nanos(100)));
    assert_eq!(Expiry::AfterDisconnect(Duration::ZERO).at(), None);
}

#[test]
fn s14_system_times_out_of_range_are_the_ends() {
    let check = |time: SystemTime, nanos| assert_eq!(Timestamp::from(time).as_nanos(), nanos);
    check(UNIX_EPOCH, 0);
    check(UNIX_EPOCH - Duration::from_secs(1), 0);
    check(UNIX_EPOCH + Duration::new(3, 7), 3_000_000_007);
    check(UNIX_EPOCH + Duration::from_secs(20_000_000_000), u64::MAX);
    assert_eq!(Timestamp::from_nanos(3_000_000_007).to_string(), "3.000000007");
}
