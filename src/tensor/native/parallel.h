// Work in parts on threads that stay up. What a part computes never depends on which thread runs it or on how many
// there are, so neither do the bits.
#pragma once
#include <cstdint>
#include <functional>

namespace sessionlab {

// Threads of one operation, the caller's included.
void set_threads(int count);

// Calls part(i) for each i in [0, parts), and returns when all are done.
void parallel(int64_t parts, const std::function<void(int64_t)>& part);

// Cuts [0, rows) into blocks of `block` rows and calls work(from, to) for each.
inline void parallel_rows(int64_t rows, int64_t block, const std::function<void(int64_t, int64_t)>& work) {
  parallel((rows + block - 1) / block, [&](int64_t i) { work(i * block, std::min(rows, (i + 1) * block)); });
}

}  // namespace sessionlab
