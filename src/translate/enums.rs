//! Enums that a record stores by name: a resource type's traits, an entitlement's purpose.

use prost::encoding::decode_varint;

use crate::proto::connector::{entitlement::PurposeValue, resource_type::Trait};
use crate::proto::wire::{Field, Malformed, Value};

/// The stored name of a trait: its schema name without `TRAIT_`. `None` if no schema of ours names the number.
pub(super) fn trait_name(number: i32) -> Option<&'static str> {
    let name = Trait::try_from(number).ok()?.as_str_name();
    Some(name.strip_prefix("TRAIT_").unwrap_or(name))
}

/// The trait with that stored name, `TRAIT_UNSPECIFIED` if there is none.
pub(super) fn trait_number(stored: &str) -> i32 {
    number(stored, trait_name)
}

/// The stored name of a purpose: its schema name without `PURPOSE_VALUE_`, and empty for the unspecified one. `None`
/// if no schema of ours names the number.
pub(super) fn purpose_name(number: i32) -> Option<&'static str> {
    let purpose = PurposeValue::try_from(number).ok()?;
    let name = purpose.as_str_name();
    match purpose {
        PurposeValue::Unspecified => Some(""),
        _ => Some(name.strip_prefix("PURPOSE_VALUE_").unwrap_or(name)),
    }
}

/// The purpose with that stored name, `PURPOSE_VALUE_UNSPECIFIED` if there is none.
pub(super) fn purpose_number(stored: &str) -> i32 {
    number(stored, purpose_name)
}

/// The schema numbers both enums from 0 up without a gap.
fn number(stored: &str, name: fn(i32) -> Option<&'static str>) -> i32 {
    (0..).map_while(|number| Some((number, name(number)?))).find(|(_, name)| *name == stored).map_or(0, |(n, _)| n)
}

/// Collects a repeated enum field, which may come packed or one value at a time.
pub fn push_values(values: &mut Vec<i32>, field: &Field<'_>) -> Result<(), Malformed> {
    match field.value {
        Value::Varint(value) => values.push(value as i32),
        _ => {
            let mut packed = field.bytes()?;
            let len = packed.len();
            while !packed.is_empty() {
                let at = len - packed.len();
                values.push(decode_varint(&mut packed).map_err(|_| Malformed::Wire { at })? as i32);
            }
        }
    }
    Ok(())
}

/// An enum or int32 as the varint that the wire format wants: sign-extended to 64 bits.
pub(super) fn varint(number: i32) -> u64 {
    i64::from(number) as u64
}
