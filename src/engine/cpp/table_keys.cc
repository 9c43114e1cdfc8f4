// The keys of one SST: also those of what is deleted, and of what a newer table hides, which no iterator of a database gives.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "rocksdb/sst_file_reader.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/utilities/types_util.h"
#include "rocksdb_c.h"

using namespace rocksdb;

extern "C" {

// Tells a failure: a text of some length for `reason`.
typedef void (*c1z_explain)(void* reason, const char* text, size_t length);

struct c1z_table_keys {
  explicit c1z_table_keys(const Options& options) : comparator(options.comparator), reader(options) {}

  const Comparator* comparator;
  SstFileReader reader;
  std::unique_ptr<Iterator> keys;
  std::string target;
};

// Opens the table at a path of some length, with the options of its database. Null if that fails.
c1z_table_keys* c1z_table_keys_open(const rocksdb_options_t* options, const char* path, size_t length, void* reason,
                                    c1z_explain explain) {
  auto table = std::make_unique<c1z_table_keys>(options->rep);
  const Status opened = table->reader.Open(std::string(path, length));
  if (opened.ok()) table->keys = table->reader.NewTableIterator();
  if (table->keys != nullptr) return table.release();
  const std::string text = opened.ToString();
  explain(reason, text.data(), text.size());
  return nullptr;
}

void c1z_table_keys_free(c1z_table_keys* table) { delete table; }

// How many ranges of keys the table deletes, which are not among its keys.
uint64_t c1z_table_keys_ranges(const c1z_table_keys* table) {
  return table->reader.GetTableProperties()->num_range_deletions;
}

// The first key from `key` on, which stays until the next call. Null behind the last, or if reading fails.
const char* c1z_table_keys_seek(c1z_table_keys* table, const char* key, size_t length, size_t* found_length, void* reason,
                                c1z_explain explain) {
  ParsedEntryInfo entry;
  Status status = GetInternalKeyForSeek(Slice(key, length), table->comparator, &table->target);
  if (status.ok()) {
    table->keys->Seek(table->target);
    status = table->keys->status();
  }
  if (status.ok() && table->keys->Valid()) status = table->reader.ParseTableIteratorKey(table->keys->key(), &entry);
  if (!status.ok()) {
    const std::string text = status.ToString();
    explain(reason, text.data(), text.size());
    return nullptr;
  }
  if (!table->keys->Valid()) return nullptr;
  *found_length = entry.user_key.size();
  return entry.user_key.data();
}
}
