//! Cells of columns as JSON values.

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::Array;
use arrow_schema::DataType;
use prost_types::Timestamp;
use serde_json::{Map, Value};

/// The value in a row of a column: a text, a flag, a time as RFC 3339 has it, a list, or null.
pub fn value(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Timestamp(..) => time(column.as_primitive::<TimestampMicrosecondType>().value(row)).into(),
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            (0..list.len()).map(|element| value(&list, element)).collect()
        }
        DataType::Struct(fields) => {
            let cells = fields.iter().zip(column.as_struct().columns());
            Value::Object(
                cells.map(|(field, column)| (field.name().clone(), value(column, row))).collect::<Map<_, _>>(),
            )
        }
        // No table has a column of another type.
        other => Value::String(format!("{other}")),
    }
}

fn time(micros: i64) -> String {
    let nanos = micros.rem_euclid(1_000_000) as i32 * 1_000;
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }.to_string()
}
