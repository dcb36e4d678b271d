//! Durations as people write them: `90s`, `15m`, `1h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A time to live: a number and a unit, and more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ttl(pub(super) Duration);

impl FromStr for Ttl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "a time to live is a number and a unit: 90s, 15m, 1h or 7d";
        let unit = text.chars().next_back().ok_or(SHAPE)?;
        let seconds = match unit {
            's' => 1,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => return Err(SHAPE),
        };
        let digits = text.strip_suffix(unit).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SHAPE);
        }
        let number: u64 = digits.parse().map_err(|_| "a time to live beyond all time")?;
        let secs = number.checked_mul(seconds).ok_or("a time to live beyond all time")?;
        if secs == 0 {
            return Err("a time to live of zero stores nothing");
        }
        Ok(Self(Duration::from_secs(secs)))
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.0.as_secs();
        for (unit, seconds) in [('d', DAY), ('h', HOUR), ('m', MINUTE)] {
            if secs.checked_rem(seconds) == Some(0) {
                return write!(f, "{}{unit}", secs.checked_div(seconds).unwrap_or_default());
            }
        }
        write!(f, "{secs}s")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Ttl;

    #[test]
    fn a_number_and_a_unit() {
        for (text, secs) in [("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(Ttl(Duration::from_secs(secs))));
            assert_eq!(Ttl(Duration::from_secs(secs)).to_string(), text);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let more = format!("{}0s", u64::MAX);
        let days = format!("{}d", u64::MAX);
        for text in
            ["", "s", "1", "1 h", "-1s", "+1s", "1.5h", "1w", "0d", "1h30m", "\u{e9}", &more, &days]
        {
            assert!(text.parse::<Ttl>().is_err(), "{text}");
        }
    }
}
