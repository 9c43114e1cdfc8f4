//! Reading resources.

use super::put::resource_ref;
use crate::engine::Kind;
use crate::keys::{self, Keyspace, Listing};
use crate::proto::connector::{
    ResourcesServiceListResourcesRequest as ListRequest, ResourcesServiceListResourcesResponse as ListResponse,
};
use crate::proto::reader::{
    ResourcesReaderServiceGetResourceRequest as GetRequest, ResourcesReaderServiceGetResourceResponse as GetResponse,
    ResourcesReaderServiceListResourcesByIdsRequest as ByIdsRequest,
    ResourcesReaderServiceListResourcesByIdsResponse as ByIdsResponse,
};
use crate::store::listing::{page, Query, Response, Source};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

const KEYSPACE: Keyspace = Keyspace::Resource;
const SHAPE: Shape = Shape::Resource;

impl Store {
    /// A page of resources, ordered by type and id: all, those of a type, the children of a parent, or both.
    pub fn list_resources(&self, request: &ListRequest) -> Result<Encoded<ListResponse>> {
        let view = self.view(&request.active_sync_id, &request.annotations, &[Kind::Resource])?;
        let slot = view.slot;
        let parent = request.parent_resource_id.as_ref().filter(|parent| !parent.resource.is_empty());
        let by_parent = Source::Index { index: Keyspace::ResourceByParent, slot, records: KEYSPACE };
        let (source, prefix) = match (parent.map(resource_ref), request.resource_type_id.as_str()) {
            (None, "") => (Source::Records(KEYSPACE), keys::keyspace(slot, KEYSPACE)),
            (None, of_type) => (Source::Records(KEYSPACE), keys::resources_of_type(slot, of_type)),
            (Some(parent), "") => (by_parent, keys::children_of(slot, parent)),
            (Some(parent), of_type) => (by_parent, keys::children_of_type(slot, parent, of_type)),
        };
        let query = Query::new(Listing::Resources, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, source, SHAPE)
    }

    /// One resource by its type and id.
    pub fn get_resource(&self, request: &GetRequest) -> Result<Encoded<GetResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Resource])?;
        let id = request.resource_id.as_ref().ok_or_else(|| Error::invalid("resource_id is missing"))?;
        page::single(&view.reader, KEYSPACE, &keys::resource(view.slot, resource_ref(id)), SHAPE)?
            .ok_or_else(|| Error::not_found(KEYSPACE.noun(), format!("{}:{}", id.resource_type, id.resource)))
    }

    /// The resources with the given ids in the order of the request; those that are not there are left out.
    pub fn list_resources_by_ids(&self, request: &ByIdsRequest) -> Result<Encoded<ByIdsResponse>> {
        let view = self.view("", &request.annotations, &[Kind::Resource])?;
        let mut response = Response::new(SHAPE);
        for id in &request.resource_ids {
            let key = keys::resource(view.slot, resource_ref(id));
            if let Some(stored) = view.reader.get(&key)? {
                response.row(KEYSPACE, &key, &stored)?;
                response.bounded()?;
            }
        }
        Ok(response.finish(""))
    }
}
