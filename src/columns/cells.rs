//! The cells of one column under construction.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, ListBuilder, StringBuilder, StringDictionaryBuilder, StructBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::ArrayRef;
use arrow_schema::{DataType, FieldRef};

/// The cells of one column under construction.
pub enum Cells {
    Text(StringBuilder),
    Dictionary(StringDictionaryBuilder<Int32Type>),
    Flag(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Texts(ListBuilder<StringBuilder>),
    Sources(ListBuilder<StructBuilder>),
}

impl Cells {
    /// No cell yet of a column with that field.
    pub fn of(field: &FieldRef) -> Cells {
        match field.data_type() {
            DataType::Dictionary(..) => Cells::Dictionary(StringDictionaryBuilder::new()),
            DataType::Boolean => Cells::Flag(BooleanBuilder::new()),
            DataType::Timestamp(..) => Cells::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            DataType::List(element) => match element.data_type() {
                DataType::Struct(fields) => {
                    let cells: Vec<Box<dyn ArrayBuilder>> =
                        vec![Box::new(StringBuilder::new()), Box::new(BooleanBuilder::new())];
                    let sources = StructBuilder::new(fields.clone(), cells);
                    Cells::Sources(ListBuilder::new(sources).with_field(Arc::clone(element)))
                }
                _ => Cells::Texts(ListBuilder::new(StringBuilder::new()).with_field(Arc::clone(element))),
            },
            _ => Cells::Text(StringBuilder::new()),
        }
    }

    /// All cells so far, which are forgotten. As many are expected to follow.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Cells::Text(cells) => {
                let next = StringBuilder::with_capacity(cells.len(), cells.values_slice().len());
                Arc::new(std::mem::replace(cells, next).finish())
            }
            Cells::Dictionary(cells) => Arc::new(cells.finish()),
            Cells::Flag(cells) => Arc::new(cells.finish()),
            Cells::Time(cells) => Arc::new(cells.finish()),
            Cells::Texts(cells) => Arc::new(cells.finish()),
            Cells::Sources(cells) => Arc::new(cells.finish()),
        }
    }
}
