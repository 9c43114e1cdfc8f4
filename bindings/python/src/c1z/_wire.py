"""The protobuf wire format of frozen dataclasses: as much of it as requests and answers take.

A message is a dataclass whose fields were made by the functions below, which name the number and the type of each. Fields that a
class does not name are skipped. This is here instead of the package `protobuf` because generated code and its runtime have to be of
one version, and whoever reads files beside Spark or gRPC has a version of that already; `tests/test_messages.py` compares the
classes with the .proto files.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

M = TypeVar("M")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Malformed(ValueError):
    """Bytes that are no message."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """How one value of a field is written."""

    name: str
    wire_type: int
    encode: Callable[[Any], bytes]
    decode: Callable[[Any], Any]


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _time(message: bytes) -> datetime:
    seconds = nanos = 0
    for number, value in fields_of(message):
        if number == 1:
            seconds = _checked(INT64, value, "seconds")
        elif number == 2:
            nanos = _checked(INT64, value, "nanos")
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise Malformed(f"a time of {seconds} seconds since 1970, which no date has") from None


# What is not UTF-8 comes back byte for byte when it is encoded again.
STRING = Kind(
    "string",
    _BYTES,
    lambda text: text.encode("utf-8", "surrogateescape"),
    lambda data: data.decode("utf-8", "surrogateescape"),
)
RAW = Kind("bytes", _BYTES, bytes, bytes)
BOOL = Kind("bool", _VARINT, lambda value: _varint(int(value)), bool)
INT64 = Kind("int64", _VARINT, _varint, _signed)
UINT64 = Kind("uint64", _VARINT, _varint, int)
UINT32 = Kind("uint32", _VARINT, _varint, lambda value: value & 0xFFFFFFFF)


def _no_time(_: datetime) -> bytes:
    raise NotImplementedError("no request holds a time")


TIME = Kind("google.protobuf.Timestamp", _BYTES, _no_time, _time)


def enum(name: str, values: tuple[str, ...] | Mapping[int, str]) -> Kind:
    """Numbers that are shown as words, and as digits where there is no word for one."""
    words = dict(enumerate(values)) if isinstance(values, tuple) else dict(values)
    numbers = {word: number for number, word in words.items()}
    return Kind(name, _VARINT, lambda word: _varint(numbers[word]), lambda number: words.get(number, str(number)))


def message(cls: type) -> Kind:
    """Another message."""
    return Kind(cls.__name__, _BYTES, encode, functools.partial(decode, cls))


def _field(number: int, kind: Kind, **more: Any) -> Any:
    default = more.pop("default")
    return dataclasses.field(default=default, metadata={"number": number, "kind": kind, **more})


def text(number: int) -> Any:
    """A string."""
    return _field(number, STRING, default="")


def raw(number: int) -> Any:
    """Bytes."""
    return _field(number, RAW, default=b"")


def flag(number: int) -> Any:
    """A bool."""
    return _field(number, BOOL, default=False)


def whole(number: int, kind: Kind = INT64) -> Any:
    """A whole number."""
    return _field(number, kind, default=0)


def time(number: int) -> Any:
    """A time, in UTC; nanoseconds are cut to microseconds."""
    return _field(number, TIME, default=None)


def word(number: int, kind: Kind) -> Any:
    """An enum."""
    return _field(number, kind, default=kind.decode(0))


def one(number: int, cls: type) -> Any:
    """A message, or None."""
    return _field(number, message(cls), default=None)


def many(number: int, what: Kind | type) -> Any:
    """Any number of values."""
    return _field(number, what if isinstance(what, Kind) else message(what), default=(), many=True)


def mapping(number: int, values: Kind | type) -> Any:
    """A map from strings, as a dict that nobody should change."""
    kind = values if isinstance(values, Kind) else message(values)

    def entry(data: bytes) -> tuple[str, Any]:
        key, value = "", kind.decode(b"" if kind.wire_type == _BYTES else 0)
        for part, got in fields_of(data):
            if part == 1:
                key = _checked(STRING, got, "key")
            elif part == 2:
                value = _checked(kind, got, "value")
        return key, value

    def entry_bytes(item: tuple[str, Any]) -> bytes:
        return _tagged(1, STRING, item[0]) + _tagged(2, kind, item[1])

    return dataclasses.field(
        default_factory=dict,
        metadata={"number": number, "kind": Kind(f"map<string, {kind.name}>", _BYTES, entry_bytes, entry), "map": True},
    )


def encode(request: Any) -> bytes:
    """The bytes of a message. What has its default is left out."""
    out = bytearray()
    for field in dataclasses.fields(request):
        value = getattr(request, field.name)
        if field.metadata.get("map"):
            items = value.items()
        elif field.metadata.get("many"):
            items = value
        else:
            items = () if value == field.default else (value,)
        for item in items:
            out += _tagged(field.metadata["number"], field.metadata["kind"], item)
    return bytes(out)


def _tagged(number: int, kind: Kind, value: Any) -> bytes:
    data = kind.encode(value)
    size = _varint(len(data)) if kind.wire_type == _BYTES else b""
    return _varint(number << 3 | kind.wire_type) + size + data


_numbered: dict[type, dict[int, dataclasses.Field[Any]]] = {}


def _by_number(cls: Any) -> dict[int, dataclasses.Field[Any]]:
    if cls not in _numbered:
        _numbered[cls] = {field.metadata["number"]: field for field in dataclasses.fields(cls)}
    return _numbered[cls]


def decode(cls: type[M], data: bytes) -> M:
    """The message that the bytes are. Raises Malformed where they are none."""
    known = _by_number(cls)
    values: dict[str, Any] = {}
    for number, got in fields_of(data):
        field = known.get(number)
        if field is None:
            continue
        kind = field.metadata["kind"]
        if kind.wire_type == _VARINT and isinstance(got, bytes) and field.metadata.get("many"):
            values.setdefault(field.name, []).extend(kind.decode(value) for value in _packed(got))
            continue
        value = _checked(kind, got, f"{cls.__name__}.{field.name}")
        if field.metadata.get("map"):
            values.setdefault(field.name, {}).update([value])
        elif field.metadata.get("many"):
            values.setdefault(field.name, []).append(value)
        else:
            values[field.name] = value
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return cls(**values)


def _checked(kind: Kind, got: int | bytes, name: str) -> Any:
    if isinstance(got, bytes) != (kind.wire_type == _BYTES):
        raise Malformed(f"{name} is not a {kind.name}")
    return kind.decode(got)


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _read_varint(data, at)
        yield value


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a number that does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7


def fields_of(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field, in the order of the bytes: a whole number, or bytes."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        value: int | bytes
        if wire_type == _VARINT:
            value, at = _read_varint(data, at)
        elif wire_type == _BYTES:
            size, at = _read_varint(data, at)
            if size > len(data) - at:
                raise Malformed(f"field {number} ends behind its message")
            value, at = data[at : at + size], at + size
        elif wire_type in (_FIXED64, _FIXED32):
            size, form = (8, "<Q") if wire_type == _FIXED64 else (4, "<I")
            if size > len(data) - at:
                raise Malformed(f"field {number} ends behind its message")
            (value,) = struct.unpack_from(form, data, at)
            at += size
        else:
            raise Malformed(f"field {number} has the wire type {wire_type}")
        yield number, value
