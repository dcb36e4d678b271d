//! Variables of the environment that make a test longer, or another one.

use std::ffi::OsStr;
use std::str::FromStr;

/// What the variable `name` of the environment says, `default` where it is not set.
///
/// ```
/// assert_eq!(peermark_testkit::variable("OF_THIS_EXAMPLE", 7), 7);
/// ```
///
/// # Panics
///
/// When it is set to something that is no `T`, an empty text included. The short run that everybody
/// has would pass and look like the long one that was asked for.
#[must_use]
pub fn variable<T: FromStr>(name: &str, default: T) -> T {
    match parse(name, std::env::var_os(name).as_deref(), default) {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn parse<T: FromStr>(name: &str, value: Option<&OsStr>, default: T) -> Result<T, String> {
    let Some(value) = value else { return Ok(default) };
    let parsed = value.to_str().and_then(|text| text.parse().ok());
    let wanted = std::any::type_name::<T>();
    parsed.ok_or_else(|| format!("{name} is {value:?}, which is no {wanted}"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::parse;

    fn read(value: Option<&str>) -> Result<usize, String> {
        parse("N", value.map(OsStr::new), 7)
    }

    #[test]
    fn the_default_is_for_what_is_not_set() {
        assert_eq!(read(None), Ok(7));
        assert_eq!(read(Some("0")), Ok(0));
        assert_eq!(read(Some("20000")), Ok(20_000));
    }

    #[test]
    fn what_is_set_and_is_no_number_is_an_error_that_names_both() {
        for value in ["", " ", "1e6", "20_000", "10,000", "-1", " 5", "5 ", "0x10", "many"] {
            let error = format!("N is {value:?}, which is no usize");
            assert_eq!(read(Some(value)), Err(error));
        }
        let beyond = parse("N", Some(OsStr::new("256")), 0u8);
        assert_eq!(beyond, Err("N is \"256\", which is no u8".to_owned()));
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_text_is_an_error() {
        use std::os::unix::ffi::OsStrExt as _;
        let error = parse("N", Some(OsStr::from_bytes(b"1\xff")), 7u64).unwrap_err();
        assert_eq!(error, "N is \"1\\xFF\", which is no u64");
    }
}
