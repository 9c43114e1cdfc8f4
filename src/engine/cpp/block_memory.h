// Memory for the blocks of a block cache.

#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "rocksdb/memory_allocator.h"

// Blocks of about one size lie side by side in chunks of memory whose pages are there before they are touched. A block of
// its own from malloc costs four page faults and, in a thread that is not the main one, a system call: more than reading
// it from the page cache.
//
// Making a chunk takes several times as long as reading a block. So once there are some, RocksDB's background threads make
// more before the last is used up: a quarter of what there is, and a quarter of a mebibyte at most.
//
// Memory is kept for other blocks, until the cache is gone.
class BlockMemory : public rocksdb::MemoryAllocator, public std::enable_shared_from_this<BlockMemory> {
 public:
  explicit BlockMemory(size_t block_size);
  ~BlockMemory() override;

  const char* Name() const override { return "BlockMemory"; }

  void* Allocate(size_t size) override;
  void Deallocate(void* block) override;
  size_t UsableSize(void* block, size_t size) const override;

 private:
  // Whether blocks of that size lie in chunks. All others come from malloc.
  bool Fits(size_t size) const { return size > slot_ / 2 && size <= slot_; }
  char* NewChunk() const;
  bool Add(char* chunk);
  void MakeAhead(size_t chunks);
  bool Owns(char* block) const;

  const size_t slot_;
  const size_t chunk_;
  std::mutex mutex_;
  std::set<char*> chunks_;
  std::vector<char*> free_;
  bool making_ahead_ = false;
};
