#!/usr/bin/env bash
# A program that has a RocksDB, a zstd and a Rust runtime of its own links the static library: none of its symbols but the
# API is visible. The library is found through PKG_CONFIG_PATH.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive=$(pkg-config --variable=libdir c1z-static)/libc1z.a

strangers=$(nm --defined-only --extern-only "$archive" | awk 'NF == 3 && $3 !~ /^c1z_/ { print $3 }')
[[ -z $strangers ]] || { echo "test-archive: visible beside the API: $(head -5 <<<"$strangers")"; exit 1; }

# What the program has under these names would end it, if the library called it or lost its own for it.
cat >"$work/host.cc" <<'CC'
#include <c1z.h>

#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" {
void *ZSTD_createCCtx(void) { std::abort(); }
size_t ZSTD_compressStream2(void *, void *, void *, int) { std::abort(); }
void *rocksdb_open(const void *, const char *, char **) { std::abort(); }
void *rocksdb_options_create(void) { std::abort(); }
void rust_eh_personality(void) { std::abort(); }
}
namespace rocksdb {
class Status {
 public:
  std::string ToString() const;
};
std::string Status::ToString() const { std::abort(); }
}  // namespace rocksdb

static void check(c1z_code code, c1z_error *error) {
  if (code == C1Z_OK) return;
  std::fprintf(stderr, "%s\n", c1z_error_message(error));
  std::exit(1);
}

int main(int, char **arguments) {
  const std::string path = arguments[1];
  const std::string open = std::string("\x0a") + static_cast<char>(path.size()) + path;
  const std::string sync = "\x0a\x04" "full";
  auto slice = [](const std::string &bytes) {
    return c1z_slice{reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()};
  };
  c1z_store *store = nullptr;
  c1z_buffer *response = nullptr;
  c1z_error *error = nullptr;
  check(c1z_open(slice(open), nullptr, &store, &error), error);
  check(c1z_start_sync(store, slice(sync), &response, &error), error);
  c1z_buffer_free(response);
  check(c1z_end_sync(store, c1z_slice{}, nullptr, nullptr, &error), error);
  check(c1z_close(store, c1z_slice{}, nullptr, nullptr, &error), error);
  c1z_store_free(store);
  std::puts("saved");
}
CC
c++ -std=c++17 $(pkg-config --cflags c1z-static) -o "$work/host" "$work/host.cc" $(pkg-config --libs c1z-static)
output=$("$work/host" "$work/a.c1z")
[[ $output == saved && -s $work/a.c1z ]] || { echo "test-archive: the program said $output"; exit 1; }
echo "test-archive: ok"
