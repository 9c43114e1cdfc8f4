//! The columns that are asked for, and their schema. An exported schema never loses a column, and a column keeps its name, type,
//! place and field id.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::column::{Column, Type};
use super::tables;
use crate::proto::api::{ExportRequest, Table};
use crate::quoted::Quoted;
use crate::{Error, Result};

/// The key under which Parquet and Iceberg find the id of a field.
const FIELD_ID: &str = "PARQUET:field_id";

/// The columns of a table that are asked for, in that order, by their places in the table.
#[derive(Clone, Debug)]
pub struct Selected {
    pub columns: &'static [Column],
    pub places: Vec<usize>,
    pub dictionaries: bool,
}

impl Selected {
    pub fn of(request: &ExportRequest) -> Result<Selected> {
        let columns = match request.table() {
            Table::Syncs => tables::syncs::COLUMNS,
            Table::ResourceTypes => tables::resource_types::COLUMNS,
            Table::Resources => tables::resources::COLUMNS,
            Table::Entitlements => tables::entitlements::COLUMNS,
            Table::Grants => tables::grants::COLUMNS,
            Table::Unspecified => return Err(Error::invalid(format!("table: there is no table {}", request.table))),
        };
        let mut places = Vec::new();
        for name in &request.columns {
            let found = columns.iter().position(|column| column.name == name);
            let place = found.ok_or_else(|| {
                let names: Vec<_> = columns.iter().map(|column| column.name).collect();
                Error::invalid(format!("columns: there is no {}, but {}", Quoted::new(name), names.join(", ")))
            })?;
            if places.contains(&place) {
                return Err(Error::invalid(format!("columns: {name} is there twice")));
            }
            places.push(place);
        }
        if places.is_empty() {
            places.extend(0..columns.len());
        }
        Ok(Selected { columns, places, dictionaries: request.dictionaries })
    }

    pub fn schema(&self) -> SchemaRef {
        // Iceberg: fresh ids go level by level, those of a table's columns first.
        let mut next = self.columns.len() as i32;
        let mut fields = Vec::with_capacity(self.columns.len());
        for (column, id) in self.columns.iter().zip(1..) {
            fields.push(Arc::new(self.field(column, id, next + 1)));
            next += column.inner();
        }
        Arc::new(Schema::new(self.places.iter().map(|&place| Arc::clone(&fields[place])).collect::<Fields>()))
    }

    /// The field of a column; the fields in it have ids from `inner` on.
    fn field(&self, column: &Column, id: i32, inner: i32) -> Field {
        let of = match column.of {
            Type::Repeated if self.dictionaries => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Type::Text | Type::Json | Type::Repeated => DataType::Utf8,
            Type::Flag => DataType::Boolean,
            Type::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Type::Texts => DataType::List(Arc::new(element(DataType::Utf8, inner))),
            Type::Sources => DataType::List(Arc::new(element(DataType::Struct(source(inner + 1)), inner))),
        };
        with_id(Field::new(column.name, of, column.nullable), id)
    }
}

/// The fields of a source of a grant.
fn source(id: i32) -> Fields {
    Fields::from(vec![
        with_id(Field::new("entitlement_id", DataType::Utf8, false), id),
        with_id(Field::new("is_direct", DataType::Boolean, false), id + 1),
    ])
}

fn element(of: DataType, id: i32) -> Field {
    with_id(Field::new("element", of, false), id)
}

fn with_id(field: Field, id: i32) -> Field {
    field.with_metadata(HashMap::from([(FIELD_ID.to_owned(), id.to_string())]))
}

/// The schema of the batches that a request gets. Of the request, table, columns and dictionaries are looked at. Fails if there is no such
/// table or column.
pub fn schema(request: &ExportRequest) -> Result<SchemaRef> {
    Ok(Selected::of(request)?.schema())
}
