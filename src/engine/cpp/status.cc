// What RocksDB's C API hides of a status, code and subcode: it gives away the text alone.

#include <string>
#include <string_view>

#include "rocksdb/status.h"

using rocksdb::Status;

namespace {

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// Whether `text` is that of a status with the code of `example`, which has neither subcode nor message.
bool HasCode(std::string_view text, const Status& example) { return StartsWith(text, example.ToString()); }

// Whether the words of a subcode stand behind those of the code. They are the same behind any code.
bool HasSubcode(std::string_view text, Status::SubCode subcode) {
  const size_t code_end = text.find(": ");
  if (code_end == std::string_view::npos) return false;
  const std::string_view behind_code = text.substr(code_end + 2);
  const std::string words = Status::IOError(subcode).ToString().substr(Status::IOError().ToString().size());
  return behind_code == words || StartsWith(behind_code, words + ':');
}

}  // namespace

// `Said` of rocksdb_ext.rs.
enum {
  kNoStatus = 0,
  kCorruption = 1,
  kNotThere = 2,
  kNoSpace = 3,
  kStaleFile = 4,
  kLimit = 5,
  kSystem = 6,
  kBusy = 7,
  kMisuse = 8,
  kOther = 9,
};

// What the status with that text says.
extern "C" int c1z_said_by_status(const char* data, size_t length) {
  const std::string_view text(data, length);
  if (HasSubcode(text, Status::kNoSpace)) return kNoSpace;
  if (HasSubcode(text, Status::kStaleFile)) return kStaleFile;
  if (HasSubcode(text, Status::kPathNotFound)) return kNotThere;
  if (HasSubcode(text, Status::kMemoryLimit) || HasSubcode(text, Status::kSpaceLimit)) return kLimit;
  if (HasCode(text, Status::Corruption())) return kCorruption;
  if (HasCode(text, Status::NotFound())) return kNotThere;
  if (HasCode(text, Status::IOError())) return kSystem;
  if (HasCode(text, Status::InvalidArgument())) return kMisuse;
  for (const Status& busy : {Status::Busy(), Status::TryAgain(), Status::ShutdownInProgress(), Status::TimedOut()}) {
    if (HasCode(text, busy)) return kBusy;
  }
  for (const Status& other : {Status::NotSupported(), Status::MergeInProgress(), Status::Incomplete(), Status::Aborted(),
                              Status::Expired(), Status::CompactionTooLarge(), Status::ColumnFamilyDropped()}) {
    if (HasCode(text, other)) return kOther;
  }
  return kNoStatus;
}
