"""Opening, describing and closing."""

from __future__ import annotations

import gc
import os
import pickle
import threading
from datetime import datetime, timezone

import pytest

import c1z


def folders(tmp_path) -> list[str]:
    return [name for _, names, _ in os.walk(tmp_path) for name in names]


def test_a_store_says_what_it_is(example, tmp_path):
    with c1z.open(example, tmp_dir=tmp_path) as store:
        info = store.info()
        assert (info.engine, info.format, info.payload_encoding) == ("rocksdb", "v3", "indexed_zstd")
        assert info.path == str(example)
        assert info.read_only and not info.dirty
        assert info.database_path.startswith(str(tmp_path))
        assert store.stats().grants == 364
        (run,) = store.syncs()
        assert run.sync_type == "full"
        assert run.started_at == datetime(2026, 11, 30, 14, 14, 36, 915417, tzinfo=timezone.utc)
        assert run.stats.resources_by_resource_type == {"group": 47, "role": 4, "user": 142}
    assert folders(tmp_path) == []


def test_the_package_and_its_library_have_one_version():
    assert c1z.__version__ == c1z.library_version()


def test_an_error_has_code_and_reason_and_names_the_file(tmp_path):
    with pytest.raises(c1z.Error) as raised:
        c1z.open(tmp_path / "absent.c1z")
    error = raised.value
    assert (error.code, error.reason) == (c1z.Code.NOT_FOUND, "NOT_FOUND")
    assert "absent.c1z" in error.message
    assert str(error).startswith("NOT_FOUND: ")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_path_need_not_be_utf_8(example, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.c1z"
    with open(path, "wb") as copy:
        copy.write(example.read_bytes())
    with c1z.open(path) as store:
        assert store.stats().grants == 364
    assert c1z.info(os.fsdecode(path)).engine == "rocksdb"


def test_a_closed_store_refuses_calls_and_closes_again(example):
    store = c1z.open(example)
    store.close()
    store.close()
    with pytest.raises(c1z.Error) as raised:
        store.info()
    assert raised.value.reason == "CLOSED"


def test_a_store_that_nobody_closes_leaves_no_folder(example, tmp_path):
    store = c1z.open(example, tmp_dir=tmp_path)
    assert folders(tmp_path)
    del store
    gc.collect()
    assert folders(tmp_path) == []


def test_a_sync_is_chosen_by_its_id(example):
    with c1z.open(example) as store:
        (run,) = store.syncs()
    with c1z.open(example, sync=run.id) as store:
        assert store.info().current_sync_id == run.id
    with pytest.raises(c1z.Error) as raised:
        c1z.open(example, sync="0" * 27)
    assert raised.value.code == c1z.Code.NOT_FOUND


def test_a_file_of_format_v1_opens_where_that_is_asked_for(example_v1):
    with pytest.raises(c1z.Error) as raised:
        c1z.open(example_v1)
    assert raised.value.reason == "FORMAT_V1"
    with c1z.open(example_v1, convert_v1=True) as store:
        assert store.stats().grants == 364


def test_threads_share_a_store(example):
    failures = []

    def read(store):
        try:
            for _ in range(20):
                assert len(list(store.access("dana"))) == 4
        except BaseException as error:
            failures.append(error)

    with c1z.open(example) as store:
        threads = [threading.Thread(target=read, args=(store,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def test_a_table_has_one_of_the_names(example):
    with c1z.open(example) as store, pytest.raises(ValueError, match="resource_types"):
        store.table("users")
