"""The classes of messages against the .proto files."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from pathlib import Path

import pytest
from conftest import ROOT

import c1z.records
import c1z.reports
from c1z import _enums, _requests, _wire

MODULES = (c1z.records, c1z.reports, _requests)
CLASSES = sorted(
    {
        cls
        for module in MODULES
        for cls in vars(module).values()
        if hasattr(cls, "_proto") and dataclasses.is_dataclass(cls)
    },
    key=lambda cls: cls.__name__,
)
BY_CLASS = {cls.__name__: cls._proto.rsplit(".", 1)[-1] for cls in CLASSES}
FIELD = re.compile(r"^(repeated |optional )?(map<\s*string,\s*[\w.]+>|[\w.]+) (\w+) = (\d+)")
WELL_KNOWN = {"google.protobuf.Any": {1: (False, "string", "type_url"), 2: (False, "bytes", "value")}}


def messages() -> tuple[dict[str, dict[int, tuple[bool, str, str]]], dict[str, dict[int, str]]]:
    """The fields of every message and the values of every enum, by full name."""
    fields, enums = dict(WELL_KNOWN), {}
    for path in (ROOT / "proto").rglob("*.proto"):
        source = re.sub(r"//[^\n]*", "", path.read_text())
        stack = [re.search(r"package ([\w.]+);", source)[1]]
        kinds = ["package"]
        for statement in re.split(r"(?<=[;{}])", source):
            line = " ".join(statement.split())
            if opened := re.match(r"(message|enum|oneof|service) (\w+) \{", line):
                # The fields of a oneof are those of its message.
                stack.append(stack[-1] if opened[1] == "oneof" else f"{stack[-1]}.{opened[2]}")
                kinds.append("message" if opened[1] == "oneof" else opened[1])
                (enums if opened[1] == "enum" else fields).setdefault(stack[-1], {})
            elif line.endswith("}"):
                stack.pop()
                kinds.pop()
            elif line.endswith("{"):
                stack.append(stack[-1])
                kinds.append("other")
            elif kinds[-1] == "message" and (field := FIELD.match(line)):
                fields[stack[-1]][int(field[4])] = (field[1] == "repeated ", field[2], field[3])
            elif kinds[-1] == "enum" and (value := re.match(r"(\w+) = (\d+)", line)):
                enums[stack[-1]][int(value[2])] = value[1]
    return fields, enums


FIELDS, ENUMS = messages()


def last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_a_class_has_numbers_names_and_types_of_its_message(cls):
    of_message = FIELDS[cls._proto]
    for field in dataclasses.fields(cls):
        repeated, kind, name = of_message[field.metadata["number"]]
        assert name == field.name
        assert repeated == bool(field.metadata.get("many"))
        ours = field.metadata["kind"].name
        ours = re.sub(r"\w+(?=>?$)", lambda word: BY_CLASS.get(word[0], word[0]), last(ours))
        theirs = re.sub(r"[\w.]+(?=>?$)", lambda word: last(word[0]), kind)
        assert last(theirs) == ours, field.name


@pytest.mark.parametrize("name", [name for name in vars(_enums) if name.isupper()])
def test_an_enum_has_the_words_of_the_schema(name):
    kind = getattr(_enums, name)
    (values,) = [
        values for full, values in ENUMS.items() if full.endswith(f".{last(kind.name)}") and "UserTrait" not in full
    ]
    for number, word in values.items():
        assert word.lower().endswith(kind.decode(number)), word
        assert number == 0 or not kind.decode(number).isdigit()


def test_a_number_without_a_word_is_shown_by_its_digits():
    assert _enums.FAULT_KIND.decode(4711) == "4711"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_what_is_no_message_is_refused_and_nothing_else_happens(cls):
    # Every short text of these bytes, which hold tags of all wire types and lengths that lead behind the end.
    bytes_of_tags = [0x00, 0x05, 0x08, 0x0A, 0x0D, 0x0F, 0x12, 0x7F, 0x80, 0xFF]
    for one in bytes_of_tags:
        for two in bytes_of_tags:
            for three in bytes_of_tags:
                with contextlib.suppress(_wire.Malformed):
                    _wire.decode(cls, bytes([one, two, three]))


def test_numbers_of_all_sizes_come_back():
    for value in (0, 1, 127, 128, 2**32, 2**63 - 1, -1, -(2**63)):
        counts = c1z.reports.MergeCounts(output=value)
        assert _wire.decode(c1z.reports.MergeCounts, _wire.encode(counts)) == counts


def test_a_text_that_is_not_utf_8_comes_back():
    data = b"\x0a\x02\xff\xfe"
    decoded = _wire.decode(c1z.records.ResourceId, data)
    assert _wire.encode(decoded) == data


def test_a_time_that_no_date_has_is_refused():
    seconds = b"\x08" + _wire._varint(10**15)
    with pytest.raises(_wire.Malformed, match="no date"):
        _wire.decode(c1z.reports.SyncRun, b"\x12" + bytes([len(seconds)]) + seconds)


def test_there_are_as_many_classes_as_are_written():
    written = sum(
        path.read_text().count("_proto: ClassVar[str]") for path in (ROOT / "bindings/python/src/c1z").glob("*.py")
    )
    assert len(CLASSES) == written > 40
    assert all(Path(module.__file__).is_file() for module in MODULES)
