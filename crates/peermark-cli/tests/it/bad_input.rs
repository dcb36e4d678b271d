//! Whatever is wrong with what the program is given, it says so and ends properly.

use std::ffi::OsString;

use crate::args;
use crate::support::{Folder, alice, peermark};

#[test]
fn wrong_usage_is_status_2() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    for args in [
        args![].to_vec(),
        args!["nonsense"].to_vec(),
        args!["verify", "--nonsense"].to_vec(),
        args!["verify", "--dialect", "nonsense"].to_vec(),
        args!["verify", "--format", "nonsense"].to_vec(),
        args!["verify", "--max-size", "-1"].to_vec(),
        args!["verify", "--max-size", "99999999999999999999"].to_vec(),
        args!["inspect", "--format", "lines"].to_vec(),
        args!["inspect", "--max-size", "65537"].to_vec(),
        args!["inspect", "one", "two"].to_vec(),
        args!["key"].to_vec(),
        args!["key", "show"].to_vec(),
        args!["key", "generate"].to_vec(),
        args!["key", "generate", "--type", "dsa", "--out", folder.path("out")].to_vec(),
        args!["key", "import", &key].to_vec(),
        args!["sign"].to_vec(),
        args!["sign", "--key", &key, "--addr"].to_vec(),
        args!["sign", "--key", &key, "--addr", "/tcp/1", "--seq", "-1"].to_vec(),
        args!["sign", "--key", &key, "--addr", "/tcp/1", "--seq", "18446744073709551616"].to_vec(),
        args!["sign", "--key", &key, "--addr", "/tcp/1", "--dialect", "any"].to_vec(),
        args!["demo", "argument"].to_vec(),
    ] {
        let run = peermark(&args, b"");
        assert_eq!(run.status, 2, "{args:?}: {run:?}");
        assert!(!run.stderr.is_empty(), "{args:?} deserves a word");
        assert_eq!(run.text(), "", "{args:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_status_2() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let gone = folder.path("gone");
    let nowhere = folder.path("gone/out");
    let directory = folder.path(".");
    for args in [
        args!["verify", &gone].to_vec(),
        args!["verify", &directory].to_vec(),
        args!["verify", "--format", "lines", &gone].to_vec(),
        args!["verify", "--format", "lines", &directory].to_vec(),
        args!["verify", "--json", &gone].to_vec(),
        args!["inspect", &gone].to_vec(),
        args!["inspect", &directory].to_vec(),
        args!["key", "show", &gone].to_vec(),
        args!["key", "show", &directory].to_vec(),
        args!["key", "import", &gone, "--out", folder.path("out")].to_vec(),
        args!["key", "import", &key, "--out", &nowhere].to_vec(),
        args!["key", "generate", "--out", &nowhere].to_vec(),
        args!["key", "generate", "--out", &directory].to_vec(),
        args!["sign", "--key", &gone, "--addr", "/tcp/1"].to_vec(),
        args!["sign", "--key", &key, "--addr", "/tcp/1", "--out", &nowhere].to_vec(),
        args!["sign", "--key", &key, "--addr", "/tcp/1", "--out", &directory].to_vec(),
    ] {
        let run = peermark(&args, b"").expect_error(2, &["error: cannot "]);
        assert_eq!(run.text(), "", "{args:?}");
    }
    assert!(!folder.path("out").exists());
}

#[test]
#[cfg(unix)]
fn names_that_are_no_text_are_names() {
    use std::os::unix::ffi::OsStringExt;
    let name = OsString::from_vec(b"gone\xff\x1b[2J".to_vec());
    for args in [
        vec!["verify".into(), name.clone()],
        vec!["inspect".into(), name.clone()],
        vec!["key".into(), "show".into(), name.clone()],
    ] {
        peermark(args, b"").expect_error(2, &["gone\\xFF\\u{1b}[2J"]);
    }
    let run = peermark(args!["verify", "--dialect", &name], b"");
    assert_eq!(run.status, 2);
}

#[test]
fn any_bytes_are_refused_properly_by_every_reader() {
    let inputs: [&[u8]; 9] = [
        b"",
        b"\0",
        b"\n",
        b"hello, world\n",
        b"0",
        b"0a24",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        &[0x0a; 10_000],
    ];
    for input in inputs {
        for format in ["auto", "raw", "hex", "base64"] {
            for args in [
                &["verify", "--format", format][..],
                &["verify", "--format", format, "--json"],
                &["inspect", "--format", format],
                &["inspect", "--format", format, "--json"],
            ] {
                let run = peermark(args, input).expect(1);
                assert!(!run.stdout.is_empty(), "{args:?}: {input:?}");
            }
        }
        peermark(["key", "show", "-"], input).expect_error(1, &["error: "]);
    }
}

#[test]
fn help_and_version_are_no_errors() {
    let run = peermark(["--version"], b"").expect(0);
    assert_eq!(run.text(), concat!("peermark ", env!("CARGO_PKG_VERSION"), "\n"));
    for args in [
        &["--help"][..],
        &["help"],
        &["verify", "--help"],
        &["inspect", "--help"],
        &["sign", "--help"],
        &["key", "--help"],
        &["key", "generate", "--help"],
        &["key", "import", "--help"],
        &["key", "show", "--help"],
        &["demo", "--help"],
    ] {
        let run = peermark(args, b"").expect(0);
        assert!(run.text().contains("Usage: peermark"), "{args:?}");
        assert_eq!(run.stderr, "");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    use crate::support::{command, finish, record};
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for args in [&["verify"][..], &["verify", "--json"], &["inspect"], &["demo"]] {
        let child = command(args).stdout(full()).spawn().unwrap();
        finish(child, record(1).as_bytes()).expect_error(2, &["cannot write the results"]);
    }
}

#[test]
fn the_definition_of_the_commands_is_sound() {
    peermark_cli::command().debug_assert();
}
