"""What a principal holds, and what an id means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from c1z import _library
from c1z import _requests as requests
from c1z.errors import AmbiguousError, Code, Error
from c1z.records import Entitlement, Grant, Resource, ResourceId

T = TypeVar("T")

# Hits that are looked for: one more than anybody wants to read.
_ENOUGH = 21


@dataclass(frozen=True)
class Way:
    """How a principal came to a grant: `direct`, or through the entitlement `entitlement` of the resource `resource`, called `name`. Where
    the entitlement has no record, or several with one id have, `resource` is None."""

    direct: bool
    entitlement: str
    resource: ResourceId | None = None
    name: str = ""

    def __str__(self) -> str:
        if self.direct:
            return "direct"
        if self.resource is None:
            return self.entitlement
        of_type, id = self.resource.resource_type, self.resource.resource
        return f"{of_type} {id}" if self.name in ("", id) else f"{of_type} {id} ({self.name})"


@dataclass(frozen=True)
class Held:
    """An entitlement that a principal holds, the resource that it is on, and the names of both, empty where they have none."""

    principal: ResourceId
    entitlement: str
    entitlement_name: str
    resource: ResourceId
    resource_name: str
    via: tuple[Way, ...]


def held(store: _library.Store, principal: str, resource_type: str | None) -> Iterator[Held]:
    """What the one principal holds that answers to an id or a name."""
    names = _Names(store)
    id = _Resolver(names, resource_type).principal(principal)
    return (_row(names, id, grant) for grant in _grants(store, id))


def _row(names: _Names, principal: ResourceId, grant: Grant) -> Held:
    entitlement = grant.entitlement or Entitlement()
    on = _id_of(entitlement.resource) or ResourceId()
    return Held(
        principal,
        entitlement.id,
        names.entitlement(entitlement.id, on),
        on,
        names.resource(on),
        _ways(names, entitlement.id, grant),
    )


def _ways(names: _Names, own: str, grant: Grant) -> tuple[Way, ...]:
    sources = grant.sources.sources if grant.sources else {}
    direct = (Way(True, own),) if not sources or own in sources else ()
    return direct + tuple(names.way(source) for source in sorted(sources) if source != own)


def _id_of(resource: Resource | None) -> ResourceId | None:
    return resource.id if resource else None


def _grants(store: _library.Store, principal: ResourceId, page_size: int = 0) -> Iterator[Grant]:
    def page(token: str) -> Any:
        request = requests.ListGrantsForPrincipal(principal_id=principal, page_size=page_size, page_token=token)
        return _library.call("list_grants_for_principal", request, requests.Grants, store)

    return _rows(page)


def _rows(page: Any) -> Iterator[Any]:
    """Every row of a listing, whose page with a token `page` gives."""
    token = ""
    while True:
        answer = page(token)
        yield from answer.list
        token = answer.next_page_token
        if not token:
            return


class _Names:
    """Looks records up by what refers to them, each once in a while."""

    REMEMBERED = 10_000

    def __init__(self, store: _library.Store) -> None:
        self.store = store
        self._known: dict[tuple[object, ...], Any] = {}

    def _once(self, key: tuple[object, ...], look_up: Callable[[], T]) -> T:
        if key not in self._known:
            if len(self._known) >= self.REMEMBERED:
                self._known.clear()
            self._known[key] = look_up()
        known: T = self._known[key]
        return known

    def record(self, id: ResourceId) -> Resource | None:
        """The resource with an id, if there is a record of it."""
        try:
            return _library.call("get_resource", requests.GetResource(id), requests.GotResource, self.store).resource
        except Error as error:
            if error.code == Code.NOT_FOUND:
                return None
            raise

    def resource(self, id: ResourceId) -> str:
        """Its display name; empty if it has none, or no record."""
        return self._once(("resource", id), lambda: (self.record(id) or Resource()).display_name)

    def entitlement(self, id: str, on: ResourceId) -> str:
        """The display name of an entitlement on a resource; empty if it has none, or no record."""

        def look_up() -> str:
            try:
                found = self._by_id(id)
                return found.display_name if found and _id_of(found.resource) == on else ""
            except Error as error:
                if error.reason != "AMBIGUOUS_ID":
                    raise
            return next((row.display_name for row in self._entitlements_on(on) if row.id == id), "")

        return self._once(("entitlement", id, on), look_up)

    def way(self, source: str) -> Way:
        """Through what a source of a grant passes it on."""

        def look_up() -> Way:
            try:
                found = self._by_id(source)
            except Error as error:
                if error.reason != "AMBIGUOUS_ID":
                    raise
                found = None
            on = _id_of(found.resource) if found else None
            return Way(False, source, on, self.resource(on) if on else "")

        return self._once(("way", source), look_up)

    def _by_id(self, id: str) -> Entitlement | None:
        try:
            request = requests.GetEntitlement(id)
            return _library.call("get_entitlement", request, requests.GotEntitlement, self.store).entitlement
        except Error as error:
            if error.code == Code.NOT_FOUND:
                return None
            raise

    def _entitlements_on(self, on: ResourceId) -> Iterator[Entitlement]:
        def page(token: str) -> Any:
            request = requests.ListEntitlements(resource=Resource(id=on), page_token=token)
            return _library.call("list_entitlements", request, requests.Entitlements, self.store)

        return _rows(page)


class _Resolver:
    """Looks for what an id is the id of. Ids are never split: every type is tried, then names."""

    def __init__(self, names: _Names, of_type: str | None) -> None:
        self.names = names
        self.store = names.store
        self.of_type = of_type

    def principal(self, id: str) -> ResourceId:
        hits = self._by_id(id) or self._by_missing_id(id) or self._by_name(id)
        if not hits:
            raise Error(Code.NOT_FOUND, "NOT_FOUND", f"no principal {id!r}")
        if len(hits) > 1:
            count = f"more than {_ENOUGH - 1}" if len(hits) >= _ENOUGH else str(len(hits))
            message = f"principal {id!r} may be any of {count}; resource_type decides"
            raise AmbiguousError(Code.FAILED_PRECONDITION, "AMBIGUOUS_ID", message, tuple(hits))
        return hits[0]

    def _by_id(self, id: str) -> list[ResourceId]:
        candidates = [ResourceId(of_type, id) for of_type in self._types()]
        return [candidate for candidate in candidates if self._is_there(candidate)][:_ENOUGH]

    def _is_there(self, id: ResourceId) -> bool:
        return self.names.record(id) is not None or any(True for _ in _grants(self.store, id, page_size=1))

    def _types(self) -> list[str]:
        """The types that resources of the sync have, with and without a record of the type."""
        if self.of_type is not None:
            return [self.of_type]

        def page(token: str) -> Any:
            request = requests.ListResourceTypes(page_token=token)
            return _library.call("list_resource_types", request, requests.ResourceTypes, self.store)

        types = {row.id for row in _rows(page)}
        current = _library.call("get_metadata", requests.Empty(), requests.CurrentSync, self.store).current_sync_id
        try:
            stats = _library.call("get_stats", requests.GetStats(sync_id=current), requests.Stats, self.store).stats
        except Error as error:
            if error.code not in (Code.NOT_FOUND, Code.FAILED_PRECONDITION):
                raise
        else:
            types.update(stats.resources_by_resource_type if stats else ())
        return sorted(types)

    def _by_missing_id(self, id: str) -> list[ResourceId]:
        """Principals that only grants name, of types that no resource has."""
        if self.of_type is not None:
            return []

        def page(token: str) -> Any:
            request = requests.ListReferences(kind="missing_principals", page_token=token)
            return _library.call("list_references", request, requests.References, self.store)

        return [ResourceId(row.resource_type_id, row.resource_id) for row in _rows(page) if row.resource_id == id][
            :_ENOUGH
        ]

    def _by_name(self, name: str) -> list[ResourceId]:
        def page(token: str) -> Any:
            request = requests.ListResources(resource_type_id=self.of_type or "", page_token=token)
            return _library.call("list_resources", request, requests.Resources, self.store)

        hits: list[ResourceId] = []
        for resource in _rows(page):
            if resource.id and (resource.display_name == name or _is_called(resource, name)):
                hits.append(resource.id)
                if len(hits) == _ENOUGH:
                    break
        return hits


def _is_called(resource: Resource, name: str) -> bool:
    """Whether one of the logins or e-mail addresses of a user is that."""
    for annotation in filter(requests.user_trait, resource.annotations):
        try:
            user = _library.decoded(requests.UserTrait, annotation.value)
        except Error:
            continue  # what is no such message names nobody
        if name in (user.login, *user.login_aliases, *(email.address for email in user.emails)):
            return True
    return False
