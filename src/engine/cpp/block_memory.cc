#include "block_memory.h"

#include <sys/mman.h>

#include <iterator>
#include <new>

namespace {

// Enough that making a chunk is worth its system calls, few enough that nobody waits long for it.
constexpr size_t kBlocks = 4;

}  // namespace

// RocksDB adds a trailer to a block, and the last row may make it longer than it should be.
BlockMemory::BlockMemory(size_t block_size) : slot_(block_size + block_size / 32), chunk_(kBlocks * slot_) {}

BlockMemory::~BlockMemory() {
  for (char* chunk : chunks_) munmap(chunk, chunk_);
}

void* BlockMemory::Allocate(size_t size) {
  if (!Fits(size)) return ::operator new(size);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (free_.empty() && !Grow()) return ::operator new(size);
  char* const block = free_.back();
  free_.pop_back();
  return block;
}

void BlockMemory::Deallocate(void* block) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (Owns(static_cast<char*>(block))) {
      free_.push_back(static_cast<char*>(block));
      return;
    }
  }
  ::operator delete(block);
}

// What the block counts for in the cache, and so against the memory budget.
size_t BlockMemory::UsableSize(void*, size_t size) const { return Fits(size) ? slot_ : size; }

bool BlockMemory::Grow() {
  void* const memory = mmap(nullptr, chunk_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
#ifdef MADV_POPULATE_WRITE
  madvise(memory, chunk_, MADV_POPULATE_WRITE);  // where it fails, pages come when they are touched
#endif
  char* const chunk = *chunks_.insert(static_cast<char*>(memory)).first;
  free_.reserve(chunks_.size() * kBlocks);  // so that giving a block back needs no memory
  for (size_t block = 0; block < kBlocks; ++block) free_.push_back(chunk + block * slot_);
  return true;
}

bool BlockMemory::Owns(char* block) const {
  const auto behind = chunks_.upper_bound(block);
  return behind != chunks_.begin() && block < *std::prev(behind) + chunk_;
}
