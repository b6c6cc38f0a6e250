// A step of Adagrad with momentum on some rows of a table: the gradients of repeated rows summed, the accumulators and the
// velocities moved on where they lie, since only the optimiser sees them (src/tensor/adagrad.ts has the equations).
// N gradients, U different rows of V, D columns.
#include <algorithm>
#include <cmath>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 32;  // rows of one part

// `next` chains the gradients of a row, in their order.
SESSIONLAB_KERNEL void advance(const float* gradients, int32_t first, const int32_t* next, int64_t columns, float rate, float momentum, float* accumulator, float* velocity, float* update) {
  for (int64_t i = 0; i < columns; i++) {
    float gradient = 0;
    for (int32_t n = first; n >= 0; n = next[n]) gradient += gradients[n * columns + i];
    accumulator[i] += gradient * gradient;
    update[i] = velocity[i] = momentum * velocity[i] - rate * gradient / std::sqrt(accumulator[i]);
  }
}

// A row with one gradient, as most are: no chain inside.
SESSIONLAB_KERNEL void advance_one(const float* gradient, int64_t columns, float rate, float momentum, float* accumulator, float* velocity, float* update) {
  for (int64_t i = 0; i < columns; i++) {
    accumulator[i] += gradient[i] * gradient[i];
    update[i] = velocity[i] = momentum * velocity[i] - rate * gradient[i] / std::sqrt(accumulator[i]);
  }
}

void compute(Call& call) {
  const int64_t count = call.side(0, 0), columns = call.side(0, 1), rows = call.size(2), all = call.size(3) / std::max<int64_t>(1, columns);
  if (call.size(1) != count || call.size(3) != all * columns || call.size(4) != call.size(3)) return call.refuse("Expected gradients [N, D], a place for each, rows, and two tables of D columns");
  const float rate = static_cast<float>(call.attribute("rate")), momentum = static_cast<float>(call.attribute("momentum"));
  const float* gradients = call.floats(0);
  const int32_t *places = call.integers(1), *ids = call.integers(2);
  float *accumulators = const_cast<float*>(call.floats(3)), *velocities = const_cast<float*>(call.floats(4));
  std::vector<int32_t> first(rows, -1), last(rows, -1), next(count, -1);
  for (int64_t u = 0; u < rows; u++) {
    if (ids[u] < 0 || ids[u] >= all) return call.refuse("Expected rows of the table");
  }
  for (int64_t n = 0; n < count; n++) {
    const int32_t place = places[n];
    if (place < 0) continue;  // padding
    if (place >= rows) return call.refuse("Expected places below the number of rows");
    if (last[place] < 0) first[place] = static_cast<int32_t>(n); else next[last[place]] = static_cast<int32_t>(n);
    last[place] = static_cast<int32_t>(n);
  }
  float* updates = call.new_floats(0, {rows, columns});
  parallel_rows(rows, block, [&](int64_t from, int64_t to) {
    for (int64_t u = from; u < to; u++) {
      float *accumulator = accumulators + static_cast<int64_t>(ids[u]) * columns, *velocity = velocities + static_cast<int64_t>(ids[u]) * columns, *update = updates + u * columns;
      if (first[u] >= 0 && next[first[u]] < 0) advance_one(gradients + first[u] * columns, columns, rate, momentum, accumulator, velocity, update);
      else advance(gradients, first[u], next.data(), columns, rate, momentum, accumulator, velocity, update);
    }
  });
}

}  // namespace

const Operation adagrad_rows{
    "SessionlabAdagradRows", {"gradients: float", "places: int32", "rows: int32", "accumulators: float", "velocities: float"}, {"updates: float"}, {"rate", "momentum"}, compute};

}  // namespace sessionlab
