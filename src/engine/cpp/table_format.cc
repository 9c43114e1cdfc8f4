// How SSTs are written and read.

#include <cstddef>
#include <memory>

#include "block_memory.h"
#include "rocksdb/cache.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "rocksdb_c.h"

namespace {

constexpr size_t kBlockSize = size_t{16} << 10;
constexpr int kFilterBitsPerKey = 10;

rocksdb::BlockBasedTableOptions Format(bool filter) {
  rocksdb::BlockBasedTableOptions format;
  format.block_size = kBlockSize;
  format.format_version = 5;
  if (filter) format.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  return format;
}

void Set(rocksdb_options_t* options, const rocksdb::BlockBasedTableOptions& format) {
  options->rep.table_factory.reset(rocksdb::NewBlockBasedTableFactory(format));
}

}  // namespace

// For a database: a cache of that many bytes holds blocks and all else that is known of its SSTs, so that memory does not
// grow with them.
extern "C" void c1z_set_cached_tables(rocksdb_options_t* options, size_t cache_bytes) {
  rocksdb::BlockBasedTableOptions format = Format(true);
  rocksdb::LRUCacheOptions cache;
  cache.capacity = cache_bytes;
  cache.memory_allocator = std::make_shared<BlockMemory>(kBlockSize, cache_bytes);
  format.block_cache = cache.MakeSharedCache();
  format.cache_index_and_filter_blocks = true;
  format.pin_l0_filter_and_index_blocks_in_cache = true;
  Set(options, format);
}

// For SSTs that are written and not read.
extern "C" void c1z_set_written_tables(rocksdb_options_t* options, bool filter) {
  rocksdb::BlockBasedTableOptions format = Format(filter);
  format.no_block_cache = true;
  Set(options, format);
}
