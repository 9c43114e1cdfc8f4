//! Session values: text to bytes, beside the syncs.

use std::collections::BTreeMap;

use c1z::error::Code;

use super::driver::*;

/// What one response may hold.
const BUDGET: usize = 4_132_864;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sessions(BTreeMap<(String, String), Vec<u8>>);

/// Every session call names a sync.
pub fn named(sync: &str) -> Answer<()> {
    match sync {
        "" => failure(Code::InvalidArgument, "INVALID_ARGUMENT"),
        _ => Ok(()),
    }
}

fn key(sync: &str, prefix: &str, name: &str) -> (String, String) {
    (sync.to_owned(), format!("{prefix}{name}"))
}

impl Sessions {
    pub fn set(&mut self, request: &SetSessionValuesRequest) {
        for (name, value) in &request.values {
            self.0.insert(key(&request.sync_id, &request.prefix, name), value.clone());
        }
    }

    pub fn delete(&mut self, request: &DeleteSessionValuesRequest) {
        for name in &request.keys {
            self.0.remove(&key(&request.sync_id, &request.prefix, name));
        }
    }

    pub fn clear(&mut self, request: &ClearSessionRequest) {
        self.0.retain(|(sync, name), _| *sync != request.sync_id || !name.starts_with(&request.prefix));
    }

    /// Only the sessions of syncs that `open` knows survive.
    pub fn retain_syncs(&mut self, open: impl Fn(&str) -> bool) {
        self.0.retain(|(sync, _), _| open(sync));
    }

    pub fn drop_sync(&mut self, dropped: &str) {
        self.retain_syncs(|sync| sync != dropped);
    }

    /// Found keys are paid for first, then the values that fit, in key order; if none does, the first comes alone.
    pub fn get(&self, request: &GetSessionValuesRequest) -> Answer<GetSessionValuesResponse> {
        named(&request.sync_id)?;
        let stored = |name: &String| self.0.get(&key(&request.sync_id, &request.prefix, name));
        let found: BTreeMap<_, _> = request.keys.iter().filter_map(|name| Some((name, stored(name)?))).collect();
        let mut spent: usize = found.keys().map(|name| name.len() + 10).sum();
        let mut response = GetSessionValuesResponse::default();
        for (name, value) in &found {
            let cost = value.len() + 10;
            match spent + cost <= BUDGET {
                true => {
                    spent += cost;
                    response.values.insert((*name).clone(), (*value).clone());
                }
                false => response.unprocessed_keys.push((*name).clone()),
            }
        }
        if let (true, Some((name, value))) = (response.values.is_empty(), found.first_key_value()) {
            response.values.insert((*name).clone(), (*value).clone());
            response.unprocessed_keys.remove(0);
        }
        Ok(response)
    }

    /// Every value below a prefix, in pages of the budget with at least one value each.
    pub fn pages(&self, sync: &str, prefix: &str) -> Vec<ListSessionValuesResponse> {
        let below = self.0.iter().filter(|((of, name), _)| of == sync && name.starts_with(prefix));
        let mut pages = vec![ListSessionValuesResponse::default()];
        let mut spent = 0;
        for ((_, name), value) in below {
            let (key, value) = (name[prefix.len()..].to_owned(), value.clone());
            let cost = key.len() + value.len() + 20;
            let page = pages.last_mut().unwrap();
            if spent + cost > BUDGET && !page.list.is_empty() {
                page.next_page_token = key.clone();
                pages.push(ListSessionValuesResponse::default());
                spent = 0;
            }
            spent += cost;
            pages.last_mut().unwrap().list.push(SessionValue { key, value });
        }
        pages
    }

    pub fn keys(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.keys()
    }
}
