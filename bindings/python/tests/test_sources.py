"""Files that are read where they lie, by an object of the host."""

from __future__ import annotations

import gc
import io
import threading
import weakref

import fsspec
import pyarrow
import pytest

import c1z


class Ranges:
    """Bytes with a count of the reads; `fail` raises in the place of a read, `short` leaves bytes out, `long` adds some."""

    def __init__(self, data: bytes) -> None:
        self.data, self.reads = data, 0
        self.size, self.identity, self.fail = len(data), "first", None
        self.short = self.long = 0
        self.name = "bucket/file.c1z"

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads += 1
        if self.fail is not None:
            raise self.fail
        return self.data[offset : offset + length - self.short] + b"?" * self.long


@pytest.fixture
def ranges(example):
    return Ranges(example.read_bytes())


def rows(store):
    return {name: pyarrow.table(store.table(name)).to_pylist() for name in ("resources", "entitlements", "grants")}


def test_what_is_read_by_ranges_is_what_the_file_holds(example, ranges):
    with c1z.open(example) as store:
        expected, held = rows(store), list(store.access("dana"))
    with c1z.open(ranges) as store:
        assert rows(store) == expected
        assert list(store.access("dana")) == held
        assert "bucket/file.c1z" in repr(store)
    assert ranges.reads > 0
    with c1z.open(io.BytesIO(ranges.data)) as store, example.open("rb", buffering=0) as file, c1z.open(file) as raw:
        assert rows(store) == expected == rows(raw)


def test_files_of_fsspec_are_taken(ranges):
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/file.c1z", ranges.data)
    with memory.open("/bucket/file.c1z", "rb") as file, c1z.open(file) as store:
        assert len(pyarrow.table(store.grants)) == 364
        assert "/bucket/file.c1z" in repr(store)


def test_an_exception_of_a_read_is_the_cause_of_the_error(ranges):
    ranges.fail = ConnectionResetError("the bucket\0 is gone: " + "é" * 4000)
    with pytest.raises(c1z.Error) as raised:
        c1z.open(ranges)
    assert (raised.value.reason, raised.value.code) == ("SOURCE", c1z.Code.UNAVAILABLE)
    assert "ConnectionResetError: the bucket is gone" in raised.value.message
    assert "bucket/file.c1z" in raised.value.message
    assert raised.value.__cause__ is ranges.fail
    for fail, code in [(TimeoutError(), 4), (PermissionError(), 7), (c1z.Error(16, "X", "y"), 16), (ValueError(), 2)]:
        ranges.fail = fail
        with pytest.raises(c1z.Error) as raised:
            c1z.open(ranges)
        assert raised.value.code == code
    ranges.fail = None
    c1z.open(ranges).close()


def test_an_interrupt_in_a_read_is_raised_as_it_is(ranges):
    ranges.fail = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        c1z.open(ranges)


def test_too_little_and_too_much_are_errors(ranges):
    ranges.short = 1
    with pytest.raises(c1z.Error) as raised:
        c1z.open(ranges)
    assert raised.value.reason == "SOURCE"
    ranges.short, ranges.long = 0, 1
    with pytest.raises(c1z.Error, match="ValueError"):
        c1z.open(ranges)


def test_a_file_that_became_another_is_told(ranges):
    asked = []
    ranges.identity = lambda: asked.append(1) or b"always the same"
    c1z.open(ranges).close()
    ranges.identity = lambda: asked.append(1) or f"version {len(asked)}"
    with pytest.raises(c1z.Error) as raised:
        c1z.open(ranges)
    assert (raised.value.reason, raised.value.code) == ("SOURCE_CHANGED", c1z.Code.ABORTED)


def test_an_object_is_let_go_with_its_store(example):
    ranges = Ranges(example.read_bytes())
    gone = weakref.ref(ranges)
    store = c1z.open(ranges)
    del ranges
    gc.collect()
    assert gone() is not None
    assert len(pyarrow.table(store.grants)) == 364
    store.close()
    gc.collect()
    assert gone() is None


def test_what_cannot_be_read_is_refused_at_once(ranges):
    with pytest.raises(TypeError, match="no file"):
        c1z.open(object())
    ranges.size = -1
    with pytest.raises(ValueError, match="-1 bytes"):
        c1z.open(ranges)
    empty = Ranges(b"")
    with pytest.raises(c1z.Error):
        c1z.open(empty)
    with pytest.raises(c1z.Error, match="whole files"), c1z.open(Ranges(ranges.data)) as store:
        store.verify()


def test_threads_read_one_source_side_by_side(ranges):
    found = []
    with c1z.open(ranges) as store:
        threads = [threading.Thread(target=lambda: found.append(len(pyarrow.table(store.grants)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [364] * 8
