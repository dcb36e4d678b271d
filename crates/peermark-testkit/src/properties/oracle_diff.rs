//! Our decoders against generated ones.

use super::linear;
use crate::oracle;

/// Whatever we accept as an envelope, a key or a record, the generated code reads to the same
/// fields, and writes to the same bytes where ours are canonical.
///
/// # Panics
///
/// When that does not hold.
pub fn oracle_diff(data: &[u8]) {
    // Each decodes twice: first to see whether it is accepted, then what is nested in it.
    let len = data.len() * 2;
    let _compared: [bool; 3] = [
        linear(len, || oracle::agrees_on_envelope(data)),
        linear(len, || oracle::agrees_on_key(data)),
        linear(len, || oracle::agrees_on_record(data)),
    ];
}
