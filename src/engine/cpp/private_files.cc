#include "private_files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>

#include "rocksdb/env.h"
#include "rocksdb_c.h"

using namespace rocksdb;

namespace {

// The last error of the system, classified as RocksDB does.
IOStatus Failed(const char* what, const std::string& path) {
  const int error = errno;
  if (error == ENOENT) return IOStatus::PathNotFound(what + path, std::strerror(error));
  if (error != ENOSPC) return IOStatus::IOError(what + path, std::strerror(error));
  IOStatus full = IOStatus::NoSpace(what + path, std::strerror(error));
  full.SetRetryable(true);
  return full;
}

int Open(const std::string& path, int flags, mode_t mode) {
  int file;
  do {
    file = open(path.c_str(), flags, mode);
  } while (file < 0 && errno == EINTR);
  return file;
}

// A host may have closed its standard descriptors. The next file to be opened would get the number of one, and what the
// host prints would land in it: they are given to /dev/null instead.
IOStatus OccupyStandardDescriptors() {
  pollfd standard[] = {{STDIN_FILENO, 0, 0}, {STDOUT_FILENO, 0, 0}, {STDERR_FILENO, 0, 0}};
  if (poll(standard, std::size(standard), 0) <= 0) return IOStatus::OK();
  for (const pollfd& descriptor : standard) {
    if ((descriptor.revents & POLLNVAL) == 0) continue;
    const int null = Open("/dev/null", O_RDWR, 0);
    if (null < 0) return Failed("While giving a standard descriptor to ", "/dev/null");
    if (null > STDERR_FILENO) close(null);  // another thread was faster
  }
  return IOStatus::OK();
}

class Private : public FileSystemWrapper {
 public:
  Private() : FileSystemWrapper(FileSystem::Default()) {}

  const char* Name() const override { return "PrivateFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<FSSequentialFile>* file, IODebugContext* debug) override {
    IOStatus ready = OccupyStandardDescriptors();
    return ready.ok() ? FileSystemWrapper::NewSequentialFile(path, options, file, debug) : ready;
  }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* file, IODebugContext* debug) override {
    IOStatus ready = OccupyStandardDescriptors();
    return ready.ok() ? FileSystemWrapper::NewRandomAccessFile(path, options, file, debug) : ready;
  }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    IOStatus created = Create(path);
    return created.ok() ? FileSystemWrapper::NewWritableFile(path, options, file, debug) : created;
  }

  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    IOStatus created = Create(path);
    return created.ok() ? FileSystemWrapper::ReopenWritableFile(path, options, file, debug) : created;
  }

  IOStatus ReuseWritableFile(const std::string& path, const std::string& old, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    IOStatus ready = OccupyStandardDescriptors();
    return ready.ok() ? FileSystemWrapper::ReuseWritableFile(path, old, options, file, debug) : ready;
  }

  IOStatus NewRandomRWFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSRandomRWFile>* file, IODebugContext* debug) override {
    IOStatus ready = OccupyStandardDescriptors();
    return ready.ok() ? FileSystemWrapper::NewRandomRWFile(path, options, file, debug) : ready;
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions& options, std::unique_ptr<FSDirectory>* folder,
                        IODebugContext* debug) override {
    IOStatus ready = OccupyStandardDescriptors();
    return ready.ok() ? FileSystemWrapper::NewDirectory(path, options, folder, debug) : ready;
  }

  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return mkdir(path.c_str(), S_IRWXU) == 0 ? IOStatus::OK() : Failed("While creating folder ", path);
  }

  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    if (mkdir(path.c_str(), S_IRWXU) == 0) return IOStatus::OK();
    if (errno != EEXIST) return Failed("While creating folder ", path);
    bool is_folder = false;
    IOStatus found = IsDirectory(path, options, &is_folder, debug);
    return found.ok() && !is_folder ? IOStatus::IOError("Not a folder", path) : found;
  }

  IOStatus LockFile(const std::string& path, const IOOptions& options, FileLock** lock,
                    IODebugContext* debug) override {
    IOStatus created = Create(path);
    return created.ok() ? FileSystemWrapper::LockFile(path, options, lock, debug) : created;
  }

 private:
  // Makes sure that the file is there. RocksDB: its own file system creates files that anybody may read, and
  // `SetAllowNonOwnerAccess` of its environment does not reach it.
  static IOStatus Create(const std::string& path) {
    const int file = Open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0 && errno != EEXIST) return Failed("While creating file ", path);
    if (file >= 0) close(file);
    // The system gives out the smallest number that is free.
    return file > STDERR_FILENO ? IOStatus::OK() : OccupyStandardDescriptors();
  }
};

}  // namespace

std::shared_ptr<FileSystem> PrivateFiles() {
  static const auto* const files = new std::shared_ptr<FileSystem>(std::make_shared<Private>());
  return *files;
}

// An environment for a database that is only read. The caller owns it: `rocksdb_env_destroy`.
extern "C" rocksdb_env_t* c1z_private_files_env() {
  return new rocksdb_env_t{NewCompositeEnv(PrivateFiles()).release(), false};
}
