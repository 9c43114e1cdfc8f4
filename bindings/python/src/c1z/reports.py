"""What calls on files and stores answer. Sizes are in bytes, counts are of records, times are in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from c1z import _enums
from c1z._wire import INT64, STRING, UINT32, UINT64, flag, many, mapping, one, raw, text, time, whole, word


@dataclass(frozen=True)
class SyncStats:
    """How many records a sync holds. What collecting them took is not here."""

    _proto: ClassVar[str] = "c1.reader.v2.SyncStats"
    resource_types: int = whole(1)
    resources: int = whole(2)
    entitlements: int = whole(3)
    grants: int = whole(4)
    resources_by_resource_type: Mapping[str, int] = mapping(5, INT64)
    grants_by_resource_type: Mapping[str, int] = mapping(6, INT64)
    entitlements_by_resource_type: Mapping[str, int] = mapping(7, INT64)
    assets: int = whole(8)


@dataclass(frozen=True)
class SyncRun:
    """One collection run, as an open store knows it. `ended_at` and `stats` are None while it is unfinished."""

    _proto: ClassVar[str] = "c1z.v1.SyncRun"
    id: str = text(1)
    started_at: datetime | None = time(2)
    ended_at: datetime | None = time(3)
    sync_token: str = text(4)
    sync_type: str = text(5)
    parent_sync_id: str = text(6)
    stats: SyncStats | None = one(7, SyncStats)
    supports_diff: bool = flag(100)
    compacted: bool = flag(101)


@dataclass(frozen=True)
class SummaryStats:
    """How many records a sync holds, as a file's manifest says."""

    _proto: ClassVar[str] = "c1.storage.v3.SyncStatsRecord"
    resource_types: int = whole(2)
    resources: int = whole(3)
    entitlements: int = whole(4)
    grants: int = whole(5)
    assets: int = whole(6)


@dataclass(frozen=True)
class SyncSummary:
    """One collection run, as a file's manifest names it."""

    _proto: ClassVar[str] = "c1.c1z.v3.SyncRunSummary"
    sync_id: str = text(1)
    type: str = word(2, _enums.SYNC_TYPE)
    started_at: datetime | None = time(3)
    ended_at: datetime | None = time(4)
    parent_sync_id: str = text(5)
    stats: SummaryStats | None = one(6, SummaryStats)
    compacted: bool = flag(7)


@dataclass(frozen=True)
class FileInfo:
    """What a file says of itself before its payload; nothing is unpacked for it.

    `format` is "v3", or "v1" for a SQLite database, of which little more is known. The first of `sync_runs` is the one that a reader
    is shown by default, if any has ended.
    """

    _proto: ClassVar[str] = "c1z.v1.FileHeader"
    format: str = text(1)
    engine: str = text(2)
    engine_schema_version: int = whole(3, UINT32)
    payload_encoding: str = word(4, _enums.PAYLOAD_ENCODING)
    file_size_bytes: int = whole(5, UINT64)
    manifest_sha256: bytes = raw(6)
    fold_dead_bytes: int = whole(7)
    sync_runs: tuple[SyncSummary, ...] = many(9, SyncSummary)


