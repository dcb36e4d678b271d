//! What is no business of `inspect`, `verify` and `sign --out`: private keys.

use std::fs;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use peermark::identity::Keypair;
use peermark::peer_record::{CertifiedRecord, Dialects};

use crate::args;
use crate::support::{ADDRESSES, Folder, SEED, alice, data, hex, peermark, record};

/// A private key in one form.
struct Form {
    name: String,
    content: Vec<u8>,
    /// Whether it decodes.
    whole: bool,
}

/// All key types in all forms, and damaged ones.
fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |name: String, content: Vec<u8>, whole| {
        let text = [
            ("hex", hex(&content)),
            ("HEX", hex(&content).to_uppercase()),
            ("0x", format!("0x{}\n", hex(&content))),
            ("base64", BASE64.encode(&content)),
            ("base64url", BASE64URL_NOPAD.encode(&content)),
        ];
        for (form, text) in text {
            let wrapped: Vec<_> = text.as_bytes().chunks(64).map(<[u8]>::to_vec).collect();
            let wrapped = wrapped.join(&b'\n');
            let name = format!("{name} in {form}");
            forms.push(Form { name: format!("{name}, wrapped"), content: wrapped, whole });
            forms.push(Form { name, content: text.into_bytes(), whole });
        }
        forms.push(Form { name, content, whole });
    };
    let mut keypairs = vec![("ed25519".to_owned(), alice())];
    let pems = [
        "ed25519.pkcs8.pem",
        "rsa.pkcs1.pem",
        "rsa.pkcs8.pem",
        "ecdsa.sec1.pem",
        "secp256k1.sec1.pem",
    ];
    for name in pems {
        let pem = fs::read_to_string(data(name)).unwrap();
        keypairs.push((name.to_owned(), Keypair::from_pem(&pem).unwrap()));
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64.decode(body.as_bytes()).unwrap();
        add(format!("{name} cut"), der[..der.len() - 1].to_vec(), false);
        add(name.to_owned(), der, true);
    }
    for (name, keypair) in keypairs {
        let message = keypair.encode().to_vec();
        add(format!("{name} message cut"), message[..message.len() - 1].to_vec(), false);
        add(format!("{name} message and more"), [&message[..], b"\x1a\x01a"].concat(), false);
        add(format!("{name} message"), message, true);
    }
    let seed = [&b"\x08\x01\x12\x20"[..], &SEED].concat();
    add("ed25519 seed alone".to_owned(), seed, true);
    let swapped = [&b"\x12\x20"[..], &SEED, b"\x08\x01"].concat();
    add("data before type".to_owned(), swapped, false);
    let no_type = [&b"\x12\x20"[..], &SEED].concat();
    add("no type".to_owned(), no_type, false);
    for name in pems {
        let content = fs::read(data(name)).unwrap();
        let cut = content[..content.len() - 40].to_vec();
        forms.push(Form { name: format!("{name} as PEM, cut"), content: cut, whole: false });
        forms.push(Form { name: format!("{name} as PEM"), content, whole: true });
    }
    let encrypted = fs::read(data("encrypted.pem")).unwrap();
    forms.push(Form { name: "encrypted".to_owned(), content: encrypted, whole: false });
    forms
}

#[test]
fn k4_inspect_shows_no_private_key_of_any_type_in_any_form() {
    for Form { name, content, whole } in forms() {
        for args in [&["inspect"][..], &["inspect", "--json"], &["inspect", "--full"]] {
            let run = peermark(args, &content);
            assert_eq!((run.status, run.text()), (1, ""), "{name}: {}", run.stderr);
            let words = match whole {
                true => "this is a private key, not an envelope: see `peermark key show`",
                false => "this looks like a private key, not an envelope, and is not shown",
            };
            let expected = format!("error: standard input: {words}");
            assert!(run.said().starts_with(&expected), "{name}: {}", run.stderr);
            assert!(run.stderr.len() < 160, "{name}: {}", run.stderr);
        }
    }
    // A format that the key is not in makes no difference.
    let message = alice().encode();
    for format in ["raw", "hex", "base64"] {
        for content in [message.to_vec(), hex(&message).into_bytes()] {
            let run = peermark(["inspect", "--json", "--format", format], &content);
            assert_eq!((run.status, run.text()), (1, ""), "{format}: {}", run.stderr);
        }
    }
}

