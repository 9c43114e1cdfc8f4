//! The database, opened as a stranger's, and its tables.

use std::fmt::Write;
use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::control::Control;
use crate::quoted::Quoted;
use crate::{Error, Result};

/// How many rows pass between two looks at the caller's wish to stop.
const CHECK: u64 = 4096;
/// SQLite's own limit of a row.
const MAX_ROW_BYTES: u64 = 1_000_000_000;
/// The most tables and columns whose names are looked at.
const MAX_NAMES: usize = 1000;

/// The database of the file at `path`.
pub struct Database {
    connection: Connection,
    path: PathBuf,
}

impl Database {
    /// Opens the database that was unpacked from the file at `path`. Nothing in it is carried out: views, triggers and
    /// extensions are off, and functions that its schema calls must be harmless ones.
    pub fn open(path: &Path, unpacked: &Path) -> Result<Database> {
        let failed = |error| failed(path, error);
        let size = fs::metadata(unpacked).map_err(Error::io("stat", unpacked))?.len();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        let connection = Connection::open_with_flags(immutable(unpacked), flags).map_err(failed)?;
        for (setting, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        ] {
            connection.set_db_config(setting, on).map_err(failed)?;
        }
        // A row is not longer than the database.
        let longest = size.clamp(1 << 16, MAX_ROW_BYTES) as i32;
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_LENGTH, longest),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
            (Limit::SQLITE_LIMIT_COLUMN, 256),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 64),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 4),
            (Limit::SQLITE_LIMIT_VDBE_OP, 1 << 16),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            connection.set_limit(limit, most).map_err(failed)?;
        }
        connection
            .execute_batch(
                "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;",
            )
            .map_err(failed)?;
        Ok(Database { connection, path: path.to_path_buf() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A table with an `id` that orders its rows and the `sync_id` of each, and these columns; `None` if there is none of
    /// that name. The first column says what people call a row. Columns of `optional` that it lacks are read as NULL.
    pub fn table(&self, name: &'static str, required: &[&str], optional: &[&str]) -> Result<Option<Table<'_>>> {
        let Some(columns) = self.columns(name)? else { return Ok(None) };
        let has = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let is_key = |column: &&Column| column.name.eq_ignore_ascii_case("id") && column.is_row_id;
        if columns.iter().filter(|column| column.in_key).count() != 1 || !columns.iter().any(|column| is_key(&column)) {
            return Err(self.damaged(format!("table {name} is not ordered by an integer id")));
        }
        let mut sql = "SELECT id, sync_id".to_owned();
        for column in ["sync_id"].iter().chain(required) {
            if !has(column) {
                return Err(self.damaged(format!("table {name} has no column {column}")));
            }
        }
        for column in required.iter().chain(optional) {
            // Writing to a string cannot fail.
            let _ = write!(sql, ", {}", if has(column) { column } else { "NULL" });
        }
        // An index need not say the same as the table.
        let _ = write!(sql, " FROM main.{name} NOT INDEXED WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
        Ok(Some(Table { database: self, name, sql, columns }))
    }

    /// The columns of a table; `None` if there is none of that name.
    fn columns(&self, table: &str) -> Result<Option<Vec<Column>>> {
        let kind = self.each_row(&format!("PRAGMA main.table_list({table})"), |row| {
            Ok((text(row.get_ref(2)?), row.get_ref(4)?.as_i64().unwrap_or_default() != 0))
        })?;
        match kind.first() {
            None => return Ok(None),
            Some((kind, false)) if kind == "table" => {}
            Some((kind, _)) => {
                return Err(self.damaged(format!("{table} is no table as format v1 has it but a {kind}")));
            }
        }
        let columns = self.each_row(&format!("PRAGMA main.table_xinfo({table})"), |row| {
            let is_integer = text(row.get_ref(2)?).eq_ignore_ascii_case("integer");
            let in_key = row.get_ref(5)?.as_i64().unwrap_or_default() != 0;
            let is_computed = row.get_ref(6)?.as_i64().unwrap_or_default() != 0;
            Ok((Column { name: text(row.get_ref(1)?), in_key, is_row_id: is_integer && in_key }, is_computed))
        })?;
        match columns.iter().find(|(_, is_computed)| *is_computed) {
            Some((column, _)) => {
                Err(self.damaged(format!("column {} of table {table} is computed", Quoted::new(&column.name))))
            }
            None => Ok(Some(columns.into_iter().map(|(column, _)| column).collect())),
        }
    }

    /// The names of all tables and views but SQLite's own.
    pub fn tables(&self) -> Result<Vec<String>> {
        let mut names = self
            .each_row("SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view')", |row| {
                Ok(text(row.get_ref(0)?))
            })?;
        names.retain(|name| !name.starts_with("sqlite_"));
        Ok(names)
    }

    fn each_row<T>(&self, sql: &str, each: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let read = || {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query(())?;
            let mut read = Vec::new();
            while let Some(row) = rows.next()? {
                read.push(each(row)?);
                if read.len() == MAX_NAMES {
                    break;
                }
            }
            Ok(read)
        };
        read().map_err(|error| failed(&self.path, error))
    }

    /// Damage of the file.
    pub fn damaged(&self, detail: impl std::fmt::Display) -> Error {
        Error::corrupt_file(&self.path, detail)
    }
}

struct Column {
    name: String,
    /// Whether it is part of the primary key.
    in_key: bool,
    /// Whether it is the number of a row, if it alone is the primary key.
    is_row_id: bool,
}

/// A table of the database.
pub struct Table<'d> {
    database: &'d Database,
    /// Its name.
    pub name: &'static str,
    sql: String,
    columns: Vec<Column>,
}

impl Table<'_> {
    /// Whether it has a column of that name.
    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns that are none of `known`.
    pub fn unknown_columns<'t>(&'t self, known: &'t [&str]) -> impl Iterator<Item = &'t str> {
        let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.columns.iter().map(|column| column.name.as_str()).filter(move |name| !is_known(name))
    }

    /// About how many rows it has.
    pub fn rows(&self) -> Result<u64> {
        let ends = format!("SELECT min(id), max(id) FROM main.{} NOT INDEXED", self.name);
        let ends = self
            .database
            .each_row(&ends, |row| Ok(row.get_ref(0)?.as_i64().ok().zip(row.get_ref(1)?.as_i64().ok())))?;
        Ok(ends.first().copied().flatten().map_or(0, |(first, last)| last.abs_diff(first).saturating_add(1)))
    }

    /// Gives `each` the rows with these ids, in their order.
    pub fn scan(
        &self,
        ids: RangeInclusive<i64>,
        control: &Control<'_>,
        mut each: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let failed = |error| failed(&self.database.path, error);
        let mut statement = self.database.connection.prepare(&self.sql).map_err(failed)?;
        let mut rows = statement.query((ids.start(), ids.end())).map_err(failed)?;
        let (mut last, mut read) = (None, 0u64);
        while let Some(row) = rows.next().map_err(failed)? {
            if read.is_multiple_of(CHECK) {
                control.check()?;
            }
            read += 1;
            let id = row.get_ref(0).map_err(failed)?.as_i64().ok();
            // A tree whose branches grow together has more rows than any file.
            if id.is_none() || id <= last {
                return Err(self.database.damaged(format!("the rows of table {} are not in order", self.name)));
            }
            last = id;
            each(&Row { row, table: self.name, id: id.unwrap_or_default() })?;
        }
        Ok(())
    }
}

/// Why a row cannot be read.
pub struct Unreadable(pub String);

/// A row of a table.
pub struct Row<'r> {
    row: &'r rusqlite::Row<'r>,
    table: &'static str,
    /// Its number.
    pub id: i64,
}

