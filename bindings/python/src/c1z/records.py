"""Records as answers hold them. What an answer leaves out has the default of its field: "", 0, False, None, ()."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from c1z import _enums
from c1z._wire import STRING, UINT64, flag, many, mapping, one, raw, text, whole, word


@dataclass(frozen=True)
class Annotation:
    """A protobuf message of any type, by its bytes."""

    _proto: ClassVar[str] = "google.protobuf.Any"
    type_url: str = text(1)
    value: bytes = raw(2)


@dataclass(frozen=True)
class ResourceId:
    """Identifies a resource: its type, and its id within that. Neither is ever split or parsed."""

    _proto: ClassVar[str] = "c1.connector.v2.ResourceId"
    resource_type: str = text(1)
    resource: str = text(2)


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource, such as "user" or "group"."""

    _proto: ClassVar[str] = "c1.connector.v2.ResourceType"
    id: str = text(1)
    display_name: str = text(2)
    annotations: tuple[Annotation, ...] = many(4, Annotation)
    description: str = text(5)


@dataclass(frozen=True)
class Resource:
    """Something that is held or holds. Its profile is not here: the table of resources has it as JSON."""

    _proto: ClassVar[str] = "c1.connector.v2.Resource"
    id: ResourceId | None = one(1, ResourceId)
    parent_resource_id: ResourceId | None = one(2, ResourceId)
    display_name: str = text(3)
    annotations: tuple[Annotation, ...] = many(4, Annotation)
    description: str = text(5)


@dataclass(frozen=True)
class Entitlement:
    """Something that can be held on a resource."""

    _proto: ClassVar[str] = "c1.connector.v2.Entitlement"
    resource: Resource | None = one(1, Resource)
    id: str = text(2)
    display_name: str = text(3)
    description: str = text(4)
    grantable_to: tuple[ResourceType, ...] = many(5, ResourceType)
    annotations: tuple[Annotation, ...] = many(6, Annotation)
    slug: str = text(8)


@dataclass(frozen=True)
class GrantSource:
    """One entitlement through which a principal holds a grant."""

    _proto: ClassVar[str] = "c1.connector.v2.GrantSources.GrantSource"
    is_direct: bool = flag(1)


@dataclass(frozen=True)
class GrantSources:
    """Where a grant that expansion derived comes from, by entitlement id."""

    _proto: ClassVar[str] = "c1.connector.v2.GrantSources"
    sources: Mapping[str, GrantSource] = mapping(1, GrantSource)


@dataclass(frozen=True)
class Grant:
    """One principal holds one entitlement. Of both it has the ids; their records have the rest."""

    _proto: ClassVar[str] = "c1.connector.v2.Grant"
    entitlement: Entitlement | None = one(1, Entitlement)
    principal: Resource | None = one(2, Resource)
    id: str = text(3)
    annotations: tuple[Annotation, ...] = many(4, Annotation)
    sources: GrantSources | None = one(5, GrantSources)


@dataclass(frozen=True)
class Asset:
    """An asset without its bytes. The size is in bytes."""

    _proto: ClassVar[str] = "c1z.v1.ComparedAsset"
    id: str = text(1)
    content_type: str = text(2)
    size: int = whole(3, UINT64)


Record = ResourceType | Resource | Entitlement | Grant | Asset


@dataclass(frozen=True)
class ComparedRecord:
    """A record of a difference: one of its fields is set."""

    _proto: ClassVar[str] = "c1z.v1.ComparedRecord"
    resource_type: ResourceType | None = one(1, ResourceType)
    resource: Resource | None = one(2, Resource)
    entitlement: Entitlement | None = one(3, Entitlement)
    grant: Grant | None = one(4, Grant)
    asset: Asset | None = one(5, Asset)

    def record(self) -> Record | None:
        """The one that is set; None if it is of a kind that this package does not know."""
        kinds = (self.resource_type, self.resource, self.entitlement, self.grant, self.asset)
        return next((record for record in kinds if record is not None), None)


@dataclass(frozen=True)
class Difference:
    """A record that is in one sync only, or that differs.

    `kind` is "resource_type", "resource", "entitlement", "grant" or "asset"; `change` is "added", "removed" or "changed"; `fields`
    names what differs in a changed record. `before` is None where the record was added, `after` where it was removed.
    """

    _proto: ClassVar[str] = "c1z.v1.Difference"
    kind: str = word(1, _enums.RECORD_KIND)
    change: str = word(2, _enums.CHANGE)
    fields: tuple[str, ...] = many(3, STRING)
    before: ComparedRecord | None = one(4, ComparedRecord)
    after: ComparedRecord | None = one(5, ComparedRecord)
