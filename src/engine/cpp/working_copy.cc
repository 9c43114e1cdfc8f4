// The file system below a working copy: private files (private_files.h), fewer of them, and fewer syncs.
//
// A working copy is worth what its last durable commit was worth. So only files of the database's own folder are synced:
// an SST that is to be ingested is synced when it is. What RocksDB syncs while it opens a database means nothing before
// the first commit that is to last: those syncs are made up for then, one for each file. And the file with the database's
// options, which RocksDB insists on writing and reading back, is of use to nobody else: it is kept in memory.

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "private_files.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb_c.h"

using namespace rocksdb;

namespace {

std::string FolderOf(const std::string& path) {
  const size_t end = path.find_last_not_of('/', path.rfind('/'));
  return path.substr(0, end + 1);
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool IsOptions(const std::string& path) { return NameOf(path).rfind("OPTIONS-", 0) == 0; }

// Which syncs are carried out, and when. Any thread may ask.
class Syncs {
 public:
  Syncs(std::shared_ptr<FileSystem> files, const std::string& folder)
      : files_(std::move(files)), folder_(FolderOf(folder + '/')) {}

  template <typename Sync>
  IOStatus OfFile(const std::string& path, const IOOptions& options, IODebugContext* debug, Sync sync) {
    if (FolderOf(path) != folder_) return IOStatus::OK();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!has_commits_) {
        if (!HoldsCommits(path)) {
          deferred_.insert(path);
          return IOStatus::OK();
        }
        IOStatus begun = BeforeFirstCommit(options, debug);
        if (!begun.ok()) return begun;
      }
    }
    return sync();
  }

  // The folder is synced together with the first log.
  template <typename Sync>
  IOStatus OfFolder(const std::string& path, Sync sync) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (FolderOf(path + '/') != folder_ || !has_commits_) return IOStatus::OK();
    }
    return sync();
  }

  void Renamed(const std::string& from, const std::string& to) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (deferred_.erase(from) > 0) deferred_.insert(to);
  }

  void Deleted(const std::string& path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    deferred_.erase(path);
  }

 private:
  static bool HoldsCommits(const std::string& path) { return EndsWith(path, ".log") || EndsWith(path, ".sst"); }

  IOStatus BeforeFirstCommit(const IOOptions& options, IODebugContext* debug) {
    for (const std::string& path : deferred_) {
      IOStatus synced = files_->SyncFile(path, FileOptions(), options, /*use_fsync=*/false, debug);
      if (!synced.ok()) return synced;
    }
    deferred_.clear();
    has_commits_ = true;
    return IOStatus::OK();
  }

  const std::shared_ptr<FileSystem> files_;
  const std::string folder_;
  std::mutex mutex_;
  bool has_commits_ = false;
  std::set<std::string> deferred_;
};

class File : public FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<FSWritableFile> file, std::string path, std::shared_ptr<Syncs> syncs)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), syncs_(std::move(syncs)) {}

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return syncs_->OfFile(path_, options, debug, [&] { return FSWritableFileOwnerWrapper::Sync(options, debug); });
  }

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return syncs_->OfFile(path_, options, debug, [&] { return FSWritableFileOwnerWrapper::Fsync(options, debug); });
  }

 private:
  const std::string path_;
  const std::shared_ptr<Syncs> syncs_;
};

class Folder : public FSDirectoryWrapper {
 public:
  Folder(std::unique_ptr<FSDirectory> folder, std::string path, std::shared_ptr<Syncs> syncs)
      : FSDirectoryWrapper(std::move(folder)), path_(std::move(path)), syncs_(std::move(syncs)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return syncs_->OfFolder(path_, [&] { return FSDirectoryWrapper::Fsync(options, debug); });
  }

  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const DirFsyncOptions& reason) override {
    // On some file systems RocksDB syncs the file of that name instead, which has to be there.
    if (IsOptions(reason.renamed_new_name)) return IOStatus::OK();
    return syncs_->OfFolder(path_, [&] { return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, reason); });
  }

 private:
  const std::string path_;
  const std::shared_ptr<Syncs> syncs_;
};

class WorkingCopy : public FileSystemWrapper {
 public:
  explicit WorkingCopy(const std::string& folder)
      : FileSystemWrapper(PrivateFiles()),
        memory_(std::unique_ptr<Env>(NewMemEnv(Env::Default()))->GetFileSystem()),
        syncs_(std::make_shared<Syncs>(PrivateFiles(), folder)) {}

  const char* Name() const override { return "WorkingCopy"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    if (IsOptions(path)) return memory_->NewWritableFile(path, options, file, debug);
    return Wrapped(FileSystemWrapper::NewWritableFile(path, options, file, debug), path, file);
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
    return Wrapped(FileSystemWrapper::ReopenWritableFile(path, options, file, debug), path, file);
  }

  IOStatus ReuseWritableFile(const std::string& path, const std::string& old, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    return Wrapped(FileSystemWrapper::ReuseWritableFile(path, old, options, file, debug), path, file);
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions& options, std::unique_ptr<FSDirectory>* folder,
                        IODebugContext* debug) override {
    IOStatus opened = FileSystemWrapper::NewDirectory(path, options, folder, debug);
    if (opened.ok()) *folder = std::make_unique<Folder>(std::move(*folder), path, syncs_);
    return opened;
  }

  IOStatus SyncFile(const std::string& path, const FileOptions& file_options, const IOOptions& options, bool use_fsync,
                    IODebugContext* debug) override {
    return syncs_->OfFile(path, options, debug, [&] {
      return FileSystemWrapper::SyncFile(path, file_options, options, use_fsync, debug);
    });
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (IsOptions(from)) return memory_->RenameFile(from, to, options, debug);
    IOStatus renamed = FileSystemWrapper::RenameFile(from, to, options, debug);
    if (renamed.ok()) syncs_->Renamed(from, to);
    return renamed;
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    IOStatus deleted = FileSystemWrapper::DeleteFile(path, options, debug);
    if (deleted.ok()) syncs_->Deleted(path);
    return deleted;
  }

 private:
  IOStatus Wrapped(IOStatus opened, const std::string& path, std::unique_ptr<FSWritableFile>* file) {
    if (opened.ok()) *file = std::make_unique<File>(std::move(*file), path, syncs_);
    return opened;
  }

  const std::shared_ptr<FileSystem> memory_;
  const std::shared_ptr<Syncs> syncs_;
};

}  // namespace

// An environment for the database in `folder`, a path of `length` bytes. The caller owns it: `rocksdb_env_destroy`.
extern "C" rocksdb_env_t* c1z_working_copy_env(const char* folder, size_t length) {
  auto files = std::make_shared<WorkingCopy>(std::string(folder, length));
  return new rocksdb_env_t{NewCompositeEnv(files).release(), false};
}
