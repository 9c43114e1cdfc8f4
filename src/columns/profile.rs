//! A profile, a `google.protobuf.Struct`, as JSON.
//!
//! It may nest thousands of messages deep, and the thread of a host may have a small stack: what a value lies in is kept in a
//! list.

use std::fmt::Write;

use crate::proto::wire::{fields, Field, Fields, Malformed};
use crate::reflect::append_text;
use crate::translate::canonical_struct;

/// What the JSON of a profile may take, as many times its bytes: where it is control characters, which are escaped.
pub const EXPANSION: usize = 6;

/// Appends an encoded `Struct` as JSON, members in the order of their names.
pub fn write(profile: &[u8], json: &mut String) -> Result<(), Malformed> {
    // Of members with one name one is left, and fields that come in parts are whole.
    let mut canonical = Vec::new();
    canonical_struct(profile, &mut canonical)?;
    let mut open = vec![Container { members: fields(&canonical), is_list: false, is_empty: true }];
    json.push('{');
    while let Some(container) = open.last_mut() {
        let Some(member) = container.members.next() else {
            json.push(if container.is_list { ']' } else { '}' });
            open.pop();
            continue;
        };
        let member = member?;
        if member.number != 1 {
            continue;
        }
        if !std::mem::replace(&mut container.is_empty, false) {
            json.push(',');
        }
        let value = match container.is_list {
            true => member.bytes()?,
            false => {
                let (name, value) = entry(member)?;
                append_text(name, json);
                json.push(':');
                value
            }
        };
        open.extend(begin(value, json)?);
    }
    Ok(())
}

/// A `Struct` or a `ListValue` that is being written.
struct Container<'a> {
    members: Fields<'a>,
    is_list: bool,
    is_empty: bool,
}

fn entry<'a>(member: Field<'a>) -> Result<(&'a str, &'a [u8]), Malformed> {
    let (mut name, mut value) = ("", &[][..]);
    for field in fields(member.bytes()?) {
        let field = field?;
        match field.number {
            1 => name = field.str()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Appends a `Value`; of one that has members their beginning, and gives it back.
fn begin<'a>(value: &'a [u8], json: &mut String) -> Result<Option<Container<'a>>, Malformed> {
    let last = fields(value).filter(|field| !matches!(field, Ok(field) if field.number > 6)).last();
    let Some(field) = last.transpose()? else {
        json.push_str("null");
        return Ok(None);
    };
    let begin = |members, is_list| Ok(Some(Container { members: fields(members), is_list, is_empty: true }));
    match field.number {
        1 => json.push_str("null"),
        2 => append_number(f64::from_bits(field.fixed64()?), json),
        3 => append_text(field.str()?, json),
        4 => json.push_str(if field.bool()? { "true" } else { "false" }),
        5 => {
            json.push('{');
            return begin(field.bytes()?, false);
        }
        _ => {
            json.push('[');
            return begin(field.bytes()?, true);
        }
    }
    Ok(None)
}

/// Appends a number; one that is whole, and that every reader takes for the same, without a fraction.
fn append_number(number: f64, json: &mut String) {
    const EXACT: f64 = (1u64 << 53) as f64;
    let is_whole = number.trunc() == number && number.abs() <= EXACT && !(number == 0.0 && number.is_sign_negative());
    // Writing to a `String` does not fail.
    let _ = match number {
        _ if number.is_nan() => write!(json, "\"NaN\""),
        _ if number.is_infinite() => write!(json, "\"{}Infinity\"", if number < 0.0 { "-" } else { "" }),
        _ if is_whole => write!(json, "{}", number as i64),
        _ => write!(json, "{}", serde_json::Value::from(number)),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use prost_types::value::Kind;
    use prost_types::{ListValue, Struct, Value};

    fn value(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    fn json(profile: &[u8]) -> String {
        let mut json = String::new();
        write(profile, &mut json).unwrap();
        json
    }

    #[test]
    fn every_kind_of_value_is_json_of_that_kind() {
        let inner = Struct { fields: [("x".to_owned(), value(Kind::NullValue(0)))].into() };
        let values = vec![value(Kind::BoolValue(true)), value(Kind::NumberValue(-2.0)), Value { kind: None }];
        let profile = Struct {
            fields: [
                ("a\"\0é".to_owned(), value(Kind::StringValue("\n\u{1f600}".into()))),
                ("b".to_owned(), value(Kind::ListValue(ListValue { values }))),
                ("c".to_owned(), value(Kind::StructValue(inner))),
                ("d".to_owned(), value(Kind::NumberValue(f64::NAN))),
                ("e".to_owned(), value(Kind::NumberValue(f64::NEG_INFINITY))),
                ("f".to_owned(), value(Kind::NumberValue(0.1))),
                ("g".to_owned(), value(Kind::NumberValue(1e300))),
                ("h".to_owned(), value(Kind::StructValue(Struct::default()))),
                ("i".to_owned(), value(Kind::ListValue(ListValue::default()))),
                ("j".to_owned(), value(Kind::NumberValue(9_007_199_254_740_992.0))),
                ("k".to_owned(), value(Kind::NumberValue(-0.0))),
            ]
            .into(),
        };
        let expected = concat!(
            r#"{"a\"\u0000é":"\n😀","b":[true,-2,null],"c":{"x":null},"d":"NaN","e":"-Infinity","f":0.1,"g":1e+300,"#,
            r#""h":{},"i":[],"j":9007199254740992,"k":-0.0}"#
        );
        assert_eq!(json(&profile.encode_to_vec()), expected);
        assert_eq!(json(b""), "{}");
    }

    #[test]
    fn of_members_with_one_name_the_last_is_left() {
        let one = |number| Struct { fields: [("a".to_owned(), value(Kind::NumberValue(number)))].into() };
        assert_eq!(json(&[one(1.0).encode_to_vec(), one(2.0).encode_to_vec()].concat()), r#"{"a":2}"#);
    }
}
