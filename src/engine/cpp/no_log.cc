// What RocksDB would tell of itself: it has no reader, and its file would be one more in every working copy.

#include <cstdarg>
#include <memory>

#include "rocksdb/env.h"
#include "rocksdb_c.h"

namespace {

class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
  void Logv(rocksdb::InfoLogLevel, const char*, va_list) override {}
  void LogHeader(const char*, va_list) override {}
};

}  // namespace

extern "C" void c1z_set_no_log(rocksdb_options_t* options) { options->rep.info_log = std::make_shared<NoLog>(); }
