//! How a principal came to a grant.

use c1z::proto::connector::Grant;

use crate::failure::Failure;
use crate::names::Names;

/// What stands for a grant that the principal holds itself.
const DIRECT: &str = "direct";

/// "direct" if the principal holds the entitlement itself, and the groups that it holds it through.
pub fn via(grant: &Grant, names: &mut Names<'_>) -> Result<String, Failure> {
    let own = grant.entitlement.as_ref().map(|entitlement| entitlement.id.as_str()).unwrap_or_default();
    let sources = grant.sources.as_ref().map(|sources| &sources.sources);
    let Some(sources) = sources.filter(|sources| !sources.is_empty()) else { return Ok(DIRECT.to_owned()) };
    let mut ways = Vec::new();
    if sources.contains_key(own) {
        ways.push(DIRECT.to_owned());
    }
    for source in sources.keys().filter(|source| *source != own) {
        ways.push(shown(source, names)?);
    }
    Ok(ways.join(", "))
}

/// The resource of an entitlement, or its id where that is all there is.
fn shown(entitlement: &str, names: &mut Names<'_>) -> Result<String, Failure> {
    let Some(id) = names.resource_of_entitlement(entitlement)? else { return Ok(entitlement.to_owned()) };
    let name = names.resource(&id)?;
    let (of_type, id) = (id.resource_type, id.resource);
    Ok(if name.is_empty() || name == id { format!("{of_type} {id}") } else { format!("{of_type} {id} ({name})") })
}
