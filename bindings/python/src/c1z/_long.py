"""Calls that take long: they tell of their progress, and Ctrl-C stops them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from c1z import _library
from c1z.errors import Error

T = TypeVar("T")
Progress = Callable[[int, int], object]


def long(call: Callable[[_library.Control], T], progress: Progress | None = None) -> T:
    """Makes a call with a control. An exception that `progress` raises stops the call, and is raised here.

    Python handles signals between two steps of the main thread, and a call of the library is one step. So the main thread
    leaves the call to another and waits, which a signal interrupts. `progress` is then called on that other thread.
    """
    cancel = _library.Cancel()
    raised: list[BaseException] = []

    def tell(done: int, total: int) -> None:
        if raised or progress is None:
            return
        try:
            progress(done, total)
        except BaseException as error:  # whatever it is, it may not go through the library
            raised.append(error)
            cancel.set()

    control = _library.control(cancel, None if progress is None else tell)

    def run() -> T:
        try:
            result = call(control)
        except Error:
            if not raised:
                raise
        if raised:
            raise raised[0]
        return result

    return _beside(run, cancel) if threading.current_thread() is threading.main_thread() else run()


def _beside(run: Callable[[], T], cancel: _library.Cancel) -> T:
    results: list[T] = []
    failures: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        try:
            results.append(run())
        except BaseException as error:
            failures.append(error)
        finally:
            ended.set()

    try:
        threading.Thread(target=work, name="c1z").start()
    except RuntimeError:  # the interpreter ends and takes no more threads
        return run()
    # Not Thread.join: one that a signal interrupts takes the thread for ended.
    interrupt: BaseException | None = None
    while not ended.is_set():
        try:
            ended.wait()
        except BaseException as error:
            interrupt = interrupt or error
            cancel.set()
    if interrupt is not None:
        raise interrupt
    if failures:
        raise failures[0]
    return results[0]
