//! K2 on the edge cases that others collected: CCTV and ed25519-speccheck.
//!
//! The files are third-party data: `tests/data/ed25519/README.md` says whose, and under which
//! licences.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ed25519::{lenient, ours, strict};
use crate::support::unhex;

fn parse<T: DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str(text).unwrap()
}

/// C2SP CCTV, `ed25519vectors.json`: hex, a message as text, and what is unusual about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cctv {
    number: usize,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<Flag>>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
enum Flag {
    #[serde(rename = "low_order_R")]
    LowOrderR,
    #[serde(rename = "low_order_A")]
    LowOrderA,
    #[serde(rename = "low_order_component_R")]
    LowOrderComponentR,
    #[serde(rename = "low_order_component_A")]
    LowOrderComponentA,
    #[serde(rename = "low_order_residue")]
    LowOrderResidue,
    #[serde(rename = "non_canonical_A")]
    NonCanonicalA,
    #[serde(rename = "non_canonical_R")]
    NonCanonicalR,
    /// The signer hashed another encoding of A or R than the one in the vector.
    #[serde(rename = "reencoded_k")]
    ReencodedK,
}

impl Flag {
    /// Whether the strict set can hold a signature with this property. A component of low order in
    /// A or R is no reason to refuse; a residue is what verification without cofactor refuses.
    fn is_strict(self) -> bool {
        matches!(self, Self::LowOrderComponentR | Self::LowOrderComponentA)
    }
}

#[test]
fn k2_exactly_43_of_cctv_are_accepted() {
    let vectors: Vec<Cctv> = parse(include_str!("../data/ed25519/cctv-ed25519.json"));
    assert_eq!(vectors.len(), 914);
    let mut accepted = 0;
    for vector in &vectors {
        let [key, signature] = [&vector.key, &vector.sig].map(|hex| unhex(hex));
        let message = vector.msg.as_bytes();
        let mut flags = vector.flags.iter().flatten();
        let got = ours(&key, message, &signature);
        assert_eq!(got, flags.all(|flag| flag.is_strict()), "number {}", vector.number);
        assert_eq!(got, strict(&key, message, &signature), "number {}", vector.number);
        assert!(!got || lenient(&key, message, &signature));
        accepted += usize::from(got);
    }
    assert_eq!(accepted, 43);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Speccheck {
    message: String,
    pub_key: String,
    signature: String,
}

#[test]
fn k2_exactly_number_3_of_speccheck_is_accepted() {
    let vectors: Vec<Speccheck> = parse(include_str!("../data/ed25519/ed25519-speccheck.json"));
    let accepted = vectors.iter().enumerate().filter(|(number, vector)| {
        let [key, message, signature] =
            [&vector.pub_key, &vector.message, &vector.signature].map(|hex| unhex(hex));
        let got = ours(&key, &message, &signature);
        assert_eq!(got, strict(&key, &message, &signature), "number {number}");
        got
    });
    let accepted: Vec<usize> = accepted.map(|(number, _)| number).collect();
    assert_eq!(vectors.len(), 12);
    assert_eq!(accepted, [3]);
}
