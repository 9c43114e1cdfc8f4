//! Values of enums as columns have them: by their names in the schema without what all names of the enum start with. A number that no
//! schema of ours names is its digits; the unspecified value is "".

use std::borrow::Cow;

use crate::proto::connector::entitlement::PurposeValue;
use crate::proto::connector::resource_type::Trait;
use crate::proto::connector::status::ResourceStatus;
use crate::proto::connector::user_trait::{status::Status, AccountType};

pub fn trait_name(number: i32) -> Cow<'static, str> {
    match named(Trait::try_from(number).ok().map(|value| value.as_str_name()), "TRAIT_", number) {
        // One of a list has its place.
        Cow::Borrowed("") => Cow::Borrowed("UNSPECIFIED"),
        name => name,
    }
}

pub fn purpose_name(number: i32) -> Cow<'static, str> {
    named(PurposeValue::try_from(number).ok().map(|value| value.as_str_name()), "PURPOSE_VALUE_", number)
}

pub fn resource_status_name(number: i32) -> String {
    let name = ResourceStatus::try_from(number).ok().map(|value| value.as_str_name());
    named(name, "RESOURCE_STATUS_", number).into_owned()
}

pub fn user_status_name(number: i32) -> String {
    named(Status::try_from(number).ok().map(|value| value.as_str_name()), "STATUS_", number).into_owned()
}

pub fn account_type_name(number: i32) -> Cow<'static, str> {
    named(AccountType::try_from(number).ok().map(|value| value.as_str_name()), "ACCOUNT_TYPE_", number)
}

fn named(name: Option<&'static str>, prefix: &str, number: i32) -> Cow<'static, str> {
    match name.map(|name| name.strip_prefix(prefix).unwrap_or(name)) {
        Some("UNSPECIFIED") => Cow::Borrowed(""),
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(number.to_string()),
    }
}
