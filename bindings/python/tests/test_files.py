"""Calls on whole files."""

from __future__ import annotations

import fleet
import pytest

import c1z
from c1z.records import Grant


def test_info_opens_nothing(example, example_v1):
    info = c1z.info(example)
    assert (info.format, info.engine, info.file_size_bytes) == ("v3", "rocksdb", example.stat().st_size)
    assert info.sync_runs[0].type == "full"
    assert info.sync_runs[0].stats.grants == 364
    assert c1z.info(example_v1).format == "v1"


def test_a_sound_file_has_no_faults_and_progress_is_told(example):
    told = []
    report = c1z.verify(example, progress=lambda done, total: told.append((done, total)))
    assert report.sound and report.database_walked
    assert report.syncs[0].grants == 364
    assert report.text.endswith("no faults\n")
    assert told and told[-1][0] == told[-1][1]


def test_faults_of_a_damaged_file_have_kinds_and_places(example, tmp_path):
    damaged = bytearray(example.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path = tmp_path / "damaged.c1z"
    path.write_bytes(damaged)
    report = c1z.verify(path)
    assert not report.sound
    assert report.faults[0].kind.startswith("frame_")
    assert report.faults[0].sentence


def test_what_is_no_file_of_ours_raises(tmp_path):
    path = tmp_path / "text.c1z"
    path.write_text("This is no file that anybody would take for a snapshot.")
    with pytest.raises(c1z.Error) as raised:
        c1z.info(path)
    assert raised.value.reason == "NOT_C1Z"


def test_an_exception_of_progress_stops_the_call_and_comes_out(example):
    class Enough(Exception):
        pass

    def stop(done, total):
        raise Enough

    with pytest.raises(Enough):
        c1z.verify(example, progress=stop)


def test_a_file_of_format_v1_becomes_one_that_compares_equal(example, example_v1, tmp_path):
    out = tmp_path / "out.c1z"
    converted = c1z.convert(example_v1, out)
    assert [(sync.sync_type, sync.grants.records) for sync in converted.syncs] == [("full", 364)]
    assert converted.losses == ()
    with c1z.compare(example, out) as comparison:
        assert list(comparison) == []
        assert comparison.records_read > 0
    with pytest.raises(c1z.Error) as raised:
        c1z.convert(example_v1, out)
    assert raised.value.code == c1z.Code.ALREADY_EXISTS


@pytest.fixture
def two_days(tmp_path):
    paths = tmp_path / "monday.c1z", tmp_path / "tuesday.c1z"
    for day, path in enumerate(paths, start=1):
        fleet.tenant(path, 1, day)
    return paths


def test_differences_have_records(two_days):
    monday, tuesday = two_days
    with c1z.compare(monday, tuesday) as comparison:
        (difference,) = comparison
    assert (difference.kind, difference.change, difference.before) == ("grant", "added", None)
    record = difference.after.record()
    assert isinstance(record, Grant)
    assert record.entitlement.id == "app:console:viewer"
    assert record.principal.id.resource_type == "user"
    assert [found.change for found in c1z.compare(tuesday, monday)] == ["removed"]


def test_a_comparison_leaves_out_what_it_is_told_to(two_days):
    assert list(c1z.compare(*two_days, kinds=("resource", "entitlement"))) == []
    with pytest.raises(ValueError, match="colour"):
        c1z.compare(*two_days, ignore=("colour",))
    with pytest.raises(ValueError, match="user"):
        c1z.compare(*two_days, kinds=("user",))


def test_a_comparison_that_is_closed_ends(two_days):
    comparison = c1z.compare(*two_days)
    comparison.close()
    comparison.close()
    assert list(comparison) == []


def test_merging_takes_the_newest_of_each(two_days, tmp_path):
    out = tmp_path / "merged.c1z"
    merged = c1z.merge(out, *two_days)
    assert merged.sync_type == "full"
    assert merged.grants.added == 1
    assert list(c1z.compare(two_days[1], out)) == []
