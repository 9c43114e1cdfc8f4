//! Batches as rows of JSON values, by the names of their columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use c1z::columns::Batches;
use c1z::control::Control;
use c1z::store::Store;
use serde_json::{json, Map, Value};

use crate::fixture::ExportRequest;

pub type Row = Map<String, Value>;

/// Exports all that a request asks for.
pub fn batches(store: &Store, request: &ExportRequest) -> c1z::Result<Vec<RecordBatch>> {
    let mut batches = Batches::start(store, request)?;
    let schema = batches.schema().clone();
    let mut all = Vec::new();
    while let Some(batch) = batches.next(store, &Control::none())? {
        assert_eq!(batch.schema(), schema);
        assert!(batch.num_rows() > 0);
        all.push(batch);
    }
    assert!(batches.next(store, &Control::none())?.is_none(), "behind the end is the end");
    batches.end(store);
    Ok(all)
}

pub fn rows(store: &Store, request: &ExportRequest) -> Vec<Row> {
    batches(store, request).unwrap().iter().flat_map(rows_of).collect()
}

pub fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let row = |row| {
        let schema = batch.schema();
        let cells = schema.fields().iter().zip(batch.columns());
        cells.map(|(field, column)| (field.name().clone(), cell(column, row))).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn cell(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Dictionary(..) => {
            let dictionary = column.as_dictionary::<Int32Type>();
            cell(dictionary.values(), dictionary.key(row).unwrap())
        }
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Timestamp(..) => column.as_primitive::<TimestampMicrosecondType>().value(row).into(),
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            (0..list.len()).map(|element| cell(&list, element)).collect()
        }
        DataType::Struct(fields) => {
            let cells = fields.iter().zip(column.as_struct().columns());
            cells.map(|(field, column)| (field.name().clone(), cell(column, row))).collect::<Row>().into()
        }
        other => panic!("no column is {other}"),
    }
}

/// A text that is JSON, read, with numbers that are one whether they have a fraction or not; null stays null.
pub fn read(cell: &Value) -> Value {
    cell.as_str().map_or(json!(null), |text| with_fractions(serde_json::from_str(text).unwrap()))
}

fn with_fractions(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.into_iter().map(with_fractions).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, with_fractions(value))).collect::<Row>().into()
        }
        other => other,
    }
}
