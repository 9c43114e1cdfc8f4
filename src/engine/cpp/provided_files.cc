// What lies below a database whose files come when they are needed: files of another environment, but who wants to read one
// asks for it first.
//
// RocksDB opens all tables of a database, at once or, if its option `open_files_async` says so, by a job that it schedules.
// No table may be asked for before it is needed, and a job that fails to open one is an error of the database. So the job is
// put off until the database closes, when it opens none any more. It is known by having no tag, which flushes and compactions
// have, and closing by the database taking back what it has scheduled with high priority.

#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb_c.h"

using namespace rocksdb;

extern "C" {

// Answers of a provider; a positive one is an error of the operating system. One from the last on is of a source: how much less it
// is says what kind of failure.
enum { kProvided = 0, kDamaged = -1, kRefused = -2, kLimited = -3, kOfSource = -100 };

// `ExternFileProvider` of rocksdb_ext.rs.
struct c1z_file_provider {
  void* context;
  // Makes sure that the file of a name is whole. If it cannot, it passes the reason, a text of some length, to `explain`
  // together with `reason`. Called by any thread.
  int (*provide)(void* context, const char* name, size_t length, void* reason,
                void (*explain)(void* reason, const char* text, size_t length));
  // Takes back a file of that name that was provided, when it has been read. Null if none is ever taken back: then a file is
  // asked for when it is opened, and else for every read.
  void (*take_back)(void* context, const char* name, size_t length);
  // Called once, when nobody asks any more.
  void (*release)(void* context);
};
}

namespace {

void Explain(void* reason, const char* text, size_t length) { static_cast<std::string*>(reason)->assign(text, length); }

// What is asked for files, for as long as somebody may.
class Provider {
 public:
  explicit Provider(const c1z_file_provider& provider) : provider_(provider) {}
  ~Provider() { provider_.release(provider_.context); }
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  bool TakesBack() const { return provider_.take_back != nullptr; }
  void TakeBack(const std::string& name) const { provider_.take_back(provider_.context, name.data(), name.size()); }

  IOStatus Provide(const std::string& name) const {
    std::string reason;
    const int answer = provider_.provide(provider_.context, name.data(), name.size(), &reason, Explain);
    if (answer <= kOfSource) return IOStatus::IOError("source " + std::to_string(kOfSource - answer), reason);
    switch (answer) {
      case kProvided:
        return IOStatus::OK();
      case kDamaged:
        return IOStatus::Corruption(reason);
      case kLimited:
        return status_to_io_status(Status::MemoryLimit(reason));
      case kRefused:
        return IOStatus::IOError(reason);
      case ENOSPC:
        return IOStatus::NoSpace(reason);
      case ENOENT:
        return IOStatus::PathNotFound(reason);
      default:
        return IOStatus::IOError(reason, std::generic_category().message(answer));
    }
  }

 private:
  const c1z_file_provider provider_;
};

// A file that is whole only while it is read.
class HeldFile : public FSRandomAccessFileOwnerWrapper {
 public:
  HeldFile(std::unique_ptr<FSRandomAccessFile>&& file, std::shared_ptr<const Provider> provider, std::string name)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), provider_(std::move(provider)), name_(std::move(name)) {}

  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return Held([&] { return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug); });
  }

  IOStatus MultiRead(FSReadRequest* requests, size_t count, const IOOptions& options, IODebugContext* debug) override {
    return Held([&] { return FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug); });
  }

  // Those that read later would read what is not held any more: RocksDB's own ways call Read.
  IOStatus ReadAsync(FSReadRequest& request, const IOOptions& options, std::function<void(FSReadRequest&, void*)> done,
                     void* argument, void** handle, IOHandleDeleter* deleter, IODebugContext* debug) override {
    return FSRandomAccessFile::ReadAsync(request, options, std::move(done), argument, handle, deleter, debug);
  }

  bool SubmitReadAsync(FSReadRequest& request, const IOOptions& options, std::function<void(FSReadRequest&)> done,
                       IODebugContext* debug) override {
    return FSRandomAccessFile::SubmitReadAsync(request, options, std::move(done), debug);
  }

 private:
  template <typename Work>
  IOStatus Held(const Work& work) const {
    IOStatus provided = provider_->Provide(name_);
    if (!provided.ok()) return provided;
    IOStatus done = work();
    provider_->TakeBack(name_);
    return done;
  }

  const std::shared_ptr<const Provider> provider_;
  const std::string name_;
};

class ProvidedFiles : public FileSystemWrapper {
 public:
  ProvidedFiles(const std::shared_ptr<FileSystem>& files, const c1z_file_provider& provider)
      : FileSystemWrapper(files), provider_(std::make_shared<const Provider>(provider)) {}

  const char* Name() const override { return "ProvidedFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<FSSequentialFile>* file, IODebugContext* debug) override {
    // One of these is never taken back: they are few and small.
    IOStatus provided = provider_->Provide(NameOf(path));
    return provided.ok() ? FileSystemWrapper::NewSequentialFile(path, options, file, debug) : provided;
  }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* file, IODebugContext* debug) override {
    if (provider_->TakesBack()) {
      IOStatus opened = FileSystemWrapper::NewRandomAccessFile(path, options, file, debug);
      if (opened.ok()) *file = std::make_unique<HeldFile>(std::move(*file), provider_, NameOf(path));
      return opened;
    }
    IOStatus provided = provider_->Provide(NameOf(path));
    return provided.ok() ? FileSystemWrapper::NewRandomAccessFile(path, options, file, debug) : provided;
  }

 private:
  static std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  const std::shared_ptr<const Provider> provider_;
};

class ProvidedEnv : public EnvWrapper {
 public:
  explicit ProvidedEnv(const std::shared_ptr<FileSystem>& files) : EnvWrapper(NewCompositeEnv(files)) {
    file_system_ = files;
  }

  const char* Name() const override { return "ProvidedEnv"; }

  void Schedule(void (*job)(void*), void* argument, Priority priority, void* tag, void (*cancel)(void*)) override {
    if (tag != nullptr) return EnvWrapper::Schedule(job, argument, priority, tag, cancel);
    const std::lock_guard<std::mutex> lock(mutex_);
    put_off_.emplace_back(job, argument);
  }

  int UnSchedule(void* tag, Priority priority) override {
    if (priority == Priority::HIGH) Start();
    return EnvWrapper::UnSchedule(tag, priority);
  }

 private:
  using Job = std::pair<void (*)(void*), void*>;

  // Closing the database waits for all of its jobs, and holds a lock that they need.
  void Start() {
    std::vector<Job> jobs;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      jobs.swap(put_off_);
    }
    for (const Job& job : jobs) {
      try {
        std::thread(job.first, job.second).detach();
      } catch (const std::system_error&) {  // no thread to spare
        EnvWrapper::Schedule(job.first, job.second, Priority::HIGH, nullptr, nullptr);
      }
    }
  }

  std::mutex mutex_;
  std::vector<Job> put_off_;
};

}  // namespace

// An environment for a database, above another one, which may be destroyed. The caller owns it: `rocksdb_env_destroy`.
extern "C" rocksdb_env_t* c1z_provided_files_env(const rocksdb_env_t* env, c1z_file_provider provider) {
  return new rocksdb_env_t{new ProvidedEnv(std::make_shared<ProvidedFiles>(env->rep->GetFileSystem(), provider)), false};
}
