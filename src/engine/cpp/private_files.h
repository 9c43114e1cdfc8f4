// RocksDB's own file system, for files that are their owner's alone.

#pragma once

#include <memory>

#include "rocksdb/file_system.h"

// What lies below every database: creates files that nobody but their owner may read, whatever the process's umask, and
// none as one of the standard descriptors.
std::shared_ptr<rocksdb::FileSystem> PrivateFiles();
