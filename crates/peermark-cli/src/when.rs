//! Points in time, for people: how long ago, and the date.

use std::time::Duration;

use jiff::Timestamp as Date;
use peermark::peer_record::Seq;
use peermark::provenance::Timestamp;

use crate::claims;

/// A date to the minute, in UTC; nothing for a time that no calendar has.
pub(crate) fn date(at: Timestamp) -> Option<String> {
    of_nanos(i128::from(at.as_nanos()))
}

/// How long before `now` something was, and its date: `2 h ago (2026-11-30 20:26 UTC)`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let ago = format!("{} ago", claims::time(now.saturating_since(at)));
    date(at).map_or_else(|| ago.clone(), |date| format!("{ago} ({date})"))
}

/// How long after `now` something is, and its date: `2 h (until 2026-11-30 20:26 UTC)`.
pub(crate) fn until(left: Duration, now: Timestamp) -> String {
    let time = claims::time(left);
    match date(now.saturating_add(left)) {
        Some(date) if left < LONG => format!("{time} (until {date})"),
        _ => time,
    }
}

/// What lives longer than this has no date that matters.
const LONG: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The date that a sequence number would be if it were a clock. It is a counter, and need not be one:
/// go-libp2p and py-libp2p count nanoseconds, js-libp2p milliseconds, rust-libp2p and nim seconds.
pub(crate) fn clock(seq: Seq) -> Option<String> {
    let value = i128::from(seq.value());
    // From 2015 on, when there were no records yet, to 2100.
    let nanos = [1_000_000_000, 1_000_000, 1].map(|unit| value.saturating_mul(unit));
    let is_plausible = |nanos: &i128| (1_420_000_000..4_102_000_000).contains(&(nanos / SECOND));
    let date = nanos.into_iter().find(is_plausible).and_then(of_nanos)?;
    Some(format!("\u{2248} {date}, if it is a clock"))
}

const SECOND: i128 = 1_000_000_000;

fn of_nanos(nanos: i128) -> Option<String> {
    let date = Date::from_nanosecond(nanos).ok()?;
    Some(date.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_796_072_760);

    #[test]
    fn dates_are_to_the_minute() {
        assert_eq!(date(NOW).unwrap(), "2026-11-30 21:06 UTC");
        assert_eq!(date(Timestamp::from_secs(0)).unwrap(), "1970-01-01 00:00 UTC");
        let before = Timestamp::from_secs(1_796_072_760 - 7200);
        assert_eq!(ago(before, NOW), "2 h ago (2026-11-30 19:06 UTC)");
        let hour = Duration::from_secs(3600);
        assert_eq!(until(hour, NOW), "1 h (until 2026-11-30 22:06 UTC)");
        assert_eq!(until(Duration::MAX, NOW), "for ever");
        assert!(date(Timestamp::MAX).is_some());
    }

    #[test]
    fn a_sequence_number_may_be_a_clock() {
        let date = Some("\u{2248} 2026-11-30 21:06 UTC, if it is a clock".to_owned());
        for seq in [1_796_072_760, 1_796_072_760_000, 1_796_072_760_000_000_000] {
            assert_eq!(clock(Seq::new(seq)), date);
        }
        for seq in [0, 1, 42, 1_000_000, u64::MAX, 1_796_072_760_000_000] {
            assert_eq!(clock(Seq::new(seq)), None, "{seq}");
        }
    }
}
