//! Telling an export of a store from envelopes: they are read by different commands.

use crate::failure::Failure;
use crate::input::Source;

/// How much of an input tells whether it is an export.
pub(crate) const HEAD: usize = 64;

/// Whether an input that begins so is an export.
pub(crate) fn is_one(front: &[u8]) -> bool {
    let rest = front.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    rest.is_some_and(|rest| rest.starts_with(b"\"peermark-export\""))
}

/// What is said of one where envelopes should be.
pub(crate) fn refusal(source: &Source) -> Failure {
    Failure::Refused(format!(
        "{} is an export of a store, not envelopes: read it with peermark store restore",
        source.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::is_one;

    #[test]
    fn an_export_is_told_by_its_first_line() {
        for front in ["{\"peermark-export\":2}\n", " { \"peermark-export\" : 9"] {
            assert!(is_one(front.as_bytes()), "{front}");
        }
        for front in ["", "{", "{\"peer\":1}", "0a24", "peermark-export"] {
            assert!(!is_one(front.as_bytes()), "{front}");
        }
    }
}
