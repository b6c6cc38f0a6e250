// A step of Adagrad with momentum on some rows of a table: the gradients of repeated rows summed, the accumulators and the
// velocities moved on (src/tensor/adagrad.ts has the equations). N gradients, U rows, D columns.
#include <algorithm>
#include <cmath>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 32;  // rows of one part

// `first` and `next` chain the gradients of a row, in their order.
SESSIONLAB_KERNEL void advance(const float* gradients, const int32_t* first, const int32_t* next, int64_t from, int64_t to, int64_t columns, float rate, float momentum, float* accumulators, float* velocities) {
  for (int64_t row = from; row < to; row++) {
    float *accumulator = accumulators + row * columns, *velocity = velocities + row * columns;
    for (int64_t i = 0; i < columns; i++) {
      float gradient = 0;
      for (int32_t n = first[row]; n >= 0; n = next[n]) gradient += gradients[n * columns + i];
      accumulator[i] += gradient * gradient;
      velocity[i] = momentum * velocity[i] - rate * gradient / std::sqrt(accumulator[i]);
    }
  }
}

// A row with one gradient, as most are: no chain inside.
SESSIONLAB_KERNEL void advance_one(const float* gradient, int64_t columns, float rate, float momentum, float* accumulator, float* velocity) {
  for (int64_t i = 0; i < columns; i++) {
    accumulator[i] += gradient[i] * gradient[i];
    velocity[i] = momentum * velocity[i] - rate * gradient[i] / std::sqrt(accumulator[i]);
  }
}

void compute(Call& call) {
  const int64_t count = call.side(0, 0), columns = call.side(0, 1), rows = call.side(2, 0);
  if (call.size(1) != count || call.size(2) != rows * columns || call.size(3) != rows * columns) return call.refuse("Expected gradients [N, D], a place for each, and two tables [U, D]");
  const float rate = static_cast<float>(call.attribute("rate")), momentum = static_cast<float>(call.attribute("momentum"));
  const float *gradients = call.floats(0), *old_accumulators = call.floats(2), *old_velocities = call.floats(3);
  const int32_t* places = call.integers(1);
  std::vector<int32_t> first(rows, -1), last(rows, -1), next(count, -1);
  for (int64_t n = 0; n < count; n++) {
    const int32_t place = places[n];
    if (place < 0) continue;  // padding
    if (place >= rows) return call.refuse("Expected places below the number of rows");
    if (last[place] < 0) first[place] = static_cast<int32_t>(n); else next[last[place]] = static_cast<int32_t>(n);
    last[place] = static_cast<int32_t>(n);
  }
  float *accumulators = call.new_floats(0, {rows, columns}), *velocities = call.new_floats(1, {rows, columns});
  parallel_rows(rows, block, [&](int64_t from, int64_t to) {
    std::copy(old_accumulators + from * columns, old_accumulators + to * columns, accumulators + from * columns);
    std::copy(old_velocities + from * columns, old_velocities + to * columns, velocities + from * columns);
    for (int64_t row = from; row < to; row++) {
      if (first[row] >= 0 && next[first[row]] < 0) advance_one(gradients + first[row] * columns, columns, rate, momentum, accumulators + row * columns, velocities + row * columns);
      else advance(gradients, first.data(), next.data(), row, row + 1, columns, rate, momentum, accumulators, velocities);
    }
  });
}

}  // namespace

const Operation adagrad_rows{
    "SessionlabAdagradRows", {"gradients: float", "places: int32", "accumulators: float", "velocities: float"}, {"moved: float", "updates: float"}, {"rate", "momentum"}, compute};

}  // namespace sessionlab
