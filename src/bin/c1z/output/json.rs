//! Rows as JSON.

use c1z::proto::DESCRIPTORS;
use c1z::reflect::{RecordType, Schema};

use crate::failure::Failure;
use crate::terminal::harmless_json;

/// Shows messages of one type as protobuf JSON.
pub struct Shown {
    name: &'static str,
    of_type: Option<RecordType>,
}

impl Shown {
    /// By the full name of the type. The schema is read when the first message is shown.
    pub fn of(name: &'static str) -> Shown {
        Shown { name, of_type: None }
    }

    /// One line of JSON.
    pub fn json(&mut self, message: &[u8]) -> Result<String, Failure> {
        let of_type = match self.of_type.take() {
            Some(of_type) => of_type,
            None => Schema::of(DESCRIPTORS)?.message(self.name)?,
        };
        let json = of_type.json(message);
        self.of_type = Some(of_type);
        Ok(harmless_json(json))
    }
}

/// An object of the members `first`, each a name and its JSON, and those of the object `rest`.
pub fn object(first: &[(&str, String)], rest: &str) -> String {
    let first: Vec<String> = first.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
    let rest = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let comma = if rest.is_empty() { "" } else { "," };
    format!("{{{}{comma}{rest}}}", first.join(","))
}
