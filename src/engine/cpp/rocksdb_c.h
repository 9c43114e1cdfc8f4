// The handles that RocksDB's C API passes around. It defines them in db/c.cc only.

#pragma once

#include "rocksdb/env.h"
#include "rocksdb/options.h"

struct rocksdb_env_t {
  rocksdb::Env* rep;
  bool is_default;
};

struct rocksdb_options_t {
  rocksdb::Options rep;
};
