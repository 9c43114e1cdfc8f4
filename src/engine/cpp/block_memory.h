// Memory for the blocks of a block cache.

#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "rocksdb/memory_allocator.h"

// Blocks of about one size lie side by side in huge pages, where the system has any. A block of its own from malloc
// costs a system call and four page faults in a thread that is not the main one: more than reading it.
//
// Memory is kept for other blocks, until the cache is gone.
class BlockMemory : public rocksdb::MemoryAllocator {
 public:
  explicit BlockMemory(size_t block_size);

  const char* Name() const override { return "BlockMemory"; }

  void* Allocate(size_t size) override;
  void Deallocate(void* block) override;
  size_t UsableSize(void* block, size_t size) const override;

 private:
  static constexpr size_t kHugePage = size_t{2} << 20;

  struct Free {
    void operator()(void* memory) const;
  };

  // Whether blocks of that size lie in huge pages. All others come from malloc.
  bool Fits(size_t size) const { return size > slot_ / 2 && size <= slot_; }
  bool Grow();

  const size_t slot_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<void, Free>> pages_;
  std::set<const void*> starts_;  // of the pages
  std::vector<void*> free_;
};
