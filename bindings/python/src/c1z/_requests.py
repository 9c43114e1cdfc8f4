"""What calls are asked with, and answers that never leave the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from c1z import _enums
from c1z._wire import STRING, UINT32, UINT64, flag, many, one, raw, text, whole, word
from c1z.records import Annotation, Difference, Entitlement, Grant, Resource, ResourceId, ResourceType
from c1z.reports import SyncRun, SyncStats


@dataclass(frozen=True)
class Open:
    _proto: ClassVar[str] = "c1z.v1.OpenRequest"
    read_only: bool = flag(2)
    threads: int = whole(5, UINT32)
    memory_budget_bytes: int = whole(6, UINT64)
    max_decoded_bytes: int = whole(7, UINT64)
    max_decoder_memory_bytes: int = whole(8, UINT64)
    path_bytes: bytes = raw(9)
    tmp_dir_bytes: bytes = raw(10)
    convert_v1: bool = flag(13)
    max_local_bytes: int = whole(14, UINT64)


@dataclass(frozen=True)
class ReadHeader:
    _proto: ClassVar[str] = "c1z.v1.ReadHeaderRequest"
    path_bytes: bytes = raw(2)


@dataclass(frozen=True)
class Close:
    _proto: ClassVar[str] = "c1z.v1.CloseRequest"
    discard: bool = flag(1)


@dataclass(frozen=True)
class Empty:
    _proto: ClassVar[str] = "c1z.v1.GetMetadataRequest"


@dataclass(frozen=True)
class CurrentSync:
    _proto: ClassVar[str] = "c1z.v1.GetMetadataResponse"
    current_sync_id: str = text(7)


@dataclass(frozen=True)
class SetCurrentSync:
    _proto: ClassVar[str] = "c1z.v1.SetCurrentSyncRequest"
    sync_id: str = text(1)


@dataclass(frozen=True)
class ListSyncRuns:
    _proto: ClassVar[str] = "c1z.v1.ListSyncRunsRequest"
    page_token: str = text(2)


@dataclass(frozen=True)
class SyncRuns:
    _proto: ClassVar[str] = "c1z.v1.ListSyncRunsResponse"
    list: tuple[SyncRun, ...] = many(1, SyncRun)
    next_page_token: str = text(2)


@dataclass(frozen=True)
class GetStats:
    _proto: ClassVar[str] = "c1z.v1.GetStatsRequest"
    sync_id: str = text(2)


@dataclass(frozen=True)
class Stats:
    _proto: ClassVar[str] = "c1z.v1.GetStatsResponse"
    stats: SyncStats | None = one(1, SyncStats)


@dataclass(frozen=True)
class Verify:
    _proto: ClassVar[str] = "c1z.v1.VerifyRequest"
    max_decoded_bytes: int = whole(3, UINT64)
    max_decoder_memory_bytes: int = whole(4, UINT64)
    memory_budget_bytes: int = whole(5, UINT64)
    threads: int = whole(6, UINT32)
    max_faults: int = whole(7, UINT32)
    path_bytes: bytes = raw(8)
    tmp_dir_bytes: bytes = raw(9)


@dataclass(frozen=True)
class MergeInput:
    _proto: ClassVar[str] = "c1z.v1.MergeInput"
    sync_id: str = text(2)
    path_bytes: bytes = raw(3)


@dataclass(frozen=True)
class MergeFiles:
    _proto: ClassVar[str] = "c1z.v1.MergeFilesRequest"
    inputs: tuple[MergeInput, ...] = many(1, MergeInput)
    output_path_bytes: bytes = raw(3)
    payload_encoding: str = word(4, _enums.PAYLOAD_ENCODING)
    tmp_dir_bytes: bytes = raw(6)
    threads: int = whole(7, UINT32)
    memory_budget_bytes: int = whole(8, UINT64)
    max_decoded_bytes: int = whole(9, UINT64)
    max_decoder_memory_bytes: int = whole(10, UINT64)


@dataclass(frozen=True)
class ConvertFile:
    _proto: ClassVar[str] = "c1z.v1.ConvertFileRequest"
    input_path_bytes: bytes = raw(2)
    output_path_bytes: bytes = raw(4)
    unreadable_rows: str = word(5, _enums.UNREADABLE_ROWS)
    payload_encoding: str = word(6, _enums.PAYLOAD_ENCODING)
    tmp_dir_bytes: bytes = raw(8)
    threads: int = whole(9, UINT32)
    memory_budget_bytes: int = whole(10, UINT64)
    max_decoded_bytes: int = whole(11, UINT64)
    max_decoder_memory_bytes: int = whole(12, UINT64)


@dataclass(frozen=True)
class CompareInput:
    _proto: ClassVar[str] = "c1z.v1.CompareInput"
    sync_id: str = text(2)
    path_bytes: bytes = raw(3)


@dataclass(frozen=True)
class CompareOptions:
    _proto: ClassVar[str] = "c1z.v1.CompareOptions"
    kinds: tuple[str, ...] = many(1, _enums.RECORD_KIND)
    ignore_display: bool = flag(2)
    ignore_annotations: bool = flag(3)
    ignore_sources: bool = flag(4)
    ignore_expansion: bool = flag(5)


@dataclass(frozen=True)
class CompareFiles:
    _proto: ClassVar[str] = "c1z.v1.CompareFilesRequest"
    before: CompareInput | None = one(1, CompareInput)
    after: CompareInput | None = one(2, CompareInput)
    options: CompareOptions | None = one(3, CompareOptions)
    tmp_dir_bytes: bytes = raw(5)
    threads: int = whole(6, UINT32)
    memory_budget_bytes: int = whole(7, UINT64)
    max_decoded_bytes: int = whole(8, UINT64)
    max_decoder_memory_bytes: int = whole(9, UINT64)


@dataclass(frozen=True)
class ComparePage:
    _proto: ClassVar[str] = "c1z.v1.ComparePage"
    list: tuple[Difference, ...] = many(1, Difference)
    records_read: int = whole(2, UINT64)


@dataclass(frozen=True)
class ListResourceTypes:
    _proto: ClassVar[str] = "c1.connector.v2.ResourceTypesServiceListResourceTypesRequest"
    page_token: str = text(3)


@dataclass(frozen=True)
class ResourceTypes:
    _proto: ClassVar[str] = "c1.connector.v2.ResourceTypesServiceListResourceTypesResponse"
    list: tuple[ResourceType, ...] = many(1, ResourceType)
    next_page_token: str = text(2)


@dataclass(frozen=True)
class ListResources:
    _proto: ClassVar[str] = "c1.connector.v2.ResourcesServiceListResourcesRequest"
    resource_type_id: str = text(1)
    page_token: str = text(4)


@dataclass(frozen=True)
class Resources:
    _proto: ClassVar[str] = "c1.connector.v2.ResourcesServiceListResourcesResponse"
    list: tuple[Resource, ...] = many(1, Resource)
    next_page_token: str = text(2)


@dataclass(frozen=True)
class GetResource:
    _proto: ClassVar[str] = "c1.reader.v2.ResourcesReaderServiceGetResourceRequest"
    resource_id: ResourceId | None = one(1, ResourceId)


@dataclass(frozen=True)
class GotResource:
    _proto: ClassVar[str] = "c1.reader.v2.ResourcesReaderServiceGetResourceResponse"
    resource: Resource | None = one(1, Resource)


@dataclass(frozen=True)
class ListEntitlements:
    _proto: ClassVar[str] = "c1.connector.v2.EntitlementsServiceListEntitlementsRequest"
    resource: Resource | None = one(1, Resource)
    page_token: str = text(3)


@dataclass(frozen=True)
class Entitlements:
    _proto: ClassVar[str] = "c1.connector.v2.EntitlementsServiceListEntitlementsResponse"
    list: tuple[Entitlement, ...] = many(1, Entitlement)
    next_page_token: str = text(2)


@dataclass(frozen=True)
class GetEntitlement:
    _proto: ClassVar[str] = "c1.reader.v2.EntitlementsReaderServiceGetEntitlementRequest"
    entitlement_id: str = text(1)


@dataclass(frozen=True)
class GotEntitlement:
    _proto: ClassVar[str] = "c1.reader.v2.EntitlementsReaderServiceGetEntitlementResponse"
    entitlement: Entitlement | None = one(1, Entitlement)


@dataclass(frozen=True)
class ListGrantsForPrincipal:
    _proto: ClassVar[str] = "c1.reader.v2.GrantsReaderServiceListGrantsForPrincipalRequest"
    principal_id: ResourceId | None = one(1, ResourceId)
    page_size: int = whole(3, UINT32)
    page_token: str = text(4)


@dataclass(frozen=True)
class Grants:
    _proto: ClassVar[str] = "c1.reader.v2.GrantsReaderServiceListGrantsForPrincipalResponse"
    list: tuple[Grant, ...] = many(1, Grant)
    next_page_token: str = text(2)


@dataclass(frozen=True)
class ListReferences:
    _proto: ClassVar[str] = "c1z.v1.ListReferencesRequest"
    kind: str = word(1, _enums.REFERENCE_KIND)
    page_token: str = text(3)


@dataclass(frozen=True)
class Reference:
    _proto: ClassVar[str] = "c1z.v1.Reference"
    resource_type_id: str = text(1)
    resource_id: str = text(2)


@dataclass(frozen=True)
class References:
    _proto: ClassVar[str] = "c1z.v1.ListReferencesResponse"
    list: tuple[Reference, ...] = many(1, Reference)
    next_page_token: str = text(2)


@dataclass(frozen=True)
class Email:
    _proto: ClassVar[str] = "c1.connector.v2.UserTrait.Email"
    address: str = text(1)


@dataclass(frozen=True)
class UserTrait:
    _proto: ClassVar[str] = "c1.connector.v2.UserTrait"
    emails: tuple[Email, ...] = many(1, Email)
    login: str = text(6)
    login_aliases: tuple[str, ...] = many(7, STRING)


def user_trait(annotation: Annotation) -> bool:
    """Whether the annotation is a UserTrait."""
    return annotation.type_url.endswith("/c1.connector.v2.UserTrait")


@dataclass(frozen=True)
class Export:
    _proto: ClassVar[str] = "c1z.v1.ExportRequest"
    table: str = word(1, _enums.TABLE)
    sync_id: str = text(2)
    columns: tuple[str, ...] = many(3, STRING)
    resource_type_id: str = text(4)
    resource_id: str = text(5)
    entitlement_id: str = text(6)
    principal_resource_type_id: str = text(7)
    principal_resource_id: str = text(8)
    part: int = whole(9, UINT32)
    parts: int = whole(10, UINT32)
    batch_rows: int = whole(11, UINT32)
    batch_bytes: int = whole(12, UINT64)
    dictionaries: bool = flag(13)
