// The file system below a working copy: private files (private_files.h), fewer of them, and fewer syncs.
//
// Unless it is to be read after a crash of the machine, a working copy is not synced at all: RocksDB would sync it some
// twenty times in the life of the smallest file. And the file with the database's options, which RocksDB insists on
// writing and reading back, is of use to nobody else: it is kept in memory.

#include <memory>
#include <string>
#include <utility>

#include "private_files.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb_c.h"

using namespace rocksdb;

namespace {

// The file with the database's options.
bool IsOptions(const std::string& path) {
  return path.compare(path.rfind('/') + 1, sizeof("OPTIONS-") - 1, "OPTIONS-") == 0;
}

class UnsyncedFile : public FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  IOStatus Sync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

class Folder : public FSDirectoryWrapper {
 public:
  Folder(std::unique_ptr<FSDirectory> folder, bool durable) : FSDirectoryWrapper(std::move(folder)), durable_(durable) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return durable_ ? FSDirectoryWrapper::Fsync(options, debug) : IOStatus::OK();
  }

  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const DirFsyncOptions& reason) override {
    // On some file systems RocksDB syncs the file of that name instead, which has to be there.
    if (!durable_ || IsOptions(reason.renamed_new_name)) return IOStatus::OK();
    return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, reason);
  }

 private:
  const bool durable_;
};

class WorkingCopy : public FileSystemWrapper {
 public:
  explicit WorkingCopy(bool durable)
      : FileSystemWrapper(PrivateFiles()),
        memory_(std::unique_ptr<Env>(NewMemEnv(Env::Default()))->GetFileSystem()),
        durable_(durable) {}

  const char* Name() const override { return "WorkingCopy"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    if (IsOptions(path)) return memory_->NewWritableFile(path, options, file, debug);
    return Wrapped(FileSystemWrapper::NewWritableFile(path, options, file, debug), file);
  }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<FSSequentialFile>* file, IODebugContext* debug) override {
    if (IsOptions(path)) return memory_->NewSequentialFile(path, options, file, debug);
    return FileSystemWrapper::NewSequentialFile(path, options, file, debug);
  }

  IOStatus GetFileSize(const std::string& path, const IOOptions& options, uint64_t* size,
                       IODebugContext* debug) override {
    if (IsOptions(path)) return memory_->GetFileSize(path, options, size, debug);
    return FileSystemWrapper::GetFileSize(path, options, size, debug);
  }

  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    return Wrapped(FileSystemWrapper::ReopenWritableFile(path, options, file, debug), file);
  }

  IOStatus ReuseWritableFile(const std::string& path, const std::string& old, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    return Wrapped(FileSystemWrapper::ReuseWritableFile(path, old, options, file, debug), file);
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions& options, std::unique_ptr<FSDirectory>* folder,
                        IODebugContext* debug) override {
    IOStatus opened = FileSystemWrapper::NewDirectory(path, options, folder, debug);
    if (opened.ok()) *folder = std::make_unique<Folder>(std::move(*folder), durable_);
    return opened;
  }

  IOStatus SyncFile(const std::string& path, const FileOptions& file_options, const IOOptions& options, bool use_fsync,
                    IODebugContext* debug) override {
    if (!durable_) return IOStatus::OK();
    return FileSystemWrapper::SyncFile(path, file_options, options, use_fsync, debug);
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (IsOptions(from)) return memory_->RenameFile(from, to, options, debug);
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }

 private:
  IOStatus Wrapped(IOStatus opened, std::unique_ptr<FSWritableFile>* file) {
    if (opened.ok() && !durable_) *file = std::make_unique<UnsyncedFile>(std::move(*file));
    return opened;
  }

  const std::shared_ptr<FileSystem> memory_;
  const bool durable_;
};

}  // namespace

// An environment for a working copy. The caller owns it: `rocksdb_env_destroy`.
extern "C" rocksdb_env_t* c1z_working_copy_env(unsigned char durable) {
  auto files = std::make_shared<WorkingCopy>(durable != 0);
  return new rocksdb_env_t{NewCompositeEnv(files).release(), false};
}
