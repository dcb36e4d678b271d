//! What is wrong with the arguments, said so that it fits a terminal and does nothing to it.
//!
//! The parser repeats arguments as they came. What a terminal would act on is escaped before it gets
//! into the message, and what is longer than anybody wants to see again is cut.

use std::io::{self, Write};

use clap::Error;
use clap::error::{ContextKind, ContextValue};

use crate::output;

/// Writes the error, or the help or the version that was asked for, to where it belongs.
pub(crate) fn print(mut error: Error) -> io::Result<()> {
    let context: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in context {
        let tame = match &value {
            ContextValue::String(text) => ContextValue::String(escape(&cut(text))),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| escape(&cut(text))).collect())
            }
            _ => continue,
        };
        if tame != value {
            error.insert(kind, tame);
            // The advice repeats the argument, styled.
            error.remove(ContextKind::Suggested);
        }
    }
    if error.use_stderr() && output::remarks_as_json() {
        let text = error.render().to_string();
        output::error(text.trim_start_matches("error:").trim());
        return Ok(());
    }
    error.print()?;
    io::stdout().flush()
}

/// The front of a text, if it is longer than anybody wants to see again.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The text with everything escaped that a terminal acts on.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if is_active(char) {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// Control characters, and those that change the direction or hide.
fn is_active(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many characters of an argument are shown.
const SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::{cut, escape};

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(escape(text), expected);
        check("caf\u{e9} 'more'", "caf\u{e9} 'more'");
        check("\x1b[2J\r\n\t\x07\x7f", "\\u{1b}[2J\\r\\n\\t\\u{7}\\u{7f}");
        check("\u{9b}2J\u{202e}", "\\u{9b}2J\\u{202e}");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"\u{e9}".repeat(100)), "\u{e9}".repeat(100));
        assert_eq!(cut(&"\u{e9}".repeat(101)), format!("{}...", "\u{e9}".repeat(100)));
    }
}
