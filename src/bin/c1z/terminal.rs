//! What is a terminal, and what may be written to one.

use std::env;
use std::fmt::{self, Display};
use std::io::IsTerminal;

/// Whether colour may be written there: to a terminal, unless its owner wants none (<https://no-color.org>).
pub fn is_coloured(stream: &impl IsTerminal) -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !refused && !dumb
}

/// Colours, or none.
#[derive(Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    pub fn of(coloured: bool) -> Paint {
        Paint(coloured)
    }

    /// A heading.
    pub fn heading<T: Display>(self, text: T) -> Painted<T> {
        self.painted("1", text)
    }

    /// What is the matter.
    pub fn bad<T: Display>(self, text: T) -> Painted<T> {
        self.painted("1;31", text)
    }

    /// That nothing is the matter.
    pub fn good<T: Display>(self, text: T) -> Painted<T> {
        self.painted("32", text)
    }

    fn painted<T>(self, code: &'static str, text: T) -> Painted<T> {
        Painted { code: self.0.then_some(code), text }
    }
}

/// A text in a colour, or as it is.
pub struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\x1b[{code}m{}\x1b[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

/// JSON in which no character moves a cursor or turns the direction of what follows. Such a character is inside a string
/// and means the same when it is escaped.
pub fn harmless_json(json: String) -> String {
    if !json.chars().any(is_harmful) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        match is_harmful(char) {
            true => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            false => out.push(char),
        }
    }
    out
}

/// All of them are in the first plane: one escape each.
fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_when_it_is_harmless() {
        let text = "é\u{7f}\u{9b}31m\u{202e}\u{2028}😀\0\n\\";
        let json = serde_json::to_string(text).unwrap();
        let harmless = harmless_json(json.clone());
        assert!(!harmless.chars().any(is_harmful), "{harmless}");
        assert!(harmless.contains('é') && harmless.contains('😀') && harmless != json);
        assert_eq!(serde_json::from_str::<String>(&harmless).unwrap(), text);
    }
}
