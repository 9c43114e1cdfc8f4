"""Signals, forks and the end of the interpreter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_forked_process_is_refused_and_the_parent_goes_on(example):
    done = run(
        """
        import os, sys, c1z
        store = c1z.open(sys.argv[1])
        child = os.fork()
        if child == 0:
            try:
                store.info()
            except c1z.Error as error:
                os._exit(7 if error.reason == "FORKED" else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert store.stats().grants == 364
        store.close()
        """,
        example,
    )
    assert done.returncode == 0, done.stderr


def test_spawned_processes_use_the_library_beside_their_parent(example, tmp_path):
    program = tmp_path / "spawned.py"
    program.write_text(
        textwrap.dedent(
            """
            import multiprocessing, sys, c1z

            def grants(path):
                with c1z.open(path) as store:
                    return store.stats().grants

            if __name__ == "__main__":
                with c1z.open(sys.argv[1]) as store, multiprocessing.get_context("spawn").Pool(2) as pool:
                    assert pool.map(grants, [sys.argv[1]] * 4) == [store.stats().grants] * 4
            """
        )
    )
    done = subprocess.run([sys.executable, program, example], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_open_when_the_interpreter_ends_leaves_no_folder(example, tmp_path):
    done = run(
        """
        import sys, c1z
        store = c1z.open(sys.argv[1], tmp_dir=sys.argv[2])
        comparison = c1z.compare(sys.argv[1], sys.argv[1], tmp_dir=sys.argv[2])
        """,
        example,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert os.listdir(tmp_path) == []


def test_the_interpreter_ends_while_daemon_threads_are_in_calls(example, tmp_path):
    done = run(
        """
        import sys, threading, time, c1z
        store = c1z.open(sys.argv[1], tmp_dir=sys.argv[2])
        begun = threading.Barrier(4)

        def read():
            begun.wait()
            while True:
                try:
                    list(store.access("dana"))
                    list(c1z.compare(sys.argv[1], sys.argv[1], tmp_dir=sys.argv[2]))
                except c1z.Error:
                    pass

        for _ in range(3):
            threading.Thread(target=read, daemon=True).start()
        begun.wait()
        time.sleep(0.2)
        """,
        example,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_signal_ends_a_long_call_and_leaves_no_folder(example, tmp_path):
    program = """
        import signal, sys, threading, c1z

        came = threading.Event()

        def interrupt(*_):
            came.set()
            raise KeyboardInterrupt

        def progress(done, total):
            if not came.is_set():
                print("begun", flush=True)
            came.wait()  # the call is in its middle until the signal comes

        signal.signal(signal.SIGINT, interrupt)
        try:
            c1z.verify(sys.argv[1], tmp_dir=sys.argv[2], progress=progress)
        except KeyboardInterrupt:
            sys.exit(7)
        """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), example, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 7
    assert os.listdir(tmp_path) == []
