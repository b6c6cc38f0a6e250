// Layer normalisation and its gradient; src/tensor/ops/layer-norm.ts has the equations. N rows, D columns.
#include <algorithm>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 256;  // rows of one part: fixed, so that sums over rows have one order

SESSIONLAB_INLINE float mean_of(const float* row, int64_t columns) {
  Lanes sum{}, piece;
  int64_t i = 0;
  for (; i + width <= columns; i += width) {
    load(piece, row + i);
    sum += piece;
  }
  if (i < columns) {
    load_part(piece, row + i, columns - i, 0);
    sum += piece;
  }
  return sum_of(sum) / columns;
}

SESSIONLAB_KERNEL void forward(const float* x, const float* gain, const float* bias, float epsilon, int64_t rows, int64_t columns, float* y, float* mean, float* inverse) {
  for (int64_t row = 0; row < rows; row++, x += columns, y += columns) {
    const float center = mean_of(x, columns);
    Lanes sum{}, piece, g, b;
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      if (count == width) load(piece, x + i); else load_part(piece, x + i, count, center);
      piece -= center;
      sum += piece * piece;
    }
    const float scale = 1.0f / __builtin_sqrtf(sum_of(sum) / columns + epsilon);
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      if (count == width) {
        load(piece, x + i), load(g, gain + i), load(b, bias + i);
        store(y + i, (piece - center) * scale * g + b);
      } else {
        load_part(piece, x + i, count, 0), load_part(g, gain + i, count, 0), load_part(b, bias + i, count, 0);
        store_part(y + i, (piece - center) * scale * g + b, count);
      }
    }
    mean[row] = center;
    inverse[row] = scale;
  }
}

// dx of some rows, and their part of dgain and dbias.
SESSIONLAB_KERNEL void backward(const float* dy, const float* x, const float* gain, const float* mean, const float* inverse, int64_t rows, int64_t columns, float* dx, float* dgain, float* dbias) {
  for (int64_t row = 0; row < rows; row++, dy += columns, x += columns, dx += columns) {
    const float center = mean[row], scale = inverse[row];
    Lanes along{}, total{}, d, v, g, a;
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      if (count == width) {
        load(d, dy + i), load(v, x + i), load(g, gain + i);
        v = (v - center) * scale;
        load(a, dgain + i), store(dgain + i, a + d * v);
        load(a, dbias + i), store(dbias + i, a + d);
      } else {
        load_part(d, dy + i, count, 0), load_part(v, x + i, count, center), load_part(g, gain + i, count, 0);
        v = (v - center) * scale;
        load_part(a, dgain + i, count, 0), store_part(dgain + i, a + d * v, count);
        load_part(a, dbias + i, count, 0), store_part(dbias + i, a + d, count);
      }
      total += d * g;
      along += d * g * v;
    }
    const float mean_total = sum_of(total) / columns, mean_along = sum_of(along) / columns;
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      if (count == width) load(d, dy + i), load(v, x + i), load(g, gain + i);
      else load_part(d, dy + i, count, 0), load_part(v, x + i, count, 0), load_part(g, gain + i, count, 0);
      const Lanes result = (d * g - mean_total - (v - center) * scale * mean_along) * scale;
      if (count == width) store(dx + i, result); else store_part(dx + i, result, count);
    }
  }
}

void compute_forward(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1);
  if (call.size(1) != columns || call.size(2) != columns) return call.refuse("Expected a gain and a bias for each column");
  const float *x = call.floats(0), *gain = call.floats(1), *bias = call.floats(2);
  const float epsilon = static_cast<float>(call.attribute("epsilon"));
  float *y = call.new_floats(0, {rows, columns}), *mean = call.new_floats(1, {rows}), *inverse = call.new_floats(2, {rows});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    forward(x + from * columns, gain, bias, epsilon, to - from, columns, y + from * columns, mean + from, inverse + from);
  });
}

void compute_gradient(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1);
  if (call.size(1) != rows * columns || call.size(2) != columns || call.size(3) != rows || call.size(4) != rows) return call.refuse("Expected dy of the shape of x, and what the forward pass kept");
  const float *dy = call.floats(0), *x = call.floats(1), *gain = call.floats(2), *mean = call.floats(3), *inverse = call.floats(4);
  float *dx = call.new_floats(0, {rows, columns}), *dgain = call.new_floats(1, {columns}), *dbias = call.new_floats(2, {columns});
  const int64_t parts = (rows + block - 1) / block;
  std::vector<float> sums(2 * parts * columns, 0.0f);  // [parts, 2, D]
  parallel_rows(rows, block, [&](int64_t from, int64_t to) {
    float* own = sums.data() + from / block * 2 * columns;
    backward(dy + from * columns, x + from * columns, gain, mean + from, inverse + from, to - from, columns, dx + from * columns, own, own + columns);
  });
  std::fill(dgain, dgain + columns, 0.0f);
  std::fill(dbias, dbias + columns, 0.0f);
  for (int64_t part = 0; part < parts; part++)
    for (int64_t i = 0; i < columns; i++) {
      dgain[i] += sums[2 * part * columns + i];
      dbias[i] += sums[(2 * part + 1) * columns + i];
    }
}

}  // namespace

const Operation layer_norm{"SessionlabLayerNorm", {"x: float", "gain: float", "bias: float"}, {"y: float", "mean: float", "inverse: float"}, {"epsilon"}, compute_forward};
const Operation layer_norm_gradient{
    "SessionlabLayerNormGradient", {"dy: float", "x: float", "gain: float", "mean: float", "inverse: float"}, {"dx: float", "dgain: float", "dbias: float"}, {}, compute_gradient};

}  // namespace sessionlab
