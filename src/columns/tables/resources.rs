//! The table `resources`.

use prost::Message;

use super::times::{discovered, micros};
use crate::columns::annotations::{any, Annotations};
use crate::columns::batch::Row;
use crate::columns::column::{Column, Type};
use crate::columns::names::{account_type_name, resource_status_name, user_status_name};
use crate::columns::profile;
use crate::engine::{Kind, Resource};
use crate::memory::ask_for;
use crate::proto::connector::user_trait::Email;
use crate::proto::connector::UserTrait;
use crate::proto::wire::{fields, merge, values, Malformed};
use crate::store::NotTaken;
use crate::translate::resource_from_record;

pub const COLUMNS: &[Column] = &[
    Column::always("sync_id", Type::Repeated),
    Column::always("resource_type_id", Type::Repeated),
    Column::always("resource_id", Type::Text),
    Column::or_null("parent_resource_type_id", Type::Repeated),
    Column::or_null("parent_resource_id", Type::Repeated),
    Column::or_null("display_name", Type::Text),
    Column::or_null("description", Type::Text),
    Column::or_null("resource_status", Type::Repeated),
    Column::or_null("status_details", Type::Text),
    Column::or_null("user_email", Type::Text),
    Column::or_null("user_login", Type::Text),
    Column::or_null("user_given_name", Type::Text),
    Column::or_null("user_family_name", Type::Text),
    Column::or_null("user_account_type", Type::Repeated),
    Column::or_null("user_last_login", Type::Time),
    Column::or_null("profile", Type::Json),
    Column::or_null("created_at", Type::Time),
    Column::or_null("discovered_at", Type::Time),
    Column::or_null("annotations", Type::Json),
];

const USER_TRAIT: &str = "c1.connector.v2.UserTrait";

/// The field of a trait that has the profile, which the resource itself has since traits are not to have one any more.
const PROFILES: [(&str, u32); 6] = [
    (USER_TRAIT, 3),
    ("c1.connector.v2.GroupTrait", 2),
    ("c1.connector.v2.RoleTrait", 1),
    ("c1.connector.v2.AppTrait", 4),
    ("c1.connector.v2.SecretTrait", 1),
    ("c1.connector.v2.AgentTrait", 3),
];

/// Makes a row of a stored record. `shown` is empty.
pub fn append(
    mut row: Row<'_>,
    sync: &str,
    stored: &[u8],
    annotations: &mut Annotations,
    shown: &mut Vec<u8>,
) -> Result<(), NotTaken> {
    let Resource { identity, parent, .. } = Resource::parse(stored)?;
    resource_from_record(stored, shown)?;
    let (mut display_name, mut description) = ("", "");
    let (mut profile, mut status, mut created_at) = (None, None, None);
    let (mut user, mut profile_of_trait) = (None, None);
    let mut seen = [false; PROFILES.len()];
    for field in fields(shown) {
        let field = field?;
        match field.number {
            3 => display_name = field.str()?,
            4 => {
                let (name, value) = any(field.bytes()?)?;
                let Some(kind) = PROFILES.iter().position(|(of, _)| *of == name) else { continue };
                // SDK: of several traits of one kind the first counts.
                if std::mem::replace(&mut seen[kind], true) {
                    continue;
                }
                if name == USER_TRAIT {
                    // Annotations are what their writers made of them: one that cannot be read makes no user.
                    user = UserTrait::decode(value).ok();
                }
                profile_of_trait = profile_of_trait.or_else(|| inner(value, PROFILES[kind].1));
            }
            5 => description = field.str()?,
            9 => merge(&mut profile, field.bytes()?),
            11 => merge(&mut status, field.bytes()?),
            12 => merge(&mut created_at, field.bytes()?),
            _ => {}
        }
    }
    let user = user.unwrap_or_default();
    let (status, details) = status_of(status.as_deref(), &user)?;
    let created_at = created_at.and_then(|time| prost_types::Timestamp::decode(&*time).ok());
    let parent = parent.filter(|parent| !parent.resource.is_empty());
    let name = user.structured_name.unwrap_or_default();

    row.text(sync);
    row.text(identity.resource_type);
    row.text(identity.resource);
    row.given(parent.map_or("", |parent| parent.resource_type));
    row.given(parent.map_or("", |parent| parent.resource));
    row.given(display_name);
    row.given(description);
    row.given(&status);
    row.given(&details);
    row.given(email(&user.emails));
    row.given(&user.login);
    row.given(&name.given_name);
    row.given(&name.family_name);
    row.given(&account_type_name(user.account_type));
    row.time(user.last_login.as_ref().and_then(micros));
    row.json(|json| {
        let len =
            profile.as_ref().map_or(0, |profile| profile.len()).max(profile_of_trait.as_ref().map_or(0, Vec::len));
        // The text may grow to twice its size.
        ask_for(2 * profile::EXPANSION * len).map_err(NotTaken::Other)?;
        match (&profile, &profile_of_trait) {
            (Some(own), _) => Ok(profile::write(own, json).map(|()| true)?),
            // As annotations, what cannot be read is passed over.
            (None, Some(of_trait)) => Ok(profile::write(of_trait, json).is_ok()),
            (None, None) => Ok(false),
        }
    })?;
    row.time(created_at.as_ref().and_then(micros));
    row.time(discovered(Kind::Resource, stored)?);
    row.json(|json| annotations.write(values(shown, 4), json))?;
    row.end();
    Ok(())
}

/// The bytes of a message that lies in another; `None` if it has none, or cannot be read.
fn inner(message: &[u8], number: u32) -> Option<Vec<u8>> {
    let mut found = None;
    for value in values(message, number) {
        merge(&mut found, value.ok()?);
    }
    found.map(|found| found.into_owned())
}

/// Name and details of the resource's own status or, if it has none, of the user's.
#[allow(deprecated)]
fn status_of(own: Option<&[u8]>, user: &UserTrait) -> Result<(String, String), Malformed> {
    let Some(own) = own else {
        let status = user.status.clone().unwrap_or_default();
        return Ok((user_status_name(status.status), status.details));
    };
    let (mut number, mut details) = (0, "");
    for field in fields(own) {
        let field = field?;
        match field.number {
            1 => number = field.varint()? as i32,
            2 => details = field.str()?,
            _ => {}
        }
    }
    Ok((resource_status_name(number), details.to_owned()))
}

/// The primary address or, if none is, the first.
fn email(emails: &[Email]) -> &str {
    let primary = emails.iter().find(|email| email.is_primary).or(emails.first());
    primary.map_or("", |email| &email.address)
}
