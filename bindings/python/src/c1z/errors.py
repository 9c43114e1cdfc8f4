"""What a call raises that the library refuses."""

from __future__ import annotations

import enum


class Code(enum.IntEnum):
    """What kind of failure it is: gRPC's status codes."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class Error(Exception):
    """A call failed.

    `code` says what kind of failure it is, `reason` which one ("NOT_FOUND", "CORRUPTION", "CANCELLED"; the table is in c1z.h), and
    `message` what was the matter and with which file, field or key. Codes and reasons are stable, messages are for people.
    """

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(code, reason, message)
        self.code = Code(code) if code in Code._value2member_map_ else Code.UNKNOWN
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


class AmbiguousError(Error):
    """An id may be any of several. `hits` has what it may mean, up to twenty-one of them; a resource type decides."""

    def __init__(self, code: int, reason: str, message: str, hits: tuple[object, ...] = ()) -> None:
        super().__init__(code, reason, message)
        self.args = (code, reason, message, hits)
        self.hits = hits
