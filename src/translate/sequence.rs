//! One record or message after another: what a grant has in common with the one before is translated once, which nobody
//! else needs to know.

use super::grant::{grant_record, next_grant_from_record, next_grant_to_record, next_grant_with_annotation, Expansion};
use super::last_grant::{LastPut, LastRead};
use super::{entitlement_from_record, resource_from_record, resource_type_from_record, Stamp};
use crate::proto::wire::Malformed;

/// What stored records are shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A `c1.connector.v2.ResourceType`.
    ResourceType,
    /// A `c1.connector.v2.Resource`.
    Resource,
    /// A `c1.connector.v2.Entitlement`.
    Entitlement,
    /// A `c1.connector.v2.Grant`.
    Grant,
    /// A `c1z.v1.GrantWithAnnotation`.
    GrantWithAnnotation,
    /// A `c1.storage.v3.GrantRecord`.
    GrantRecord,
    /// The record as it is stored, whatever it is of.
    Stored,
}

/// Makes messages of stored records.
pub struct FromRecords {
    shape: Shape,
    last: LastRead,
}

impl FromRecords {
    /// For records that are shown in that shape.
    pub fn new(shape: Shape) -> FromRecords {
        FromRecords { shape, last: LastRead::default() }
    }

    /// As it was made for.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Appends the message of the next record.
    #[inline]
    pub fn append(&mut self, v3: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        match self.shape {
            Shape::ResourceType => resource_type_from_record(v3, out),
            Shape::Resource => resource_from_record(v3, out),
            Shape::Entitlement => entitlement_from_record(v3, out),
            Shape::Grant => next_grant_from_record(v3, &mut self.last, out),
            Shape::GrantWithAnnotation => next_grant_with_annotation(v3, &mut self.last, out),
            Shape::GrantRecord => grant_record(v3, out),
            Shape::Stored => {
                out.extend_from_slice(v3);
                Ok(())
            }
        }
    }
}

/// Makes records of grants.
#[derive(Default)]
pub struct GrantsToRecords(LastPut);

impl GrantsToRecords {
    /// Appends the record of the next grant, which a connector put.
    pub fn append(&mut self, v2: &[u8], stamp: &Stamp<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        next_grant_to_record(v2, Expansion::InAnnotations, stamp, &mut self.0, out)
    }

    /// Appends the record of the next grant, which was stored before.
    pub fn append_stored(
        &mut self,
        v2: &[u8],
        expansion: Expansion<'_>,
        stamp: &Stamp<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        next_grant_to_record(v2, expansion, stamp, &mut self.0, out)
    }
}