#[test]
fn k4_verify_tells_nothing_of_a_private_key() {
    const ERROR: &str = "private key, or what looks like one, not an envelope";
    for Form { name, content, .. } in forms() {
        let run = peermark(["verify", "--json"], &content).expect(1);
        for object in run.objects() {
            assert_eq!((&object["ok"], &object["stage"]), (&false.into(), &"envelope".into()));
            assert_eq!(object["error"], ERROR, "{name}");
        }
    }
    // In a list, a key keeps nobody else's record from being verified.
    let good = hex(record(1).as_bytes());
    let pem = fs::read_to_string(data("ed25519.pkcs8.pem")).unwrap();
    let key = hex(&alice().encode());
    for (list, verdicts) in [
        (format!("{key}\n{good}\n{key}\n"), &[false, true, false][..]),
        (format!("{pem}{good}\n"), &[false, false, false, true]),
    ] {
        let run = peermark(["verify", "--json"], list.as_bytes()).expect(1);
        let objects = run.objects();
        assert!(objects.iter().map(|object| &object["ok"]).eq(verdicts), "{}", run.text());
        for object in objects.iter().filter(|object| object["ok"] == false) {
            assert_eq!(object["error"], ERROR);
        }
    }
}

#[test]
fn k4_a_record_is_not_written_over_a_private_key() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    for Form { name, content, .. } in forms() {
        let victim = folder.file("victim", &content);
        let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", &victim];
        let run = peermark(args, b"").expect_error(2, &["is a private key"]);
        assert_eq!(run.text(), "");
        assert_eq!(fs::read(&victim).unwrap(), content, "{name}");
    }
    // The key that signs, under other names.
    let linked = folder.path("linked");
    fs::hard_link(&key, &linked).unwrap();
    let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", &linked];
    peermark(args, b"").expect_error(2, &["is a private key"]);
    assert_eq!(fs::read(&key).unwrap(), *alice().encode());
    let left: Vec<_> = fs::read_dir(folder.path(".")).unwrap().collect();
    assert_eq!(left.len(), 3, "no temporary file stays behind: {left:?}");
}

#[test]
#[cfg(unix)]
fn a_record_replaces_the_one_before_whole() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let out = folder.file("out", record(1).as_bytes());
    fs::set_permissions(&out, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path("link");
    symlink(&out, &link).unwrap();
    let before = fs::metadata(&out).unwrap().ino();
    let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", &link];
    assert_eq!(peermark(args, b"").expect(0).text(), "");
    let after = fs::metadata(&out).unwrap();
    assert_ne!(after.ino(), before, "the file before is never truncated");
    assert_eq!(after.permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "a link stays a link");
    let written = fs::read(&out).unwrap();
    assert!(CertifiedRecord::verify(&written, Dialects::Any).is_ok());

    let gone = folder.path("gone");
    let dangling = folder.path("dangling");
    symlink(&gone, &dangling).unwrap();
    let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", &dangling];
    peermark(args, b"").expect(0);
    assert!(CertifiedRecord::verify(&fs::read(&gone).unwrap(), Dialects::Any).is_ok());
}

#[test]
#[cfg(target_os = "linux")]
fn records_go_to_devices_and_pipes_as_they_are() {
    use std::process::Command;
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let sign = |out: &str| {
        let args = args!["sign", "--key", &key, "--addr", ADDRESSES[0], "--out", out];
        peermark(args, b"")
    };
    for out in ["-", "/dev/stdout"] {
        let run = sign(out).expect(0);
        assert!(CertifiedRecord::verify(&run.stdout, Dialects::Any).is_ok(), "{out}");
    }
    sign("/dev/null").expect(0);
    sign("/dev/full").expect_error(2, &["cannot write"]);

    let fifo = folder.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let from = fifo.clone();
    let reader = std::thread::spawn(move || fs::read(from).unwrap());
    sign(fifo.to_str().unwrap()).expect(0);
    assert!(CertifiedRecord::verify(&reader.join().unwrap(), Dialects::Any).is_ok());
}
