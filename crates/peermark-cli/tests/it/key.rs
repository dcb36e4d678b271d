//! `peermark key`: made, imported, shown; never overwritten, never told.

use std::fs;

use data_encoding::BASE64;
use peermark::identity::{KeyType, Keypair, PeerId, PeerIdExt as _};

use crate::args;
use crate::support::{Folder, SEED, alice, data, hex, peermark};

#[test]
fn each_type_is_generated_and_shown() {
    let folder = Folder::new();
    for (name, key_type) in [
        ("ed25519", KeyType::Ed25519),
        ("secp256k1", KeyType::Secp256k1),
        ("ecdsa", KeyType::Ecdsa),
    ] {
        let path = folder.path(name);
        let run = peermark(args!["key", "generate", "--type", name, "--out", &path], b"").expect(0);
        let keypair = Keypair::decode(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(keypair.key_type(), key_type);
        assert_eq!(run.text(), format!("{}\n", keypair.peer_id()));
        assert_eq!(run.stderr, "");

        let run = peermark(args!["key", "show", "--json", &path], b"").expect(0);
        let shown = &run.objects()[0];
        assert_eq!(shown["key_type"], key_type.name());
        assert_eq!(shown["peer_id"], keypair.peer_id().to_string());
        assert_eq!(shown["public_key"], hex(&keypair.public_key().encode()));
        let cid = shown["peer_id_cid"].as_str().unwrap();
        assert_eq!(PeerId::parse_text(cid), Ok(keypair.peer_id()));
    }
}

#[test]
fn two_keys_are_two_keys() {
    let folder = Folder::new();
    let make = |name| {
        let args = args!["key", "generate", "--out", folder.path(name)];
        peermark(args, b"").expect(0).stdout
    };
    assert_ne!(make("one"), make("two"));
}

#[test]
fn rsa_is_not_generated() {
    let folder = Folder::new();
    let path = folder.path("key");
    let args = args!["key", "generate", "--type", "rsa", "--out", &path];
    peermark(args, b"").expect_error(2, &["rsa", "ed25519"]);
    assert!(!path.exists());
}

#[test]
#[cfg(unix)]
fn a_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (made, imported) = (folder.path("made"), folder.path("imported"));
    peermark(args!["key", "generate", "--out", &made], b"").expect(0);
    peermark(args!["key", "import", &made, "--out", &imported], b"").expect(0);
    for path in [&made, &imported] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let run = peermark(args!["key", "show", &made], b"").expect(0);
    assert_eq!(run.stderr, "");
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&made, fs::Permissions::from_mode(mode)).unwrap();
        let run = peermark(args!["key", "show", &made], b"").expect(0);
        assert!(run.stderr.starts_with("warning: "), "{}", run.stderr);
        assert!(run.stderr.contains(&format!("mode {mode:o}")), "{}", run.stderr);
    }
}

#[test]
fn nothing_is_ever_overwritten() {
    let folder = Folder::new();
    let source = folder.file("source", &alice().encode());
    let there = folder.file("there", b"precious");
    for args in [
        args!["key", "generate", "--out", &there].to_vec(),
        args!["key", "import", &source, "--out", &there].to_vec(),
        args!["key", "import", &source, "--out", &source].to_vec(),
    ] {
        peermark(args, b"").expect_error(2, &["cannot create"]);
    }
    assert_eq!(fs::read(&there).unwrap(), b"precious");
    assert_eq!(fs::read(&source).unwrap(), *alice().encode());
}

#[test]
fn a_key_does_not_go_to_a_pipe() {
    peermark(["key", "generate", "--out", "-"], b"").expect_error(2, &["file"]);
}

