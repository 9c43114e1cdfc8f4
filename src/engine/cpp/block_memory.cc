#include "block_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <new>

#include "rocksdb/env.h"

namespace {

// Enough that making a chunk is worth its system calls, few enough that nobody waits long for it.
constexpr size_t kBlocks = 4;

// The most chunks that are made ahead: a lookup that has to share its processor with their making waits for them.
constexpr size_t kAhead = 4;

}  // namespace

// RocksDB adds a trailer to a block, and the last row may make it longer than it should be.
BlockMemory::BlockMemory(size_t block_size) : slot_(block_size + block_size / 32), chunk_(kBlocks * slot_) {}

BlockMemory::~BlockMemory() {
  for (char* chunk : chunks_) munmap(chunk, chunk_);
}

void* BlockMemory::Allocate(size_t size) {
  if (!Fits(size)) return ::operator new(size);
  std::unique_lock<std::mutex> lock(mutex_);
  if (free_.empty() && !Add(NewChunk())) return ::operator new(size);
  char* const block = free_.back();
  free_.pop_back();
  const size_t ahead = std::min(chunks_.size() / 4, kAhead);
  if (!making_ahead_ && free_.size() < ahead * kBlocks / 2) {
    making_ahead_ = true;
    lock.unlock();
    MakeAhead(ahead);
  }
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

// Memory for one more chunk, or nothing.
char* BlockMemory::NewChunk() const {
  void* const memory = mmap(nullptr, chunk_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
#ifdef MADV_POPULATE_WRITE
  madvise(memory, chunk_, MADV_POPULATE_WRITE);  // where it fails, pages come when they are touched
#endif
  return static_cast<char*>(memory);
}

// Hands out the blocks of a chunk, if it is one. The caller holds the mutex.
bool BlockMemory::Add(char* chunk) {
  if (chunk == nullptr) return false;
  try {
    free_.reserve((chunks_.size() + 1) * kBlocks);  // so that giving a block back needs no memory
    chunks_.insert(chunk);
  } catch (const std::bad_alloc&) {
    munmap(chunk, chunk_);
    return false;
  }
  for (size_t block = 0; block < kBlocks; ++block) free_.push_back(chunk + block * slot_);
  return true;
}

// Has a background thread make chunks. Where there is none to do so, the next is made when it is needed.
void BlockMemory::MakeAhead(size_t chunks) {
  struct Job {
    std::shared_ptr<BlockMemory> memory;
    size_t chunks;
  };
  const auto make = [](void* argument) {
    const std::unique_ptr<Job> job(static_cast<Job*>(argument));
    BlockMemory& memory = *job->memory;
    for (size_t made = 0; made < job->chunks; ++made) {
      char* const chunk = memory.NewChunk();
      const std::lock_guard<std::mutex> lock(memory.mutex_);
      if (!memory.Add(chunk)) break;
    }
    const std::lock_guard<std::mutex> lock(memory.mutex_);
    memory.making_ahead_ = false;
  };
  rocksdb::Env::Default()->Schedule(make, new Job{shared_from_this(), chunks});
}

bool BlockMemory::Owns(char* block) const {
  const auto behind = chunks_.upper_bound(block);
  return behind != chunks_.begin() && block < *std::prev(behind) + chunk_;
}
