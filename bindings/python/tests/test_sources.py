"""Files that stay where they are: read by objects, for the library."""

from __future__ import annotations

import gc
import io
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import weakref

import duckdb
import fleet
import fsspec
import nanoarrow
import polars
import pyarrow as pa
import pytest
from test_processes import run

import c1z

GRANTS = 40_000


class Reader:
    """A file in memory that counts what is read of it and fails as it is told."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []
        self.threads: set[int] = set()
        self.failure: BaseException | None = None

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        self.threads.add(threading.get_ident())
        if self.failure is not None:
            raise self.failure
        return self.data[offset : offset + length]


class Bytes(io.BytesIO):
    """One that can have attributes, and references that do not count."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file of several tables, which does not compress well."""
    path = tmp_path_factory.mktemp("source") / "file.c1z"
    ids = random.Random(1)
    people = [fleet.resource("user", f"person-{number}") for number in range(1000)]
    groups = [fleet.resource("group", f"group-{number}") for number in range(GRANTS // 1000)]
    members = [fleet.entitlement(group, f"group:{group.id.resource}:member") for group in groups]
    grants = [
        c1z.records.Grant(member, c1z.records.Resource(id=person.id), ids.randbytes(200).hex())
        for member in members
        for person in people
    ]
    with fleet.Writer(path) as writer:
        writer.sync(types=fleet.TYPES, resources=[*people, *groups], entitlements=members, grants=grants)
    return path


@pytest.fixture(scope="module")
def data(path):
    return path.read_bytes()


def count(store):
    return pa.table(store.grants.select("grant_id")).num_rows


def held(store):
    """Reads one key of each table, in a call of the package."""
    return len(list(store.access("person-7", resource_type="user")))


def test_opening_reads_both_ends_and_a_call_what_it_needs(data):
    reader = Reader(data)
    with c1z.open(reader) as store:
        assert len(reader.reads) < 6
        assert sum(length for _, length in reader.reads) < len(data) / 4
        assert store.info().read_only
        assert store.info().path == "<Reader>"
        assert repr(store) == "<c1z.Store '<Reader>'>"
        assert count(store) == GRANTS
        assert held(store) == GRANTS // 1000
    assert all(offset + length <= len(data) for offset, length in reader.reads)


def test_what_is_kept_locally_has_a_limit(data, tmp_path):
    reader = Reader(data)
    with c1z.open(reader, tmp_dir=tmp_path, max_local_bytes=1) as store:
        assert count(store) == GRANTS
        read = len(reader.reads)
        assert count(store) == GRANTS
        assert len(reader.reads) > read
    assert os.listdir(tmp_path) == []


class Raw(io.RawIOBase):
    """Gives less than it is asked for."""

    def __init__(self, data: bytes) -> None:
        self.inner = io.BytesIO(data)

    def seekable(self):
        return True

    def seek(self, offset, whence=0):
        return self.inner.seek(offset, whence)

    def tell(self):
        return self.inner.tell()

    def read(self, length=-1):
        return self.inner.read(min(length, 10_000))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda path: io.BytesIO(path.read_bytes()),
        lambda path: open(path, "rb"),  # noqa: SIM115
        lambda path: open(path, "rb", buffering=0),  # noqa: SIM115
        lambda path: Raw(path.read_bytes()),
        lambda path: pa.BufferReader(path.read_bytes()),
        lambda path: pa.OSFile(str(path)),
        lambda path: pa.PythonFile(io.BytesIO(path.read_bytes()), mode="r"),
    ],
    ids=["BytesIO", "open", "unbuffered", "short reads", "BufferReader", "OSFile", "PythonFile"],
)
def test_files_of_all_kinds_are_read_and_left_open(path, wrap):
    file = wrap(path)
    with c1z.open(file) as store:
        assert count(store) == GRANTS
        assert held(store) == GRANTS // 1000
    assert not file.closed
    with c1z.open(file) as store:
        assert count(store) == GRANTS
    file.close()


