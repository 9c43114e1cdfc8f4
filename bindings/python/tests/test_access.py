"""What a principal holds, compared with the command."""

from __future__ import annotations

import csv
import io
import subprocess

import fleet
import pytest

import c1z
from c1z.records import Annotation, Grant, GrantSource, GrantSources


def of_command(command, path, principal, *more):
    run = subprocess.run(
        [command, "access", path, principal, "-o", "csv", *more], capture_output=True, check=True, text=True
    )
    return list(csv.reader(io.StringIO(run.stdout)))[1:]


def of_package(path, principal, **more):
    with c1z.open(path) as store:
        return [
            [
                held.entitlement,
                held.entitlement_name,
                held.resource.resource_type,
                held.resource.resource,
                held.resource_name,
                ", ".join(map(str, held.via)),
            ]
            for held in store.access(principal, **more)
        ]


def test_rows_are_those_of_the_command(command, example):
    for principal in ("dana", "root", "grace"):
        try:
            rows = of_command(command, example, principal)
        except subprocess.CalledProcessError as error:
            with c1z.open(example) as store, pytest.raises(c1z.Error):
                store.access(principal)
            assert error.returncode in (2, 3)
            continue
        assert of_package(example, principal) == rows


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Ids with colons, one id in two types, two entitlements with one id, principals without a record, names and logins."""
    path = tmp_path_factory.mktemp("access") / "odd.c1z"
    user = Annotation("type.googleapis.com/c1.connector.v2.UserTrait", b"\x0a\x0c\x0a\x0adana@x.org\x32\x04dana")
    dana = fleet.resource("user", "u:1", "Dana D.", annotations=(user,))
    twins = fleet.resource("user", "twin"), fleet.resource("robot", "twin")
    one, other = fleet.resource("group", "one", "The One"), fleet.resource("group", "other")
    member, same = fleet.entitlement(one, "member", "Member of one"), fleet.entitlement(other, "member", "Of the other")
    reader = fleet.entitlement(other, "reader")
    through = GrantSources({"reader": GrantSource(True), "member": GrantSource(), "gone": GrantSource()})
    absent = fleet.resource("ghost", "g-1"), fleet.resource("user", "g-2")
    grants = [
        fleet.grant(member, dana),
        fleet.grant(same, dana),
        fleet.grant(member, twins[0]),
        fleet.grant(same, twins[1]),
    ]
    grants += [Grant(reader, fleet.resource("user", "u:1"), "derived", sources=through)]
    grants += [fleet.grant(member, ghost) for ghost in absent]
    with fleet.Writer(path) as writer:
        writer.sync(
            types=fleet.TYPES, resources=[dana, *twins, one, other], entitlements=[member, same, reader], grants=grants
        )
    return path


@pytest.mark.parametrize("principal", ["u:1", "Dana D.", "dana", "dana@x.org", "g-1", "g-2"])
def test_ids_names_logins_and_addresses_find_who_the_command_finds(command, path, principal):
    rows = of_package(path, principal)
    assert rows and rows == of_command(command, path, principal)


def test_an_id_of_several_is_listed_and_a_type_decides(command, path):
    with c1z.open(path) as store:
        with pytest.raises(c1z.AmbiguousError) as raised:
            store.access("twin")
        assert raised.value.hits == (c1z.ResourceId("robot", "twin"), c1z.ResourceId("user", "twin"))
        assert raised.value.reason == "AMBIGUOUS_ID"
    assert of_package(path, "twin", resource_type="robot") == of_command(command, path, "twin", "-t", "robot")


def test_nobody_is_not_found_at_once(path):
    with c1z.open(path) as store, pytest.raises(c1z.Error) as raised:
        store.access("nobody")
    assert raised.value.code == c1z.Code.NOT_FOUND


def test_ways_say_what_they_go_through(path):
    with c1z.open(path) as store:
        (derived,) = [held for held in store.access("u:1") if held.entitlement == "reader"]
    # "member" is the id of two entitlements, and "gone" of none.
    assert [str(way) for way in derived.via] == ["direct", "gone", "member"]
