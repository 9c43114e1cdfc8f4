"""Writes files for tests, through the calls that the package itself has no use for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from c1z import _library, _requests
from c1z._long import long
from c1z._wire import many, text
from c1z.records import Entitlement, Grant, GrantSource, GrantSources, Resource, ResourceId, ResourceType


@dataclass(frozen=True)
class _StartSync:
    sync_type: str = text(1)


@dataclass(frozen=True)
class _PutResourceTypes:
    list: tuple[ResourceType, ...] = many(1, ResourceType)


@dataclass(frozen=True)
class _PutResources:
    list: tuple[Resource, ...] = many(1, Resource)


@dataclass(frozen=True)
class _PutEntitlements:
    list: tuple[Entitlement, ...] = many(1, Entitlement)


@dataclass(frozen=True)
class _PutGrants:
    list: tuple[Grant, ...] = many(1, Grant)


def resource(of_type: str, id: str, name: str = "", **more: object) -> Resource:
    return Resource(id=ResourceId(of_type, id), display_name=name, **more)


def entitlement(on: Resource, id: str, name: str = "") -> Entitlement:
    return Entitlement(resource=Resource(id=on.id), id=id, display_name=name)


def grant(of: Entitlement, to: Resource) -> Grant:
    return Grant(entitlement=of, principal=Resource(id=to.id), id=f"{of.id}:{to.id.resource_type}:{to.id.resource}")


class Writer:
    """A new file with syncs in it; saved when the `with` statement ends."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        request = _requests.Open(path_bytes=os.fsencode(path), threads=1, memory_budget_bytes=32 << 20)
        self._handle = long(lambda control: _library.create("open", request, _library.Store, control))

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        long(lambda control: self._call("close", _requests.Empty(), control))

    def sync(
        self,
        *,
        types: Iterable[ResourceType] = (),
        resources: Iterable[Resource] = (),
        entitlements: Iterable[Entitlement] = (),
        grants: Iterable[Grant] = (),
        of_type: str = "full",
    ) -> None:
        self._call("start_sync", _StartSync(of_type))
        self._call("put_resource_types", _PutResourceTypes(tuple(types)))
        self._call("put_resources", _PutResources(tuple(resources)))
        self._call("put_entitlements", _PutEntitlements(tuple(entitlements)))
        grants = tuple(grants)
        for first in range(0, len(grants), 10_000):
            self._call("put_grants", _PutGrants(grants[first : first + 10_000]))
        long(lambda control: self._call("end_sync", _requests.Empty(), control))

    def _call(self, name: str, request: object, control: object = None) -> None:
        _library.call(name, request, _requests.Empty, self._handle, control)


TYPES = (ResourceType("user", "User"), ResourceType("group", "Group"), ResourceType("app", "App"))
ADMINISTRATOR = "app:console:administrator"


def tenant(path: Path, number: int, day: int = 1) -> None:
    """A small tenant: thirty people of a fleet of a thousand, a group, an application whose administrators differ from tenant to tenant,
    and more grants on the second day."""
    people = [resource("user", f"person-{(number * 7 + n * 13) % 1000}", f"Person {n} of {number}") for n in range(30)]
    group, console = resource("group", "staff", "Staff"), resource("app", "console", "Console")
    member = entitlement(group, "group:staff:member", "Member")
    administrator = entitlement(console, ADMINISTRATOR, "Administrator")
    viewer = entitlement(console, "app:console:viewer", "Viewer")
    grants = [grant(member, person) for person in people]
    grants += [grant(administrator, person) for person in people[: 1 + number % 3]]
    through_group = GrantSources({member.id: GrantSource(is_direct=True)})
    for person in people[10 : 12 + day + number % 2]:
        grants.append(Grant(viewer, Resource(id=person.id), f"viewer-{person.id.resource}", sources=through_group))
    with Writer(path) as writer:
        writer.sync(
            types=TYPES,
            resources=[*people, group, console],
            entitlements=[member, administrator, viewer],
            grants=grants,
        )
