//! Grants that expansion makes of what it found out about one entitlement.

use super::expansion::expanded_rows;
use super::put::malformed_request;
use crate::engine::Records;
use crate::keys::EntitlementRef;
use crate::proto::explain;
use crate::proto::wire::{fields, merge, values, Malformed};
use crate::store::clock;
use crate::store::Store;
use crate::translate::{self, ContributionsToRecords, NoRecord};
use crate::{Error, Result};

const REQUEST: &str = "c1z.v1.PutGrantContributionsRequest";
const CONTRIBUTION: &str = "c1z.v1.GrantContribution";
/// Fields of the request.
const LIST: u32 = 1;
const ENTITLEMENT: u32 = 2;
const PROMISED_NEW: u32 = 3;

/// What all records may take that is in the request once only, and how often the request's own bytes they may take then.
const FEW_BYTES: usize = 64 << 20;
const TIMES: usize = 16;

impl Store {
    /// Puts the grants of a `c1z.v1.PutGrantContributionsRequest`, or none if one of its contributions has no sources.
    pub fn put_grant_contributions(&self, request: &[u8]) -> Result<()> {
        let (records, promised_new) = read(request)?;
        match records.is_empty() {
            true => Ok(()),
            false => self.put_rows(expanded_rows(&records, promised_new)),
        }
    }
}

/// The records of a request, and whether it promises that they are new.
fn read(request: &[u8]) -> Result<(Records, bool)> {
    let malformed = |error| malformed_request(REQUEST, request, error);
    let (mut elements, mut entitlement, mut promised_new) = (0usize, None, false);
    for field in fields(request) {
        let field = field.map_err(malformed)?;
        match field.number {
            LIST => {
                field.bytes().map_err(malformed)?;
                elements += 1;
            }
            ENTITLEMENT => merge(&mut entitlement, field.bytes().map_err(malformed)?),
            PROMISED_NEW => promised_new = field.bool().map_err(malformed)?,
            _ => {}
        }
    }
    let entitlement = entitlement.unwrap_or_default();
    let maker = translate::entitlement_identity(&entitlement, |identity| {
        is_whole(identity).then(|| ContributionsToRecords::new(identity, clock::now()))
    });
    let maker = maker.map_err(malformed)?;
    if elements == 0 {
        return Ok((Records::default(), promised_new));
    }
    let maker = maker.ok_or_else(|| Error::invalid("entitlement lacks a part of its identity"))?;
    let common = elements.saturating_mul(maker.common());
    if common > FEW_BYTES && common / TIMES > request.len() {
        return Err(Error::invalid(format!(
            "list has {elements} elements, too many for an entitlement of {} bytes",
            entitlement.len()
        )));
    }
    let mut records = Records::with_capacity(elements, request.len())?;
    for (index, message) in values(request, LIST).enumerate() {
        let message = message.map_err(malformed)?;
        records.reserve(message.len() + maker.common())?;
        match records.push(|out| maker.append(message, out)) {
            Ok(()) | Err(NoRecord::Principal) => {}
            Err(NoRecord::Sources) => return Err(Error::invalid(format!("contribution {index} has no sources"))),
            Err(NoRecord::Malformed(error)) => return Err(malformed_contribution(index, message, error)),
        }
    }
    Ok((records, promised_new))
}

fn malformed_contribution(index: usize, message: &[u8], error: Malformed) -> Error {
    Error::invalid(format!("contribution {index} cannot be read: {}", explain(CONTRIBUTION, message, error)))
}

fn is_whole(entitlement: EntitlementRef<'_>) -> bool {
    let resource = entitlement.resource;
    !resource.resource_type.is_empty() && !resource.resource.is_empty() && !entitlement.id.is_empty()
}
