//! Grants as they are stored: with what a connector's message has no place for.
//!
//! The requests of `c1.reader.v3` are those of `c1.reader.v2` under other names.

use crate::proto::reader as v2;
use crate::proto::reader_v3::{
    GrantsReaderServiceGetGrantRequest as GetRequest, GrantsReaderServiceGetGrantResponse as GetResponse,
    GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest,
    GrantsReaderServiceListGrantsForEntitlementResponse as ForEntitlementResponse,
    GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest,
    GrantsReaderServiceListGrantsForPrincipalResponse as ForPrincipalResponse,
    GrantsReaderServiceListGrantsForResourceTypeRequest as ForResourceTypeRequest,
    GrantsReaderServiceListGrantsForResourceTypeResponse as ForResourceTypeResponse,
};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::Result;

const SHAPE: Shape = Shape::GrantRecord;

impl Store {
    /// [`Store::get_grant`] as a record.
    pub fn get_grant_record(&self, request: GetRequest) -> Result<Encoded<GetResponse>> {
        let GetRequest { grant_id, annotations } = request;
        self.grant_as(SHAPE, &v2::GrantsReaderServiceGetGrantRequest { grant_id, annotations })
    }

    /// [`Store::list_grants_for_entitlement`] as records.
    #[allow(deprecated)]
    pub fn list_grant_records_for_entitlement(
        &self,
        request: ForEntitlementRequest,
    ) -> Result<Encoded<ForEntitlementResponse>> {
        let ForEntitlementRequest { entitlement, page_size, page_token, annotations, principal_id, .. } = request;
        let request = v2::GrantsReaderServiceListGrantsForEntitlementRequest {
            entitlement,
            page_size,
            page_token,
            annotations,
            principal_id,
            principal_resource_type_ids: request.principal_resource_type_ids,
        };
        self.grants_for_entitlement_as(SHAPE, &request)
    }

    /// [`Store::list_grants_for_principal`] as records.
    pub fn list_grant_records_for_principal(
        &self,
        request: ForPrincipalRequest,
    ) -> Result<Encoded<ForPrincipalResponse>> {
        let ForPrincipalRequest { principal_id, entitlement, page_size, page_token, annotations } = request;
        let request = v2::GrantsReaderServiceListGrantsForPrincipalRequest {
            principal_id,
            entitlement,
            page_size,
            page_token,
            annotations,
        };
        self.grants_for_principal_as(SHAPE, &request)
    }

    /// [`Store::list_grants_for_resource_type`] as records.
    pub fn list_grant_records_for_resource_type(
        &self,
        request: ForResourceTypeRequest,
    ) -> Result<Encoded<ForResourceTypeResponse>> {
        let ForResourceTypeRequest { resource_type_id, page_size, page_token, annotations } = request;
        let request = v2::GrantsReaderServiceListGrantsForResourceTypeRequest {
            resource_type_id,
            page_size,
            page_token,
            annotations,
        };
        self.grants_for_resource_type_as(SHAPE, &request)
    }
}
