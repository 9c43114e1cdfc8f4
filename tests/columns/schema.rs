//! Schemas: names that every engine takes, and ids of fields as Iceberg gives them.

use std::collections::HashSet;
use std::path::Path;

use arrow_schema::{DataType, Field, Schema};

use crate::fixture::{ExportRequest, Table};
use crate::stream::schema;

const TABLES: [(&str, Table); 5] = [
    ("syncs", Table::Syncs),
    ("resource_types", Table::ResourceTypes),
    ("resources", Table::Resources),
    ("entitlements", Table::Entitlements),
    ("grants", Table::Grants),
];

fn of(table: Table) -> Schema {
    schema(&ExportRequest { table: table.into(), ..Default::default() }).unwrap()
}

fn id(field: &Field) -> i32 {
    field.metadata()["PARQUET:field_id"].parse().unwrap()
}

/// The fields that lie in others, each level behind the one above it.
fn inner(field: &Field) -> Vec<Field> {
    match field.data_type() {
        DataType::List(element) => vec![element.as_ref().clone()],
        DataType::Struct(fields) => fields.iter().map(|field| field.as_ref().clone()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn fields_have_the_ids_that_iceberg_would_give_them() {
    for (name, table) in TABLES {
        let schema = of(table);
        let mut next = 0;
        let mut expect = |field: &Field| {
            next += 1;
            assert_eq!(id(field), next, "{name}.{}", field.name());
        };
        // pyiceberg, assign_fresh_ids: all columns, then what lies in each of them.
        fn below(field: &Field, expect: &mut dyn FnMut(&Field)) {
            let fields = inner(field);
            fields.iter().for_each(&mut *expect);
            fields.iter().for_each(|field| below(field, expect));
        }
        schema.fields().iter().for_each(|field| expect(field));
        schema.fields().iter().for_each(|field| below(field, &mut expect));
    }
}

#[test]
fn a_column_that_is_asked_for_alone_keeps_its_id_and_its_type() {
    for (_, table) in TABLES {
        for field in of(table).fields() {
            let request =
                ExportRequest { table: table.into(), columns: vec![field.name().clone()], ..Default::default() };
            assert_eq!(schema(&request).unwrap().fields()[..], *std::slice::from_ref(field));
        }
    }
}

#[test]
fn ids_are_never_null_and_no_name_is_a_word_of_sql() {
    // Reserved by SQL:2023, DuckDB, Spark, Trino, PostgreSQL or MySQL, or of a meaning in them, as far as a column might be called so.
    let words: HashSet<&str> = "action admin alias all analyze and any array as asc at attribute authorization between both by call \
        case cast catalog character check class collate column comment commit condition connection constraint content create cross \
        cube current current_date current_role current_time current_timestamp current_user cursor data database date day default \
        delete desc describe description_ distinct domain drop else end escape except exclude execute exists external false file \
        filter first for foreign format from full function global grant grantee grants_ group grouping having hour identity if in \
        index inner input insert intersect interval into is join key kind label language last left level like limit link local \
        location lock match member merge method minute mode month name names natural next no none not null number object of offset \
        on only option or order other outer output over overlaps owner parameter partition password path permission policy position \
        primary privileges procedure public range read references rename replace resource restrict return revoke right role rollback \
        row rows scope schema second security select sequence session session_user set show some source sql start state statement \
        status string subject symmetric system table target temporary text then time timestamp to top trait transaction trigger true \
        type unbounded union unique unknown update use user using value values view when where window with without work write year zone"
        .split_whitespace()
        .collect();
    for (table, number) in TABLES {
        for field in of(number).fields() {
            assert!(!words.contains(field.name().as_str()), "{table}.{}", field.name());
            let is_optional = field.name().starts_with("parent_");
            if field.name().ends_with("_id") && !is_optional {
                assert!(!field.is_nullable() && field.data_type() == &DataType::Utf8, "{table}.{}", field.name());
            }
            let is_list = matches!(field.data_type(), DataType::List(_));
            assert!(!(is_list && field.is_nullable()), "{table}.{}", field.name());
        }
    }
}

#[test]
fn dictionaries_change_the_types_of_columns_that_repeat_and_nothing_else() {
    for (_, table) in TABLES {
        let plain = of(table);
        let encoded = schema(&ExportRequest { table: table.into(), dictionaries: true, ..Default::default() }).unwrap();
        for (plain, encoded) in plain.fields().iter().zip(encoded.fields()) {
            match encoded.data_type() {
                DataType::Dictionary(keys, values) => {
                    assert_eq!(
                        (&**keys, &**values, plain.data_type()),
                        (&DataType::Int32, &DataType::Utf8, &DataType::Utf8)
                    );
                }
                other => assert_eq!(other, plain.data_type()),
            }
            assert_eq!(
                (plain.name(), plain.is_nullable(), id(plain)),
                (encoded.name(), encoded.is_nullable(), id(encoded))
            );
        }
    }
}

#[test]
fn the_documentation_lists_every_column_with_its_id_and_its_type() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/columns.md")).unwrap();
    for (name, table) in TABLES {
        let section = text.split(&format!("## `{name}`\n")).nth(1).unwrap_or_else(|| panic!("no section {name}"));
        let section = section.split("\n## ").next().unwrap();
        let rows: Vec<&str> =
            section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id ")).collect();
        let schema = of(table);
        assert_eq!(rows.len(), schema.fields().len(), "{name}");
        for (row, field) in rows.into_iter().zip(schema.fields()) {
            let of = match field.data_type() {
                DataType::Utf8 => "text",
                DataType::Boolean => "flag",
                DataType::Timestamp(..) => "time",
                DataType::List(element) if element.data_type() == &DataType::Utf8 => "list of texts",
                DataType::List(_) => "list of sources",
                other => panic!("{other}"),
            };
            let null = if field.is_nullable() { ", or null" } else { "" };
            let expected = format!("| {} | `{}` | {of}{null} |", id(field), field.name());
            assert!(row.starts_with(&expected), "{row:?} does not start with {expected:?}");
        }
    }
}