impl<'r> Row<'r> {
    /// The sync that it belongs to.
    pub fn sync_id(&self) -> &'r [u8] {
        match self.row.get_ref(1) {
            Ok(ValueRef::Text(id) | ValueRef::Blob(id)) => id,
            _ => b"",
        }
    }

    fn value(&self, column: usize) -> ValueRef<'r> {
        // There is a value for each column that was asked for.
        self.row.get_ref(column + 2).unwrap_or(ValueRef::Null)
    }

    /// The bytes of the column that is so manieth of those that were asked for; `None` for NULL.
    pub fn bytes(&self, column: usize) -> Result<Option<&'r [u8]>, Unreadable> {
        match self.value(column) {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(Some(bytes)),
            ValueRef::Integer(_) | ValueRef::Real(_) => Err(Unreadable("a number stands where bytes should".into())),
        }
    }

    /// The text of a column; "" for NULL.
    pub fn text(&self, column: usize) -> Result<&'r str, Unreadable> {
        let bytes = self.bytes(column)?.unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Unreadable(format!("{} is not UTF-8", Quoted::new(bytes))))
    }

    /// Whether a column holds a number other than 0.
    pub fn flag(&self, column: usize) -> bool {
        matches!(self.value(column), ValueRef::Integer(number) if number != 0)
    }

    /// What people call it: its number, and what is in the first column that was asked for.
    pub fn called(&self) -> String {
        match self.bytes(0) {
            Ok(Some(name)) => format!("row {}, {}", self.id, Quoted::new(name)),
            _ => format!("row {}", self.id),
        }
    }

    /// The table.
    pub fn table(&self) -> &'static str {
        self.table
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}

/// The name by which SQLite opens a file that nobody changes: without locks, and without files beside it.
fn immutable(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        // Writing to a string cannot fail.
        let _ = match byte {
            b'/' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => write!(uri, "{}", *byte as char),
            byte => write!(uri, "%{byte:02X}"),
        };
    }
    uri + "?mode=ro&immutable=1"
}

/// What an error of SQLite means for the file at `path`.
fn failed(path: &Path, error: rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let source = || std::io::Error::other(error.to_string());
    match code {
        Some(ErrorCode::OutOfMemory) => Error::OutOfMemory { bytes: 0 },
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::DiskFull) => {
            Error::Io { op: "read the database of", path: path.to_path_buf(), source: source() }
        }
        _ => Error::corrupt_file(path, format!("its database: {error}")),
    }
}
