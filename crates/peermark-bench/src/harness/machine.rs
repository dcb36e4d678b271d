//! Where and when a run happened, for the line above its table.

use std::process::Command;
use std::time::UNIX_EPOCH;

use peermark::{Clock as _, SystemClock};

/// The machine, the compiler, the backend of curve25519-dalek and the date.
pub(super) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = cpu_model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let rustc = rustc_version().unwrap_or_else(|| "rustc unknown".to_owned());
    format!("{}, {cpu}, {cores} cores, {rustc}, {}", today(), dalek_backend())
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// As the `rustc` of the path says now: the one that `cargo run` has just used.
fn rustc_version() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split(" (").next()?.trim().to_owned())
}

/// Both halves of the choice: what was compiled in, and what this CPU can do.
#[expect(unexpected_cfgs, reason = "curve25519-dalek's cfg, set by .cargo/config.toml")]
fn dalek_backend() -> &'static str {
    if cfg!(curve25519_dalek_backend = "avx512") && has_avx512() {
        "curve25519-dalek on AVX-512"
    } else {
        "curve25519-dalek on its default backend"
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512ifma") && is_x86_feature_detected!("avx512vl")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512() -> bool {
    false
}

fn today() -> String {
    let since = SystemClock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(since.as_secs() / 86_400)
}

/// The date that is `days` after 1970-01-01, year by year and month by month.
fn date(days: u64) -> String {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut rest = days;
    let mut year = 1970;
    loop {
        let len = if is_leap(year) { 366 } else { 365 };
        if rest < len {
            break;
        }
        rest -= len;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for len in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < len {
            break;
        }
        rest -= len;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        let check = |days, expected| assert_eq!(date(days), expected);
        check(0, "1970-01-01");
        check(58, "1970-02-28");
        check(59, "1970-03-01");
        check(789, "1972-02-29");
        check(11_016, "2000-02-29");
        check(20_779, "2026-11-22");
        check(47_540, "2100-02-28");
        check(47_541, "2100-03-01");
    }
}
