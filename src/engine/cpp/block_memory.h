// Memory for the blocks of a block cache.

#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "rocksdb/memory_allocator.h"

// Blocks of about one size lie side by side in one mapping, as large as the cache. The system backs it with memory in
// pieces, ahead of the blocks: a block of its own from malloc costs four page faults and, in a thread that is not the main
// one, a system call, as much as reading it from the page cache.
//
// What is backed is kept for other blocks until the cache is gone. Blocks that the mapping has no room for, or that are of
// another size, come from malloc.
class BlockMemory : public rocksdb::MemoryAllocator {
 public:
  // RocksDB adds a trailer to a block, and the last row may make it longer than it should be.
  BlockMemory(size_t block_size, size_t cache_size) : slot_(block_size + block_size / 32) {
    void* const memory =
        mmap(nullptr, cache_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return;
    mapping_ = static_cast<char*>(memory);
    size_ = cache_size;
  }

  ~BlockMemory() override {
    if (size_ > 0) munmap(mapping_, size_);
  }

  const char* Name() const override { return "BlockMemory"; }

  void* Allocate(size_t size) override {
    if (!Fits(size)) return ::operator new(size);
    std::unique_lock<std::mutex> lock(mutex_);
    if (free_ != nullptr) return std::exchange(free_, free_->next);
    if (slot_ > size_ - used_) return ::operator new(size);
    char* const block = mapping_ + used_;
    used_ += slot_;
    if (used_ > backed_) {
      char* const piece = mapping_ + backed_;
      const size_t bytes = std::min(std::clamp(backed_, kLeastPiece, kMostPiece), size_ - backed_);
      backed_ += bytes;
      lock.unlock();
#ifdef MADV_POPULATE_WRITE
      madvise(piece, bytes, MADV_POPULATE_WRITE);  // where it fails, pages come when they are touched
#endif
    }
    return block;
  }

  void Deallocate(void* block) override {
    if (reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(mapping_) >= size_) {
      ::operator delete(block);
      return;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    free_ = new (block) Free{free_};
  }

  // What the block counts for in the cache, and so against the memory budget.
  size_t UsableSize(void*, size_t size) const override { return Fits(size) ? slot_ : size; }

 private:
  // A block that nobody uses.
  struct Free {
    Free* next;
  };

  // What is backed at once: little for small databases, and never so much that somebody waits long for it. Both are
  // multiples of every size that pages have.
  static constexpr size_t kLeastPiece = size_t{64} << 10;
  static constexpr size_t kMostPiece = size_t{256} << 10;

  // Whether blocks of that size lie in the mapping.
  bool Fits(size_t size) const { return size > slot_ / 2 && size <= slot_; }

  const size_t slot_;
  char* mapping_ = nullptr;
  size_t size_ = 0;

  std::mutex mutex_;
  Free* free_ = nullptr;
  size_t used_ = 0;    // bytes of the mapping that were ever handed out
  size_t backed_ = 0;  // at least as many, but for the end of the mapping
};
