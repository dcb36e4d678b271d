//! What the program says of its arguments, and where it says it.

use crate::args;
use crate::support::{ADDRESSES, Folder, alice, peermark};

#[test]
fn arguments_do_nothing_to_a_terminal() {
    for bad in ["\x1b]0;title\x07", "\r\x1b[2J", "\u{9b}2J", "\x08\x7f", "\u{202e}cod"] {
        for args in [
            &[bad][..],
            &["verify", "--dialect", bad],
            &["verify", "--max-size", bad],
            &[&format!("--{bad}")],
            &["verify", &format!("--dialect={bad}")],
            &["sign", "--key", "key", "--addr", bad],
            &["inspect", "one", bad],
        ] {
            let run = peermark(args, b"").expect(2);
            assert!(run.stderr.starts_with("error: "), "{:?}", run.stderr);
            let active = |char: char| char != '\n' && char.is_control() || char == '\u{202e}';
            assert!(!run.stderr.contains(active), "{:?}", run.stderr);
            let escaped: String = match bad.strip_suffix("cod") {
                Some(_) => r"\u{202e}cod".to_owned(),
                None => bad.escape_default().collect(),
            };
            assert!(run.stderr.contains(&escaped), "{escaped} in {:?}", run.stderr);
        }
    }
}

#[test]
fn long_arguments_come_back_cut() {
    let folder = Folder::new();
    let key = folder.file("key", &alice().encode());
    let long = format!("/dns/{}", "a".repeat(5_000));
    let with_option = format!("--addr=/nonsense/{}", "a".repeat(5_000));
    for args in [
        args!["sign", "--key", &key, "--addr", format!("/nonsense{long}")].to_vec(),
        args!["sign", "--key", &key, with_option].to_vec(),
        args!["sign", "--key", &key, "--addr", &long].to_vec(),
        args![&long].to_vec(),
    ] {
        let run = peermark(&args, b"").expect_error(2, &["aaa...", "error: "]);
        assert!(run.stderr.len() < 600, "{}", run.stderr);
    }
    let args = args!["sign", "--key", &key, "--public-only", "--addr", long + ".local"];
    let run = peermark(args, b"").expect(2);
    assert!(run.stderr.len() < 600, "{}", run.stderr);
}

#[test]
fn a_number_below_zero_is_an_invalid_value() {
    for args in [
        &["sign", "--key", "key", "--addr", ADDRESSES[0], "--seq", "-1"][..],
        &["verify", "--max-size", "-5"],
        &["inspect", "--max-size", "-5"],
    ] {
        peermark(args, b"").expect_error(2, &["invalid value '-"]);
    }
}

#[test]
fn every_command_has_examples() {
    for args in [
        &["key"][..],
        &["key", "generate"],
        &["key", "import"],
        &["key", "show"],
        &["sign"],
        &["inspect"],
        &["verify"],
        &["demo"],
        &["store"],
        &["store", "import"],
        &["store", "show"],
        &["store", "list"],
        &["store", "records"],
        &["store", "sweep"],
        &["store", "check"],
        &["store", "stats"],
        &["store", "forget"],
        &["store", "export"],
    ] {
        let run = peermark(args.iter().chain(&["--help"]), b"").expect(0);
        let (_, examples) = run.text().split_once("Example").expect("examples");
        let example = format!("peermark {}", args.join(" "));
        assert!(examples.contains(&example), "{}", run.text());
    }
}

#[test]
fn verify_help_says_what_belongs_to_which_file() {
    let run = peermark(["verify", "--help"], b"").expect(0);
    let text: Vec<_> = run.text().split_whitespace().collect();
    let text = text.join(" ");
    for part in ["in the order of the inputs", "has a message on standard error and no line"] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn help_that_cannot_be_written_is_said() {
    use crate::support::{command, finish};
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for args in [&["--help"][..], &["--version"], &["sign", "--help"], &["help", "verify"]] {
        let child = command(args).stdout(full()).spawn().unwrap();
        finish(child, b"").expect_error(2, &["error: cannot write the results"]);

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = finish(command(args).stdout(writer).spawn().unwrap(), b"").expect(0);
        assert_eq!(run.stderr, "", "a reader who leaves is no news");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_key_that_was_made_is_not_lost_with_its_announcement() {
    use crate::support::{command, finish};
    let folder = Folder::new();
    let source = folder.file("source", &alice().encode());
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (made, imported) = (folder.path("made"), folder.path("imported"));
    for (args, path) in [
        (args!["key", "generate", "--out", &made].to_vec(), &made),
        (args!["key", "import", &source, "--json", "--out", &imported].to_vec(), &imported),
    ] {
        let child = command(args).stdout(full()).spawn().unwrap();
        let words = format!("the key is in {path:?}");
        finish(child, b"").expect_error(2, &["cannot write the results", &words]);
        peermark(args!["key", "show", path], b"").expect(0);
    }
}
