//! Reading resource types.

use crate::engine::Kind;
use crate::keys::{self, Keyspace, Listing};
use crate::proto::connector::{
    ResourceTypesServiceListResourceTypesRequest as ListRequest,
    ResourceTypesServiceListResourceTypesResponse as ListResponse,
};
use crate::proto::reader::{
    ResourceTypesReaderServiceGetResourceTypeRequest as GetRequest,
    ResourceTypesReaderServiceGetResourceTypeResponse as GetResponse,
};
use crate::store::listing::{page, Query, Source};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

const KEYSPACE: Keyspace = Keyspace::ResourceType;
const SHAPE: Shape = Shape::ResourceType;

impl Store {
    /// A page of resource types, ordered by id.
    pub fn list_resource_types(&self, request: &ListRequest) -> Result<Encoded<ListResponse>> {
        let view = self.view(&request.active_sync_id, &request.annotations, &[Kind::ResourceType])?;
        let prefix = keys::keyspace(view.slot, KEYSPACE);
        let query = Query::new(Listing::ResourceTypes, prefix, &request.page_token, request.page_size);
        self.page(&view.reader, &query, Source::Records(KEYSPACE), SHAPE)
    }

    /// One resource type by its id.
    pub fn get_resource_type(&self, request: &GetRequest) -> Result<Encoded<GetResponse>> {
        let view = self.view("", &request.annotations, &[Kind::ResourceType])?;
        let key = keys::resource_type(view.slot, &request.resource_type_id);
        page::single(&view.reader, KEYSPACE, &key, SHAPE)?
            .ok_or_else(|| Error::not_found(KEYSPACE.noun(), &request.resource_type_id))
    }
}
