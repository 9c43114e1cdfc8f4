// What lies below a database whose files come when they are needed: files of another environment, but who wants to read one
// asks for it first.
//
// RocksDB opens all tables of a database, at once or, if its option `open_files_async` says so, by a job that it schedules.
// No table may be asked for before it is needed, and a job that fails to open one is an error of the database. So the job is
// put off until the database closes, when it opens none any more. It is known by having no tag, which flushes and compactions
// have, and closing by the database taking back what it has scheduled with high priority.

#include <cerrno>
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

// Answers of a provider; a positive one is an error of the operating system.
enum { kProvided = 0, kDamaged = -1, kRefused = -2, kLimited = -3 };

// `ExternFileProvider` of rocksdb_ext.rs.
struct c1z_file_provider {
  void* context;
  // Makes sure that the file of a name is whole. If it cannot, it passes the reason, a text of some length, to `explain`
  // together with `reason`. Called by any thread.
  int (*provide)(void* context, const char* name, size_t length, void* reason,
                void (*explain)(void* reason, const char* text, size_t length));
  // Called once, when nobody asks any more.
  void (*release)(void* context);
};
}

namespace {

void Explain(void* reason, const char* text, size_t length) { static_cast<std::string*>(reason)->assign(text, length); }

class ProvidedFiles : public FileSystemWrapper {
 public:
  ProvidedFiles(const std::shared_ptr<FileSystem>& files, const c1z_file_provider& provider)
      : FileSystemWrapper(files), provider_(provider) {}

  ~ProvidedFiles() override { provider_.release(provider_.context); }

  const char* Name() const override { return "ProvidedFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<FSSequentialFile>* file, IODebugContext* debug) override {
    IOStatus provided = Provide(path);
    return provided.ok() ? FileSystemWrapper::NewSequentialFile(path, options, file, debug) : provided;
  }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* file, IODebugContext* debug) override {
    IOStatus provided = Provide(path);
    return provided.ok() ? FileSystemWrapper::NewRandomAccessFile(path, options, file, debug) : provided;
  }

 private:
  IOStatus Provide(const std::string& path) {
    const size_t name = path.rfind('/') + 1;
    std::string reason;
    const int answer = provider_.provide(provider_.context, path.data() + name, path.size() - name, &reason, Explain);
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

  const c1z_file_provider provider_;
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
