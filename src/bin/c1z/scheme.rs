//! How addresses are spelled.

/// RFC 3986: what an address starts with, in any case of letters.
pub fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_one = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    Some(scheme).filter(|scheme| scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && is_one(scheme))
}

/// What an address of S3 names.
pub fn in_s3(address: &str) -> Option<&str> {
    address.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("s3")).map(|(_, object)| object)
}

/// An address as messages show it, without what may be secret: a user with a password, or the query of a signed one.
pub fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://").filter(|_| in_s3(address).is_none()) else {
        return address.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let host = rest.find('/').unwrap_or(rest.len());
    let start = rest[..host].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[start..])
}
