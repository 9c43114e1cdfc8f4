"""The words for the numbers of enums: as the .proto files have them, in lower case and without the prefix that each value has."""

from __future__ import annotations

from c1z._wire import enum

RECORD_KIND = enum("RecordKind", ("unspecified", "resource_type", "resource", "entitlement", "grant", "asset"))
CHANGE = enum("Change", ("unspecified", "added", "removed", "changed"))
UNREADABLE_ROWS = enum("UnreadableRows", ("unspecified", "fail", "skip"))
LOSS_KIND = enum(
    "LossKind",
    ("unspecified", "unreadable_row", "no_sync", "sync_type", "linked_sync", "verification", "table", "column"),
)
PAYLOAD_ENCODING = enum("c1.c1z.v3.PayloadEncoding", {0: "unspecified", 1: "tar_zstd", 2: "tar", 5: "indexed_zstd"})
REFERENCE_KIND = enum(
    "ReferenceKind",
    ("unspecified", "grant_resources", "entitlement_resources", "missing_entitlements", "missing_principals"),
)
FAULT_KIND = enum(
    "FaultKind",
    {
        0: "unspecified",
        1: "header",
        2: "manifest",
        3: "layout",
        4: "manifest_run_mismatch",
        10: "index",
        11: "frame_entry",
        12: "frame_overlap",
        13: "frame_undecodable",
        14: "frame_checksum",
        15: "tar",
        16: "payload_name",
        17: "file_missing",
        18: "file_unknown",
        20: "database",
        21: "table",
        22: "key_malformed",
        23: "keyspace_unknown",
        24: "slot_unmapped",
        25: "slot_shared",
        26: "next_slot",
        27: "run_invalid",
        28: "run_missing",
        29: "token_invalid",
        30: "stats_invalid",
        31: "stats_mismatch",
        40: "record_undecodable",
        41: "record_wrong_key",
        42: "record_incomplete",
        43: "record_without_index",
        44: "index_without_record",
        45: "index_stale",
        46: "index_value",
        47: "digest_mismatch",
    },
)
SYNC_TYPE = enum(
    "c1.storage.v3.SyncType",
    ("unspecified", "full", "partial", "resources_only", "partial_upserts", "partial_deletions"),
)
TABLE = enum("Table", ("unspecified", "syncs", "resource_types", "resources", "entitlements", "grants"))