@dataclass(frozen=True)
class StoreInfo:
    """What is known of an open file without reading a record."""

    _proto: ClassVar[str] = "c1z.v1.GetMetadataResponse"
    engine: str = text(1)
    format: str = text(2)
    payload_encoding: str = word(3, _enums.PAYLOAD_ENCODING)
    path: str = text(4)
    read_only: bool = flag(5)
    dirty: bool = flag(6)
    current_sync_id: str = text(7)
    database_size_bytes: int = whole(8, UINT64)
    database_path: str = text(9)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a file. New kinds may come; an unknown one is damage of some other sort, and shown by its number."""

    _proto: ClassVar[str] = "c1z.v1.Fault"
    kind: str = word(1, _enums.FAULT_KIND)
    file: str = text(2)
    sync_id: str = text(3)
    keyspace: str = text(4)
    key_hex: str = text(5)
    key_elements: tuple[str, ...] = many(6, STRING)
    sentence: str = text(7)


@dataclass(frozen=True)
class VerifiedSync:
    """What was walked of one sync."""

    _proto: ClassVar[str] = "c1z.v1.VerifiedSync"
    sync_id: str = text(1)
    resource_types: int = whole(2, UINT64)
    resources: int = whole(3, UINT64)
    entitlements: int = whole(4, UINT64)
    grants: int = whole(5, UINT64)
    assets: int = whole(6, UINT64)
    index_entries: int = whole(7, UINT64)
    complete: bool = flag(8)


@dataclass(frozen=True)
class VerifyReport:
    """What a walk through a file has found. A sound file has no faults; `text` is all of this for people."""

    _proto: ClassVar[str] = "c1z.v1.VerifyReport"
    faults: tuple[Fault, ...] = many(1, Fault)
    truncated: bool = flag(2)
    engine: str = text(3)
    format: str = text(4)
    payload_encoding: str = word(5, _enums.PAYLOAD_ENCODING)
    payload_files: int = whole(6, UINT64)
    payload_bytes: int = whole(7, UINT64)
    database_walked: bool = flag(8)
    syncs: tuple[VerifiedSync, ...] = many(9, VerifiedSync)
    text: str = text(10)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass(frozen=True)
class MergeCounts:
    """What became of the records of one kind: of those in the result, how many the base lacked, had otherwise, or had already."""

    _proto: ClassVar[str] = "c1z.v1.MergeCounts"
    output: int = whole(1)
    added: int = whole(2)
    replaced: int = whole(3)
    carried: int = whole(4)


@dataclass(frozen=True)
class Merged:
    """The merged sync."""

    _proto: ClassVar[str] = "c1z.v1.MergeResponse"
    sync_id: str = text(1)
    sync_type: str = text(2)
    resource_types: MergeCounts | None = one(3, MergeCounts)
    resources: MergeCounts | None = one(4, MergeCounts)
    entitlements: MergeCounts | None = one(5, MergeCounts)
    grants: MergeCounts | None = one(6, MergeCounts)
    assets: MergeCounts | None = one(7, MergeCounts)


@dataclass(frozen=True)
class ConvertCounts:
    """What became of the rows of one kind: `merged` rows became one record with others, `skipped` ones could not be read."""

    _proto: ClassVar[str] = "c1z.v1.ConvertCounts"
    rows: int = whole(1)
    records: int = whole(2)
    merged: int = whole(3)
    skipped: int = whole(4)


@dataclass(frozen=True)
class ConvertedSync:
    """A sync that was converted."""

    _proto: ClassVar[str] = "c1z.v1.ConvertedSync"
    sync_id: str = text(1)
    sync_type: str = text(2)
    ended: bool = flag(3)
    resource_types: ConvertCounts | None = one(4, ConvertCounts)
    resources: ConvertCounts | None = one(5, ConvertCounts)
    entitlements: ConvertCounts | None = one(6, ConvertCounts)
    grants: ConvertCounts | None = one(7, ConvertCounts)
    assets: ConvertCounts | None = one(8, ConvertCounts)
    session_values: ConvertCounts | None = one(9, ConvertCounts)


@dataclass(frozen=True)
class Loss:
    """One kind of loss in one table of the input: how often, and the first cases in words for people."""

    _proto: ClassVar[str] = "c1z.v1.ConvertLoss"
    kind: str = word(1, _enums.LOSS_KIND)
    table: str = text(2)
    count: int = whole(3)
    examples: tuple[str, ...] = many(4, STRING)


@dataclass(frozen=True)
class Converted:
    """What came of a conversion; `losses` is empty if nothing was lost."""

    _proto: ClassVar[str] = "c1z.v1.ConvertFileResponse"
    syncs: tuple[ConvertedSync, ...] = many(1, ConvertedSync)
    losses: tuple[Loss, ...] = many(2, Loss)