#[test]
fn keys_of_other_programs_are_imported() {
    let folder = Folder::new();
    let mut files: Vec<_> = [
        ("ed25519.pkcs8.pem", "Ed25519"),
        ("rsa.pkcs1.pem", "RSA"),
        ("rsa.pkcs8.pem", "RSA"),
        ("ecdsa.sec1.pem", "ECDSA"),
        ("secp256k1.sec1.pem", "Secp256k1"),
    ]
    .into_iter()
    .map(|(name, key_type)| (fs::read(data(name)).unwrap(), key_type))
    .collect();
    // The same in DER, and in DER as bare base64.
    for (pem, key_type) in files.clone() {
        let pem = String::from_utf8(pem).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        files.push((BASE64.decode(body.as_bytes()).unwrap(), key_type));
        files.push((body.into_bytes(), key_type));
    }
    let message = alice().encode().to_vec();
    files.extend([
        (message.clone(), "Ed25519"),
        (hex(&message).into_bytes(), "Ed25519"),
        (format!("{}\n", hex(&message).to_uppercase()).into_bytes(), "Ed25519"),
        (BASE64.encode(&message).into_bytes(), "Ed25519"),
    ]);
    for (number, (content, key_type)) in files.iter().enumerate() {
        let source = folder.file("source", content);
        let target = folder.path(&number.to_string());
        let run =
            peermark(args!["key", "import", &source, "--out", &target, "--json"], b"").expect(0);
        assert_eq!(run.objects()[0]["key_type"], *key_type);
        let keypair = Keypair::decode(&fs::read(&target).unwrap()).unwrap();
        assert_eq!(run.objects()[0]["peer_id"], keypair.peer_id().to_string());
        // Whatever can be imported can be shown, from standard input too.
        let shown = peermark(["key", "show", "-", "--json"], content).expect(0);
        assert_eq!(shown.objects(), run.objects());
    }
}

#[test]
fn what_is_no_key_is_refused_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let target = folder.path("target");
    let check = |content: &[u8], words: &[&str]| {
        let source = folder.file("source", content);
        peermark(args!["key", "import", &source, "--out", &target], b"").expect_error(1, words);
        peermark(args!["key", "show", &source], b"").expect_error(1, words);
        assert!(!target.exists());
    };
    check(b"", &["empty"]);
    check(b"\x08", &["private key"]);
    check(b"\x08\x07\x12\x00", &["unsupported key type\n"]);
    check(b"\x12\xf3\xa1\x95\x57seed", &["not a libp2p private key message\n"]);
    check(b"\x30\x00", &["pkcs#8"]);
    check(b"hello, world", &["neither PEM, hex nor base64"]);
    check(b"abc", &["neither PEM, hex nor base64"]);
    check(b"-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n", &["pem"]);
    check(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &["pem"]);
    check(&fs::read(data("encrypted.pem")).unwrap(), &["encrypted"]);
    check(b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", &["OpenSSH"]);
    check(&vec![b'a'; 70_000], &["65536"]);
    let mut mismatch = alice().encode().to_vec();
    *mismatch.last_mut().unwrap() ^= 1;
    check(&mismatch, &["public half"]);
}

#[test]
fn k4_no_command_shows_the_secret() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let broken = folder.file("broken", &alice().encode()[..67]);
    let text = folder.file("text", format!("{}!", hex(&SEED)).as_bytes());
    let target = folder.path("target");
    let address = "/ip4/192.0.2.1/tcp/1";
    for args in [
        args!["key", "show", &key].to_vec(),
        args!["key", "show", "--json", &key].to_vec(),
        args!["key", "import", &key, "--out", &target].to_vec(),
        args!["key", "show", &broken].to_vec(),
        args!["key", "show", &text].to_vec(),
        args!["sign", "--key", &key, "--addr", address].to_vec(),
        args!["sign", "--key", &key, "--addr", address, "--format", "hex"].to_vec(),
        args!["sign", "--key", &broken, "--addr", address].to_vec(),
    ] {
        let run = peermark(args, b"");
        let shown = [&run.stdout[..], run.stderr.as_bytes()].concat();
        let contains = |what: &[u8]| shown.windows(what.len()).any(|window| window == what);
        assert!(!contains(&SEED[..8]), "{run:?}");
        assert!(!contains(hex(&SEED[..8]).as_bytes()), "{run:?}");
        assert!(!contains(&BASE64.encode(&SEED).as_bytes()[..8]), "{run:?}");
    }
}
