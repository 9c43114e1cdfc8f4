//! Session values: what a connector keeps between the calls of one sync.
//!
//! A session's sync need not be one of the file, so values lie beside the syncs and not in their slots. Writing is
//! permitted while a sync is sealed, too: connectors clear their sessions after the end.

use std::collections::BTreeSet;

use crate::engine::{Durability, Reader, Writer};
use crate::keys::{self, Elements, Keyspace, Slot};
use crate::memory::ask_for;
use crate::proto::api::{
    ClearSessionRequest, DeleteSessionValuesRequest, GetSessionValuesRequest, GetSessionValuesResponse,
    ListSessionValuesRequest, ListSessionValuesResponse, SessionValue, SetSessionValuesRequest,
};
use crate::store::Store;
use crate::{Error, Result};

/// SDK `MaxSessionStoreSizeLimit`: the bytes of one response.
const RESPONSE_BYTES: usize = 4_132_864;

/// SDK: what a key or a value costs beyond its bytes when values are got, and a row when they are listed.
const FIELD_OVERHEAD: usize = 10;
const ROW_OVERHEAD: usize = 20;

/// The most bytes that the prefixes of all keys of a call take.
const MAX_PREFIXES_BYTES: usize = 16 << 20;

impl Store {
    /// The values of some keys, in key order as long as they fit: one that would make the response too large is named
    /// instead, and takes no room from those behind it. If none fits, the first comes alone.
    pub fn get_session_values(&self, request: &GetSessionValuesRequest) -> Result<GetSessionValuesResponse> {
        let sync = required(&request.sync_id)?;
        let reader = self.engine.snapshot();
        let value = |name: &str| reader.get(&keys::session(sync, &request.prefix, name));
        let mut found = BTreeSet::new();
        for name in &request.keys {
            if value(name)?.is_some() {
                found.insert(name);
            }
        }
        let mut spent: usize = found.iter().map(|name| name.len() + FIELD_OVERHEAD).sum();
        let mut response = GetSessionValuesResponse::default();
        for name in found {
            let Some(value) = value(name)? else { continue };
            let cost = value.len() + FIELD_OVERHEAD;
            if spent + cost <= RESPONSE_BYTES {
                spent += cost;
                response.values.insert(name.clone(), value.to_vec());
            } else {
                response.unprocessed_keys.push(name.clone());
            }
        }
        // SDK: whoever asks again for what is unprocessed gives up when nothing comes.
        if response.values.is_empty() && !response.unprocessed_keys.is_empty() {
            let name = response.unprocessed_keys.remove(0);
            response.values.extend(value(&name)?.map(|value| (name, value.to_vec())));
        }
        Ok(response)
    }

    /// Sets all values or none.
    pub fn set_session_values(&self, request: &SetSessionValuesRequest) -> Result<()> {
        let sync = required(&request.sync_id)?;
        bounded(&request.prefix, request.values.len())?;
        // RocksDB: a batch grows by copying what it holds, and cannot fail.
        ask_for(2 * request.values.values().map(Vec::len).sum::<usize>())?;
        self.change_session(request.values.is_empty(), |writer| {
            for (name, value) in &request.values {
                writer.set(&keys::session(sync, &request.prefix, name), value);
            }
        })
    }

    /// Deletes some values; those that are not there are no error.
    pub fn delete_session_values(&self, request: &DeleteSessionValuesRequest) -> Result<()> {
        let sync = required(&request.sync_id)?;
        bounded(&request.prefix, request.keys.len())?;
        self.change_session(request.keys.is_empty(), |writer| {
            for name in &request.keys {
                writer.remove(&keys::session(sync, &request.prefix, name));
            }
        })
    }

    /// Deletes every value whose key starts with the prefix.
    pub fn clear_session(&self, request: &ClearSessionRequest) -> Result<()> {
        let sync = required(&request.sync_id)?;
        self.change_session(false, |writer| writer.clear_below(&keys::sessions(sync, &request.prefix)))
    }

    /// A page of the values whose key starts with the prefix, in key order.
    pub fn list_session_values(&self, request: &ListSessionValuesRequest) -> Result<ListSessionValuesResponse> {
        let sync = required(&request.sync_id)?;
        let prefix = keys::sessions(sync, &request.prefix);
        let first = keys::session(sync, &request.prefix, &request.page_token);
        let reader = self.engine.snapshot();
        let mut entries = reader.scan_from(&prefix, &first);
        let mut response = ListSessionValuesResponse::default();
        let mut spent = 0;
        while let Some((key, value)) = entries.next()? {
            let key = session_name(key, &request.prefix)?;
            spent += key.len() + value.len() + ROW_OVERHEAD;
            if spent > RESPONSE_BYTES && !response.list.is_empty() {
                response.next_page_token = key;
                break;
            }
            response.list.push(SessionValue { key, value: value.to_vec() });
        }
        Ok(response)
    }

    fn change_session(&self, nothing: bool, change: impl FnOnce(&mut Writer<'_>)) -> Result<()> {
        if nothing {
            return Ok(());
        }
        let mut writer = self.writer()?;
        change(&mut writer);
        writer.commit(Durability::Buffered)?;
        self.mark_dirty();
        Ok(())
    }

    /// Removes the sessions of every sync but the unfinished ones: nobody comes back for them.
    pub(super) fn drop_finished_sessions(&self, writer: &mut Writer<'_>, reader: &Reader<'_>) -> Result<()> {
        let runs = reader.sync_runs()?;
        let unfinished =
            |sync: &str| runs.iter().any(|run| run.record.ended_at.is_none() && run.id.to_string() == sync);
        let keyspace = keys::keyspace(Slot::FILE, Keyspace::Session);
        let mut first = keyspace.clone();
        loop {
            let mut entries = reader.scan_from(&keyspace, &first);
            let Some((key, _)) = entries.next()? else { return Ok(()) };
            let sync = keys::first_element(keys::tuple_of(key))
                .ok_or_else(|| Error::corruption("session key", "it names no sync"))?;
            let prefix = keys::sessions_of(&sync);
            if !unfinished(&sync) {
                writer.clear_below(&prefix);
            }
            let Some(next) = keys::successor(&prefix) else { return Ok(()) };
            first = next;
        }
    }
}

/// Fails if a prefix is too long to be stored with each of so many keys.
fn bounded(prefix: &str, keys: usize) -> Result<()> {
    match prefix.len().saturating_mul(keys) > MAX_PREFIXES_BYTES {
        false => Ok(()),
        true => Err(Error::invalid(format!("prefix has {} bytes, too many for {keys} keys at once", prefix.len()))),
    }
}

fn required(sync: &str) -> Result<&str> {
    match sync {
        "" => Err(Error::invalid("sync id is required")),
        sync => Ok(sync),
    }
}

/// The name of a session value without its prefix.
fn session_name(key: &[u8], prefix: &str) -> Result<String> {
    let name = Elements::of(keys::tuple_of(key)).nth(1).and_then(keys::unescape);
    let name = name.and_then(|name| String::from_utf8(name.into_owned()).ok());
    let name = name.and_then(|name| name.strip_prefix(prefix).map(str::to_owned));
    name.ok_or_else(|| Error::corruption("session key", "its name is not text"))
}
