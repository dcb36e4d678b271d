//! Files that are no store, stores that are in use, places that are not there.

use std::fs;

use super::{Store, lines, peer};
use crate::support::{Folder, command, finish};

/// Every command that needs a store to be there.
fn readers(peer: &str) -> [(&str, Vec<&str>); 8] {
    [
        ("show", vec![peer]),
        ("list", vec![]),
        ("records", vec![peer]),
        ("sweep", vec![]),
        ("check", vec![]),
        ("stats", vec![]),
        ("forget", vec![peer]),
        ("export", vec![]),
    ]
}

#[test]
fn who_only_looks_makes_nothing() {
    let store = Store::new();
    for (name, args) in readers(&peer(1)) {
        let run = store.run(name, &args, b"");
        run.expect_error(2, &["no store at", "import records first"]);
        assert!(!store.db.exists(), "{name}");
    }
    fs::write(&store.db, b"").unwrap();
    for (name, args) in readers(&peer(1)) {
        store.run(name, &args, b"").expect_error(2, &["no store at"]);
        assert_eq!(fs::metadata(&store.db).unwrap().len(), 0, "{name}");
    }
}

#[test]
fn what_is_no_store_is_left_alone() {
    let store = Store::new();
    let peer = peer(1);
    for content in [&b"not a store"[..], &[0; 100_000], &[0xff; 5000]] {
        fs::write(&store.db, content).unwrap();
        let mut commands = readers(&peer).to_vec();
        commands.push(("import", vec!["--source", "dht"]));
        for (name, args) in commands {
            let run = store.run(name, &args, &lines(&[(1, 1)]));
            run.expect_error(2, &["peers.redb\": "]);
            assert_eq!(fs::read(&store.db).unwrap(), content, "{name}");
        }
    }
}

#[test]
#[cfg(unix)]
fn a_folder_is_no_store_and_a_device_neither() {
    let folder = Folder::new();
    for db in [folder.path("").to_str().unwrap(), "/dev/null"] {
        for (name, args) in [("list", vec![]), ("import", vec!["--source", "dht"])] {
            let args = ["store", name, "--db", db].into_iter().chain(args);
            crate::support::peermark(args, b"").expect_error(2, &["is no file, and no store"]);
        }
    }
    let args = ["store", "import", "--source", "dht", "--db", "/no/such/folder/x"];
    crate::support::peermark(args, b"").expect_error(2, &["cannot create", "/no/such/folder/x"]);
}

#[test]
fn one_process_has_it_at_a_time() {
    let store = Store::of(&[(1, 1)]);
    let held = store.book();
    for (name, args) in readers(&peer(1)) {
        store.run(name, &args, b"").expect_error(2, &["is in use", "cannot be shared"]);
    }
    store.run("import", &["--source", "dht"], b"").expect_error(2, &["is in use"]);
    drop(held);
    assert_eq!(store.list().len(), 1);
}

#[test]
#[cfg(unix)]
fn names_of_files_do_nothing_to_a_terminal() {
    let folder = Folder::new();
    let name = folder.path("\u{1b}[2J");
    let args = crate::args!["store", "list", "--db", &name];
    crate::support::peermark(&args, b"").expect_error(2, &["\\u{1b}[2J"]);
    fs::write(&name, b"nothing").unwrap();
    crate::support::peermark(&args, b"").expect_error(2, &["\\u{1b}[2J"]);
}

#[test]
#[cfg(target_os = "linux")]
fn the_store_of_the_user_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let data = folder.path("data");
    let file = data.join("peermark/peers.redb");
    let run = |args: &[&str], stdin: &[u8]| {
        let mut command = command(["store"].iter().chain(args));
        finish(command.env("XDG_DATA_HOME", &data).spawn().unwrap(), stdin)
    };
    run(&["list"], b"").expect_error(2, &["no store at", "peermark/peers.redb"]);
    assert!(!data.exists(), "who only looks makes nothing");
    run(&["import", "--source", "dht"], &lines(&[(1, 1)])).expect(0);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&data.join("peermark")), 0o700);
    assert!(run(&["list"], b"").expect(0).text().contains(&peer(1)));
}

#[test]
fn a_damaged_byte_is_found() {
    let records: Vec<_> = (0..100).map(|seed| (seed, 1)).collect();
    let store = Store::of(&records);
    let content = fs::read(&store.db).unwrap();
    let envelope = super::record_of(50, 1).into_bytes();
    let at = content.windows(64).position(|window| *window == envelope[..64]);
    let mut damaged = content;
    damaged[at.expect("records are stored as they are") + 10] ^= 1;
    fs::write(&store.db, &damaged).unwrap();
    let run = store.run("check", &["--json"], b"");
    assert!(run.status == 1 || run.status == 2, "{run:?}");
    assert!(run.status == 2 || run.objects()[0]["ok"] == false, "{run:?}");
}
