#include "block_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

// RocksDB adds a trailer to a block, and the last row may make it longer than it should be.
BlockMemory::BlockMemory(size_t block_size) : slot_(block_size + block_size / 32) {}

void* BlockMemory::Allocate(size_t size) {
  if (!Fits(size)) return ::operator new(size);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (free_.empty() && !Grow()) return ::operator new(size);
  void* const block = free_.back();
  free_.pop_back();
  return block;
}

void BlockMemory::Deallocate(void* block) {
  const auto start = reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(block) & ~(kHugePage - 1));
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (starts_.count(start) > 0) {
      free_.push_back(block);
      return;
    }
  }
  ::operator delete(block);
}

// What the block counts for in the cache, and so against the memory budget.
size_t BlockMemory::UsableSize(void*, size_t size) const { return Fits(size) ? slot_ : size; }

bool BlockMemory::Grow() {
  void* memory = nullptr;
  if (posix_memalign(&memory, kHugePage, kHugePage) != 0) return false;
  pages_.emplace_back(memory);
#ifdef MADV_HUGEPAGE
  madvise(memory, kHugePage, MADV_HUGEPAGE);  // where it fails, small pages do
#endif
  starts_.insert(memory);
  free_.reserve(pages_.size() * (kHugePage / slot_));  // so that giving a block back needs no memory
  for (size_t end = slot_; end <= kHugePage; end += slot_) {
    free_.push_back(static_cast<char*>(memory) + end - slot_);
  }
  return true;
}

void BlockMemory::Free::operator()(void* memory) const { std::free(memory); }
