//! K3 for RSA: sizes before numbers, one encoding, signatures as long as the modulus.

use peermark_identity::{
    BadSignature, KeyDefect, KeyType, Keypair, PublicKey, PublicKeyError, Signer,
};

use crate::support::{decode_key, der, der_integer, golden, unhex};

/// `SEQUENCE { rsaEncryption, NULL }` (RFC 8017, appendix C).
const ALGORITHM: &str = "300d06092a864886f70d0101010500";
const F4: &[u8] = &[1, 0, 1];

fn spki_of(pkcs1: &[u8]) -> Vec<u8> {
    let bits = der(0x03, &[&[0][..], pkcs1].concat());
    der(0x30, &[unhex(ALGORITHM), bits].concat())
}

fn spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    spki_of(&der(0x30, &[der_integer(modulus), der_integer(exponent)].concat()))
}

/// An odd number of so many bits. Nothing finds out that it is no product of two primes.
fn modulus(bits: usize) -> Vec<u8> {
    let mut bytes = vec![0x5b; bits.div_ceil(8)];
    let top = 1 << ((bits - 1) % 8);
    bytes[0] = top | bytes[0] & (top - 1);
    bytes
}

fn invalid(reason: KeyDefect) -> Result<PublicKey, PublicKeyError> {
    let key_type = KeyType::Rsa;
    Err(PublicKeyError::Invalid { key_type, reason })
}

#[test]
fn k3_modulus_has_2048_to_8192_bits_and_is_odd() {
    for bits in [2048, 2049, 2055, 2056, 3072, 4096, 8191, 8192] {
        let data = spki(&modulus(bits), F4);
        let key = decode_key(0, &data).unwrap();
        assert_eq!(key.key_type(), KeyType::Rsa);
        assert!(key.encode().ends_with(&data), "{bits}");
    }
    for bits in [1, 512, 1024, 2040, 2041, 2047, 8193, 8200] {
        let data = spki(&modulus(bits), F4);
        assert_eq!(decode_key(0, &data), invalid(KeyDefect::Modulus { bits }), "{bits}");
    }
    let mut even = modulus(2048);
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(decode_key(0, &spki(&even, F4)), invalid(KeyDefect::Modulus { bits: 2048 }));
}

#[test]
fn k3_exponent_is_odd_from_65537_to_below_2_to_33() {
    let check = |exponent: u64| decode_key(0, &spki(&modulus(2048), &exponent.to_be_bytes()));
    for good in [65_537, 65_539, (1 << 32) + 1, (1 << 33) - 1] {
        assert!(check(good).is_ok(), "{good}");
    }
    for bad in [0, 1, 3, 17, 257, 65_535, 65_536, 65_538, 1 << 32, 1 << 33, (1 << 33) + 1, u64::MAX]
    {
        assert_eq!(check(bad), invalid(KeyDefect::Exponent), "{bad}");
    }
    let of_nine_bytes = spki(&modulus(2048), &[1, 0, 0, 0, 0, 0, 1, 0, 1]);
    assert_eq!(decode_key(0, &of_nine_bytes), invalid(KeyDefect::Exponent));
}

#[test]
fn k3_size_is_gated_before_numbers() {
    // The longest that can be acceptable, and one byte more.
    let longest = spki(&modulus(8192), &[1, 0xff, 0xff, 0xff, 0xff]);
    assert!(decode_key(0, &longest).is_ok());
    for got in [longest.len() + 1, 2000, 16_000] {
        let data = vec![0x30; got];
        assert_eq!(decode_key(0, &data), invalid(KeyDefect::Length { got }));
    }
}

#[test]
fn k3_keys_have_one_form() {
    let n = modulus(2048);
    let good = spki(&n, F4);
    assert!(decode_key(0, &good).is_ok());
    let pkcs1 = der(0x30, &[der_integer(&n), der_integer(F4)].concat());
    let algorithm = unhex(ALGORITHM);
    let bits = der(0x03, &[&[0][..], &pkcs1].concat());
    let with_algorithm = |algorithm: &[u8]| der(0x30, &[algorithm, &bits].concat());
    let padded = der(0x02, &[&[0, 0][..], &n].concat());
    let negative = der(0x02, &[&[0x80][..], &n].concat());
    let long_length = |value: &[u8]| [&[0x30, 0x83, 0], &value[2..]].concat();
    let oid = |last: u8| {
        let mut algorithm = algorithm.clone();
        algorithm[12] = last;
        algorithm
    };
    // Other algorithms are no encoding of an RSA key at all.
    for last in [4, 10] {
        assert_eq!(decode_key(0, &with_algorithm(&oid(last))), invalid(KeyDefect::Encoding));
    }
    for bad in [
        vec![],
        // PKCS#1 alone; something behind; something missing.
        pkcs1.clone(),
        [&good[..], &[0]].concat(),
        good[..good.len() - 1].to_vec(),
        // No parameters, others than NULL, another algorithm (RSASSA-PSS, MD5 with RSA).
        with_algorithm(&der(0x30, &algorithm[2..13])),
        with_algorithm(&der(0x30, &[&algorithm[2..13], &[0x02, 0x01, 0x00]].concat())),
        with_algorithm(&oid(10)),
        with_algorithm(&oid(4)),
        // Unused bits.
        der(0x30, &[&algorithm[..], &der(0x03, &[&[1][..], &pkcs1].concat())].concat()),
        // Lengths longer than they must be, outside and inside; numbers likewise; negative ones.
        long_length(&good),
        spki_of(&long_length(&pkcs1)),
        spki_of(&der(0x30, &[padded, der_integer(F4)].concat())),
        spki_of(&der(0x30, &[der_integer(&n), der(0x02, &[0, 1, 0, 1])].concat())),
        spki_of(&der(0x30, &[negative, der_integer(F4)].concat())),
        // A third number, or one alone.
        spki_of(&der(0x30, &[der_integer(&n), der_integer(F4), der_integer(F4)].concat())),
        spki_of(&der(0x30, &der_integer(&n))),
        // Something behind the key inside the bits.
        spki_of(&[&pkcs1[..], &[0]].concat()),
    ] {
        let error = decode_key(0, &bad).unwrap_err();
        let expected = [KeyDefect::Encoding, KeyDefect::NotCanonical];
        assert!(
            matches!(error, PublicKeyError::Invalid { key_type: KeyType::Rsa, reason }
                if expected.contains(&reason)),
            "{error} for {bad:02x?}"
        );
    }
}

#[test]
fn k3_signature_is_as_long_as_the_modulus() {
    let keypair = Keypair::decode(&unhex(&golden("js/rsa2048").private)).unwrap();
    let key = keypair.public_key();
    let signature = keypair.sign(b"message").unwrap();
    assert_eq!(signature.len(), 256);
    assert_eq!(key.verify(b"message", &signature), Ok(()));
    assert_eq!(key.verify(b"messagf", &signature), Err(BadSignature));
    let shorter = &signature[1..];
    let longer = [&[0][..], &signature].concat();
    let behind = [&signature[..], &[0]].concat();
    for bad in [shorter, &longer, &behind, &[]] {
        assert_eq!(key.verify(b"message", bad), Err(BadSignature));
    }
    for bit in (0..256 * 8).step_by(7) {
        let mut bad = signature.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.verify(b"message", &bad), Err(BadSignature), "bit {bit}");
    }
}

#[test]
fn rsa_signatures_are_deterministic() {
    let keypair = Keypair::decode(&unhex(&golden("py/rsa2048").private)).unwrap();
    assert_eq!(keypair.sign(b"message"), keypair.sign(b"message"));
}
