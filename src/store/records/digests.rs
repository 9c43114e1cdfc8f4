//! Digests of grants, and the grants that one of their nodes is about.

use crate::engine::{bucket, damaged, DigestNode, Fold, GrantDigest, Kind, Reader, BUCKET_BITS, DIGEST_VERSION};
use crate::keys::{self, Keyspace, Listing};
use crate::proto::api::{
    GetGrantDigestRequest, GetGrantDigestResponse, GrantDigestNode, ListGrantsInBucketRequest,
    ListGrantsInBucketResponse,
};
use crate::store::listing::{Query, Response};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

impl Store {
    /// The digest of an entitlement's grants, or of all grants of a sync, if it is there.
    pub fn get_grant_digest(&self, request: &GetGrantDigestRequest) -> Result<GetGrantDigestResponse> {
        let level = request.level;
        check_level(level.unwrap_or_default())?;
        let view = match self.view("", &request.annotations, &[Kind::Grant, Kind::Entitlement]) {
            // SDK: where there is no sync there is no digest.
            Err(Error::NoCurrentSync) => return Ok(GetGrantDigestResponse::default()),
            view => view?,
        };
        let Some(entitlement) = &request.entitlement else {
            if level.is_some() {
                return Err(Error::invalid("level is of an entitlement's digest, and entitlement is missing"));
            }
            return Ok(response(view.reader.grant_digest(view.slot, b"")?, Vec::new()));
        };
        let prefix = self.grants_prefix(&view.reader, view.slot, entitlement)?;
        let Some(encoded) = prefix.as_deref().and_then(keys::entitlement_of_prefix) else {
            return Ok(GetGrantDigestResponse::default());
        };
        let digest = view.reader.grant_digest(view.slot, encoded)?;
        let nodes = match (&digest, level) {
            (Some(digest), Some(level)) => match digest.nodes(level) {
                Some(nodes) => nodes,
                None => nodes(&view.reader, prefix.as_deref().unwrap_or_default(), level)?,
            },
            _ => Vec::new(),
        };
        Ok(response(digest, nodes))
    }

    /// A page of the grants of an entitlement whose principals are in one bucket, ordered by principal.
    pub fn list_grants_in_bucket(
        &self,
        request: &ListGrantsInBucketRequest,
    ) -> Result<Encoded<ListGrantsInBucketResponse>> {
        let ListGrantsInBucketRequest { level, index, .. } = *request;
        check_level(level)?;
        if level > 0 && index >> level > 0 {
            return Err(Error::invalid(format!(
                "index {index} is none of level {level}: it has {} buckets",
                1u32 << level
            )));
        }
        let entitlement = request.entitlement.as_ref().ok_or_else(|| Error::invalid("entitlement is missing"))?;
        let (view, prefix) = self.view_of_grants(&request.annotations, entitlement)?;
        let mut response = Response::new(Shape::Grant);
        let Some(prefix) = prefix else { return Ok(response.finish("")) };
        let below = prefix.len();
        let mut query = Query::new(Listing::GrantsInBucket, prefix, &request.page_token, request.page_size);
        query.filter = if level > 0 { format!("{level}.{index}").into_bytes() } else { Vec::new() };
        let (_, next) = query.rows(&view.reader, |key, stored| {
            let is_in = level == 0 || u32::from(bucket(&key[below..])) >> (BUCKET_BITS - level) == index;
            match is_in {
                true => response.row(Keyspace::Grant, key, stored).map(Some),
                false => Ok(None),
            }
        })?;
        Ok(response.finish(&next))
    }
}

fn check_level(level: u32) -> Result<()> {
    match level <= BUCKET_BITS {
        true => Ok(()),
        false => Err(Error::invalid(format!("level {level} is above {BUCKET_BITS}"))),
    }
}

/// The nodes of a level, made of the grants below a prefix.
fn nodes(reader: &Reader<'_>, prefix: &[u8], level: u32) -> Result<Vec<DigestNode>> {
    let mut fold = Fold::default();
    let mut grants = reader.scan_many(prefix, None);
    while let Some((key, stored)) = grants.next()? {
        fold.add(keys::tuple_of(key), &key[prefix.len()..], stored)
            .map_err(|error| damaged(Keyspace::Grant, key, error))?;
    }
    Ok(fold.nodes(level))
}

fn response(digest: Option<GrantDigest>, nodes: Vec<DigestNode>) -> GetGrantDigestResponse {
    let Some(GrantDigest { count, xor, level, .. }) = digest else { return GetGrantDigestResponse::default() };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let hash = |xor: u64| xor.to_be_bytes().to_vec();
    let node =
        |node: DigestNode| GrantDigestNode { index: node.index, hash: hash(node.xor), count: number(node.count) };
    GetGrantDigestResponse {
        found: true,
        hash: hash(xor),
        count: number(count),
        level,
        abi_version: DIGEST_VERSION.into(),
        nodes: nodes.into_iter().map(node).collect(),
    }
}
