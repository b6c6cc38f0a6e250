#include "parallel.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace sessionlab {
namespace {

// Numbers below 1e-38 count as zero meanwhile: the processor takes a hundred times as long for them, and a softmax makes many.
class NoDenormals {
 public:
#if defined(__x86_64__)
  NoDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~NoDenormals() { _mm_setcsr(before_); }

 private:
  const unsigned before_;
#else
  NoDenormals() {}
#endif
};

struct Job {
  const std::function<void(int64_t)>* part;
  int64_t parts;
  std::atomic<int64_t> next{0};

  void work() {
    const NoDenormals during;
    for (int64_t i = next++; i < parts; i = next++) (*part)(i);
  }
};

// Looks for a moment whether something has come about, since a thread that sleeps takes longer to wake than most operations last.
template <typename Condition>
void look_out(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
  while (!condition() && std::chrono::steady_clock::now() < end) {
#if defined(__x86_64__)
    _mm_pause();
#endif
  }
}

class Pool {
 public:
  void resize(int count) {
    std::lock_guard<std::mutex> one(caller_);
    while (static_cast<int>(threads_) < count - 1) {
      std::thread([this] { serve(); }).detach();
      threads_++;
    }
    helpers_ = count - 1;
  }

  void run(int64_t parts, const std::function<void(int64_t)>& part) {
    std::lock_guard<std::mutex> one(caller_);
    Job job{&part, parts};
    if (parts > 1 && helpers_ > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = &job;
      wanted_ = static_cast<int>(std::min<int64_t>(helpers_, parts - 1));
      wake_.notify_all();
    }
    job.work();
    look_out([this] { return busy_ == 0; });
    std::unique_lock<std::mutex> lock(mutex_);
    wanted_ = 0;
    job_ = nullptr;
    done_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      lock.unlock();
      look_out([this] { return wanted_ > 0; });
      lock.lock();
      wake_.wait(lock, [this] { return wanted_ > 0; });
      wanted_--;
      busy_++;
      Job* job = job_;
      lock.unlock();
      job->work();
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex caller_;  // one operation at a time
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  Job* job_ = nullptr;
  int helpers_ = 0, threads_ = 0;
  std::atomic<int> wanted_{0}, busy_{0};  // written under the mutex
};

// Never destroyed: its threads may still wait on it when the process ends.
Pool& pool() {
  static Pool* const made = new Pool;
  return *made;
}

}  // namespace

void set_threads(int count) { pool().resize(count); }

void parallel(int64_t parts, const std::function<void(int64_t)>& part) { pool().run(parts, part); }

}  // namespace sessionlab