@pytest.mark.parametrize("kind", [bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_a_reader_gives_any_buffer(data, kind):
    class Other(Reader):
        def read_at(self, offset, length):
            return kind(super().read_at(offset, length))

        def size(self):
            return len(data)

    other = Other.__new__(Other)
    other.data, other.reads, other.threads, other.failure = data, [], set(), None
    with c1z.open(other) as store:
        assert count(store) == GRANTS


def test_files_of_fsspec_are_read_and_watched(data):
    memory = fsspec.filesystem("memory", global_store=False, skip_instance_cache=True)
    memory.pipe("/bucket/file.c1z", data)
    with memory.open("/bucket/file.c1z") as file, c1z.open(file) as store:
        assert store.info().path == "/bucket/file.c1z"
        memory.pipe("/bucket/file.c1z", data)
        with pytest.raises(c1z.Error, match="another") as raised:
            held(store)
        assert (raised.value.code, raised.value.reason) == (c1z.Code.ABORTED, "SOURCE_CHANGED")


def test_a_file_that_is_written_to_is_another(path, tmp_path):
    copy = tmp_path / "copy.c1z"
    copy.write_bytes(path.read_bytes())
    with open(copy, "rb") as file, c1z.open(file) as store:
        os.utime(copy, (1, 1))
        with pytest.raises(c1z.Error) as raised:
            held(store)
        assert raised.value.reason == "SOURCE_CHANGED"
        assert "copy.c1z" in raised.value.message


@pytest.mark.parametrize("name", ["identity", "etag", "mtime"])
@pytest.mark.parametrize("method", [False, True], ids=["value", "method"])
def test_another_identity_is_another_file(data, name, method):
    identities = ["first"]
    reader = Reader(data)

    def set_to(identity):
        identities[0] = identity
        setattr(reader, name, (lambda: identities[0]) if method else identity)

    set_to("first")
    with c1z.open(reader) as store:
        set_to("second")
        with pytest.raises(c1z.Error) as raised:
            held(store)
        assert raised.value.reason == "SOURCE_CHANGED"
        assert raised.value.__cause__ is not None
        set_to("first")
        assert held(store) == GRANTS // 1000


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        (RuntimeError("no route to the bucket"), c1z.Code.UNKNOWN, "SOURCE"),
        (PermissionError(13, "no"), c1z.Code.PERMISSION_DENIED, "SOURCE"),
        (TimeoutError("late"), c1z.Code.DEADLINE_EXCEEDED, "SOURCE"),
        (ConnectionResetError("gone"), c1z.Code.UNAVAILABLE, "SOURCE"),
        (c1z.Error(c1z.Code.UNAUTHENTICATED, "MINE", "who are you"), c1z.Code.UNAUTHENTICATED, "SOURCE"),
        (c1z.Error(c1z.Code.ABORTED, "MINE", "412"), c1z.Code.ABORTED, "SOURCE_CHANGED"),
        (c1z.Error(c1z.Code.OK, "MINE", "nothing is wrong"), c1z.Code.UNKNOWN, "SOURCE"),
        (ValueError("a\0b\udcff\n" + "long " * 1000), c1z.Code.UNKNOWN, "SOURCE"),
        (StopIteration(), c1z.Code.UNKNOWN, "SOURCE"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_an_object_raises_is_why_a_call_fails(data, failure, code, reason):
    reader = Reader(data)
    with c1z.open(reader) as store:
        reader.failure = failure
        with pytest.raises(c1z.Error) as raised:
            held(store)
        assert (raised.value.code, raised.value.reason) == (code, reason)
        assert raised.value.__cause__ is failure
        assert "<Reader>" in raised.value.message
        reader.failure = None
        assert held(store) == GRANTS // 1000, "the next call reads again"
    reader.failure = failure
    with pytest.raises(c1z.Error) as raised:
        c1z.open(reader)
    assert (raised.value.code, raised.value.reason) == (code, reason)
    assert raised.value.__cause__ is failure


def test_an_exception_whose_text_cannot_be_made_is_named(data):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    reader = Reader(data)
    reader.failure = Mute()
    with pytest.raises(c1z.Error, match="Mute") as raised:
        c1z.open(reader)
    assert raised.value.__cause__ is reader.failure


@pytest.mark.parametrize("given", [b"", b"too little", "text", None, 7], ids=repr)
def test_what_is_not_the_bytes_is_a_failure(data, given):
    reader = Reader(data)
    reader.read_at = lambda offset, length: given
    with pytest.raises(c1z.Error) as raised:
        c1z.open(reader)
    assert raised.value.reason == "SOURCE"
    assert isinstance(raised.value.__cause__, EOFError if isinstance(given, bytes) else TypeError)


def test_more_than_the_bytes_is_a_failure(data):
    reader = Reader(data)
    reader.read_at = lambda offset, length: data
    with pytest.raises(c1z.Error) as raised:
        c1z.open(reader)
    assert raised.value.reason == "SOURCE"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_failure_comes_out_as_it_is(data, kind):
    reader = Reader(data)
    with c1z.open(reader) as store:
        reader.failure = kind()
        with pytest.raises(kind) as raised:
            held(store)
        assert raised.value is reader.failure
        reader.failure = None
        assert held(store) == GRANTS // 1000
        reader.failure = kind()
    with pytest.raises(kind):
        c1z.open(reader)


def test_what_is_no_file_is_refused(data, example_v1):
    with pytest.raises(TypeError, match="int"):
        c1z.open(7)
    with pytest.raises(c1z.Error) as raised:
        c1z.open(io.StringIO("text"))
    assert isinstance(raised.value.__cause__, TypeError)
    with pytest.raises(c1z.Error) as raised:
        c1z.open(io.BytesIO(b"no file that anybody would take for a snapshot"))
    assert raised.value.reason == "NOT_C1Z"
    with pytest.raises(c1z.Error) as raised:
        c1z.open(io.BytesIO())
    assert raised.value.reason == "NOT_C1Z"
    with pytest.raises(c1z.Error) as raised:
        c1z.open(io.BytesIO(example_v1.read_bytes()), convert_v1=True)
    assert raised.value.reason == "FORMAT_V1"
    reader = Reader(data)
    for size, kind in ((-1, ValueError), (1 << 64, ValueError), (None, TypeError)):
        reader.size = size
        with pytest.raises(kind, match="size"):
            c1z.open(reader)


def test_only_what_has_a_path_is_verified(example):
    with c1z.open(io.BytesIO(example.read_bytes())) as store, pytest.raises(c1z.Error) as raised:
        store.verify()
    assert raised.value.code == c1z.Code.UNIMPLEMENTED


def test_a_sync_is_chosen_and_progress_is_taken(example):
    data = example.read_bytes()
    with c1z.open(example) as store:
        (run,) = store.syncs()
    with c1z.open(io.BytesIO(data), sync=run.id, progress=lambda done, total: None) as store:
        assert store.stats().grants == 364
    reader = Reader(data)
    gone = weakref.ref(reader)
    with pytest.raises(c1z.Error) as raised:
        c1z.open(reader, sync="0" * 27)
    assert raised.value.code == c1z.Code.NOT_FOUND
    del reader, raised  # its traceback has the object
    gc.collect()
    assert gone() is None


def test_an_object_is_let_go_when_its_store_is_closed(data):
    reader = Reader(data)
    gone = weakref.ref(reader)
    store = c1z.open(reader)
    del reader
    gc.collect()
    assert held(store) == GRANTS // 1000
    walk = pa.RecordBatchReader.from_stream(store.grants.select("grant_id"))
    walk.read_next_batch()
    store.close()
    assert gone() is None
    store.close()
    with pytest.raises(c1z.Error) as raised:
        store.info()
    assert raised.value.reason == "CLOSED"
    with pytest.raises(pa.ArrowException, match="CLOSED"):
        walk.read_next_batch()


def test_an_object_is_let_go_with_a_store_that_nobody_closes(data, tmp_path):
    reader = Reader(data)
    gone = weakref.ref(reader)
    store = c1z.open(reader, tmp_dir=tmp_path)
    table = store.grants
    del reader, store
    assert pa.table(table.select("grant_id")).num_rows == GRANTS
    del table
    gc.collect()
    assert gone() is None
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("progress", [None, lambda done, total: None], ids=["here", "beside"])
def test_an_object_is_let_go_when_its_file_does_not_open(data, progress):
    for bad in (data[:-1], b"not one", b""):
        reader = Reader(bad)
        gone = weakref.ref(reader)
        with pytest.raises(c1z.Error):
            c1z.open(reader, progress=progress)
        del reader
        gc.collect()
        assert gone() is None
    reader = Reader(data)
    gone = weakref.ref(reader)
    reader.failure = OSError("no")
    with pytest.raises(c1z.Error):
        c1z.open(reader, progress=progress)
    del reader
    gc.collect()
    assert gone() is None


def test_an_object_that_is_closed_under_a_store_fails_its_calls(data):
    file = Bytes(data)
    with c1z.open(file) as store:
        file.close()
        with pytest.raises(c1z.Error) as raised:
            held(store)
        assert isinstance(raised.value.__cause__, ValueError)


def test_every_consumer_reads_tables_of_a_source(data):
    """Some of them have the GIL while they ask for a batch, which the library's threads need to read ahead."""
    for count_rows in (
        lambda table: pa.table(table).num_rows,
        lambda table: polars.DataFrame(table).height,
        lambda table: nanoarrow.Array(nanoarrow.ArrayStream(table).read_all()).__len__(),
        lambda table: duckdb.from_arrow(table).aggregate("count(*)").fetchall()[0][0],
    ):
        with c1z.open(Reader(data), threads=4, memory_budget_bytes=16 << 20) as store:
            assert count_rows(store.grants) == GRANTS
            parts = [count_rows(store.grants.part(part, 3)) for part in range(3)]
            assert sum(parts) == GRANTS


def test_a_walk_fails_with_what_the_object_raised_and_goes_on(data):
    reader = Reader(data)
    with c1z.open(reader) as store:
        reader.failure = RuntimeError("no route to the bucket")
        with pytest.raises(OSError, match=r"SOURCE.*no route to the bucket"):
            count(store)
        with pytest.raises(BaseException, match="no route to the bucket"):
            polars.DataFrame(store.grants)
        reader.failure = None
        assert count(store) == GRANTS


@pytest.mark.parametrize("kind", [Reader, Bytes])
def test_threads_share_a_source(data, kind):
    counts, failures = [], []

    def read(store):
        try:
            counts.append(count(store))
            counts.append(polars.DataFrame(store.grants.select("grant_id")).height)
            assert held(store) == GRANTS // 1000
        except BaseException as error:
            failures.append(error)

    with c1z.open(kind(data), threads=4, max_local_bytes=4 << 20, memory_budget_bytes=8 << 20) as store:
        threads = [threading.Thread(target=read, args=(store,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert counts == [GRANTS] * 16


# Each of these would wait for itself without end, so they are programs.
WAITING = """
    import ctypes, os, sys, threading, time, c1z, pyarrow as pa
    from c1z import _library

    data = open(sys.argv[1], "rb").read()
    threading.excepthook = lambda failed: os._exit(3)

    class Reader:
        size = len(data)
        within = None

        def read_at(self, offset, length):
            if self.within is not None:
                self.within()
            return data[offset : offset + length]

    reader = Reader()
"""


def waits_for_nobody(program, path, tmp_path):
    done = run(textwrap.dedent(WAITING) + textwrap.dedent(program), path, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(tmp_path) == []


def test_who_has_the_gil_waits_for_no_other_read(path, tmp_path):
    waits_for_nobody(
        """
        get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
        get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        with c1z.open(reader, tmp_dir=sys.argv[2], threads=1) as store:
            capsule = store.grants.__arrow_c_stream__()
            stream = get_pointer(capsule, b"arrow_array_stream")
            # A function that is called with the GIL.
            get_next = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(
                _library.ArrowArrayStream.from_address(stream).get_next
            )
            reading = threading.Event()

            def within():
                reading.set()
                time.sleep(0.5)

            reader.within = within
            other = threading.Thread(target=lambda: pa.table(store.grants))
            other.start()
            reading.wait()
            batch = (ctypes.c_byte * 80)()
            assert get_next(stream, ctypes.addressof(batch)) == 0
            pa.RecordBatch._import_from_c(
                ctypes.addressof(batch), pa.RecordBatchReader.from_stream(store.grants).schema
            )
            other.join()
        """,
        path,
        tmp_path,
    )


def test_a_walk_that_goes_in_a_read_waits_for_no_call(path, tmp_path):
    waits_for_nobody(
        """
        store = c1z.open(reader, tmp_dir=sys.argv[2], threads=1)
        lost = [pa.RecordBatchReader.from_stream(store.resources), store.resources.__arrow_c_stream__()]
        lost[0].read_next_batch()
        closing = threading.Thread(target=store.close)

        def within():
            if lost:
                closing.start()
                time.sleep(0.5)
                lost.clear()

        reader.within = within
        pa.RecordBatchReader.from_stream(store.grants).read_next_batch()
        closing.join()
        """,
        path,
        tmp_path,
    )


def test_a_store_that_goes_in_a_read_waits_for_no_call(path, tmp_path):
    waits_for_nobody(
        """
        lost = [c1z.open(reader, tmp_dir=sys.argv[2], threads=4, memory_budget_bytes=16 << 20)]
        walk = pa.RecordBatchReader.from_stream(lost[0].grants)
        main, ahead = threading.get_ident(), []

        def within():
            # On a thread of the library's, which closing the store waits for.
            if threading.get_ident() != main:
                ahead.append(True)
                lost.clear()

        reader.within = within
        try:
            for _ in walk:
                pass
        except pa.ArrowException as error:
            assert "CLOSED" in str(error)
        assert ahead and not lost
        del walk
        """,
        path,
        tmp_path,
    )


OPENING = """
    import os, signal, sys, threading, time, c1z, pyarrow as pa
    data = open(sys.argv[1], "rb").read()

    class Slow:
        size = len(data)
        slow = sys.argv[3] == "open"

        def read_at(self, offset, length):
            if self.slow:
                print("begun", flush=True)
                time.sleep(60)
            return data[offset : offset + length]

    reader = Slow()
    try:
        with c1z.open(reader, tmp_dir=sys.argv[2]) as store:
            reader.slow = True
            list(store.access("person-7", resource_type="user")) if sys.argv[3] == "call" else pa.table(store.grants)
    except KeyboardInterrupt:
        sys.exit(7)
"""


@pytest.mark.parametrize("where", ["open", "call", "stream"])
def test_a_signal_ends_a_read_that_waits(path, tmp_path, where):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OPENING), path, tmp_path, where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (7, "")
    assert os.listdir(tmp_path) == []


def test_a_signal_between_reads_is_not_lost(path, tmp_path):
    """Python takes note of it on the way into the next read, before the first statement there."""
    done = run(
        """
        import signal, sys, c1z
        data = open(sys.argv[1], "rb").read()
        class Reader:
            size = len(data)

            def read_at(self, offset, length):
                return data[offset : offset + length]

        came = 0

        def interrupt(*_):
            global came
            came += 1
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, interrupt)
        caught = 0
        for nth in range(100):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0003 * (nth + 1))
                with c1z.open(Reader(), tmp_dir=sys.argv[2]) as store:
                    list(store.access("person-7", resource_type="user"))
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                caught += 1
        # One that comes in a finalizer is Python's to lose.
        assert came - 2 <= caught and came > 5, (caught, came)
        """,
        path,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == []


def test_the_interpreter_ends_while_daemon_threads_open_and_read_sources(path, tmp_path):
    done = run(
        """
        import io, sys, threading, time, c1z, polars, pyarrow as pa
        data = open(sys.argv[1], "rb").read()
        begun = threading.Barrier(5)

        class Reader:
            size = len(data)

            def read_at(self, offset, length):
                time.sleep(0.001)
                return data[offset : offset + length]

        def read():
            begun.wait()
            while True:
                try:
                    store = c1z.open(Reader(), tmp_dir=sys.argv[2], threads=4)
                    list(store.access("person-7", resource_type="user"))
                    pa.table(store.grants.select("grant_id"))
                except (c1z.Error, pa.ArrowException):
                    pass

        for _ in range(4):
            threading.Thread(target=read, daemon=True).start()
        begun.wait()
        time.sleep(0.3)
        """,
        path,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_reads_a_source_when_the_interpreter_ends_leaves_no_folder(path, tmp_path):
    done = run(
        """
        import sys, c1z, pyarrow as pa
        store = c1z.open(open(sys.argv[1], "rb"), tmp_dir=sys.argv[2], threads=4)
        walk = pa.RecordBatchReader.from_stream(store.grants)
        walk.read_next_batch()
        kept = [store.grants.__arrow_c_stream__(), walk]
        """,
        path,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(tmp_path) == []


def test_a_forked_process_leaves_a_source_to_its_parent(path):
    done = run(
        """
        import gc, os, sys, c1z, pyarrow as pa
        store = c1z.open(open(sys.argv[1], "rb"), threads=4)
        pa.RecordBatchReader.from_stream(store.grants).read_next_batch()
        child = os.fork()
        if child == 0:
            try:
                store.info()
            except c1z.Error as error:
                if error.reason != "FORKED":
                    os._exit(1)
                del store, error
                gc.collect()
                os._exit(7)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert pa.table(store.grants).num_rows == 40_000
        store.close()
        """,
        path,
    )
    assert (done.returncode, done.stderr) == (0, "")
