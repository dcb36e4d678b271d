//! The reader of the vector files consumes every attribute, or fails.

use std::collections::BTreeSet;

use peermark_testkit::vectors::{self, File, Source};
use serde_json::{Map, Value};

#[test]
fn an_attribute_that_nobody_consumes_is_an_error_at_every_level() {
    for source in Source::ALL {
        let whole: Value = serde_json::from_str(source.json()).unwrap();
        let mut objects = 0;
        for path in object_paths(&whole) {
            let mut altered = whole.clone();
            let object = object_at(&mut altered, &path);
            // Maps from names of keys, versions and the like are read whole, whatever the name.
            if is_map(&path) {
                continue;
            }
            object.insert("unheard_of".to_owned(), Value::String("00".to_owned()));
            let error = File::read(source, &altered.to_string());
            let error = error.err().unwrap_or_else(|| panic!("{path:?} takes any attribute"));
            assert!(error.to_string().contains("unheard_of"), "{path:?}: {error}");
            objects += 1;
        }
        assert!(objects > 0, "{} has objects", source.name());
        assert!(File::read(source, source.json()).is_ok());
    }
}

#[test]
fn a_missing_or_doubled_attribute_is_an_error() {
    let json = Source::Js.json();
    for attribute in ["\"format\":", "\"vectors\":", "\"bad\":"] {
        let doubled = json.replacen(attribute, &format!("{attribute} [], {attribute}"), 1);
        assert!(File::read(Source::Js, &doubled).is_err(), "{attribute} twice");
        let renamed = json.replacen(attribute, "\"versions\":", 1);
        assert!(File::read(Source::Js, &renamed).is_err(), "{attribute} missing");
    }
}

#[test]
fn no_vector_is_lost_on_the_way() {
    for file in vectors::files() {
        let json: Value = serde_json::from_str(file.source.json()).unwrap();
        let count = |name: &str| json.get(name).map_or(0, |list| list.as_array().unwrap().len());
        assert_eq!(file.vectors.len(), count("vectors") + count("bad"), "{:?}", file.source);
        let names: BTreeSet<_> = file.vectors.iter().map(|vector| &vector.name).collect();
        assert_eq!(names.len(), file.vectors.len(), "names are unique in {:?}", file.source);
    }
}

#[test]
fn the_provenance_beside_the_files_names_every_version() {
    let readme = include_str!("../../vectors/README.md");
    for source in Source::ALL {
        assert!(readme.contains(&format!("`{}-libp2p.json`", source.name())), "{source:?}");
        let json: Value = serde_json::from_str(source.json()).unwrap();
        for (name, version) in json.get("versions").and_then(Value::as_object).into_iter().flatten()
        {
            let line = format!("{name} {}", version.as_str().unwrap());
            assert!(readme.contains(&line), "{source:?}: {line}");
        }
    }
}

type Path = Vec<String>;

fn object_paths(value: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    let mut pending = vec![(Path::new(), value)];
    while let Some((path, value)) = pending.pop() {
        let at = |step: String| path.iter().cloned().chain([step]).collect::<Path>();
        match value {
            Value::Object(object) => {
                pending.extend(object.iter().map(|(name, value)| (at(name.clone()), value)));
                found.push(path);
            }
            // One of each kind is enough, and the last of them is as good as the first.
            Value::Array(items) => {
                let last = items.len().saturating_sub(1);
                pending.extend(items.last().map(|value| (at(last.to_string()), value)));
            }
            _ => {}
        }
    }
    found
}

fn object_at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Map<String, Value> {
    let place = path.iter().fold(value, |value, step| match value {
        Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
        object => &mut object[step],
    });
    place.as_object_mut().unwrap()
}

fn is_map(path: &[String]) -> bool {
    let maps = [
        "versions",
        "ecdsa_js_api",
        "ecdsa",
        "skipped",
        "multiaddr_bytes_differ_from_js",
        "keys",
        "implementations",
    ];
    matches!(path, [name] if maps.contains(&name.as_str()))
}
