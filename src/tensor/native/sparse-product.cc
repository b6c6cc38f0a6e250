// A sparse matrix in compressed rows by a dense one: y_i = sum over the cells (i, j) of value_ij x_j. A row adds its cells
// in their order, whichever thread takes it. Inputs: offsets [R + 1], column [N] in [0, C), value [N], x [C, D].
#include <algorithm>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 32;  // rows of one part
constexpr int64_t tile = 4;    // lanes that a walk over a row's cells adds up

struct Sparse {
  const int32_t *offsets, *column;
  const float* value;
};

template <int lanes>
SESSIONLAB_INLINE void whole(const Sparse& a, int64_t row, const float* x, int64_t columns, float* y) {
  Lanes sum[lanes]{}, piece;
  for (int64_t cell = a.offsets[row]; cell < a.offsets[row + 1]; cell++) {
    const float* from = x + a.column[cell] * columns;
    const float value = a.value[cell];
    for (int j = 0; j < lanes; j++) load(piece, from + j * width), sum[j] += value * piece;
  }
  for (int j = 0; j < lanes; j++) store(y + j * width, sum[j]);
}

SESSIONLAB_INLINE void rest(const Sparse& a, int64_t row, const float* x, int64_t columns, int64_t count, float* y) {
  Lanes sum{}, piece;
  for (int64_t cell = a.offsets[row]; cell < a.offsets[row + 1]; cell++) {
    load_part(piece, x + a.column[cell] * columns, count, 0);
    sum += a.value[cell] * piece;
  }
  store_part(y, sum, count);
}

SESSIONLAB_KERNEL void multiply(const Sparse& a, int64_t from, int64_t to, const float* x, int64_t columns, float* y) {
  for (int64_t row = from; row < to; row++) {
    int64_t at = 0;
    for (; at + tile * width <= columns; at += tile * width) whole<tile>(a, row, x + at, columns, y + row * columns + at);
    for (; at + width <= columns; at += width) whole<1>(a, row, x + at, columns, y + row * columns + at);
    if (at < columns) rest(a, row, x + at, columns, columns - at, y + row * columns + at);
  }
}

void compute(Call& call) {
  const int64_t rows = call.size(0) - 1, cells = call.size(1);
  if (rows < 0 || call.size(2) != cells || call.rank(3) != 2) return call.refuse("Expected offsets, as many columns as values, and a matrix");
  const Sparse a{call.integers(0), call.integers(1), call.floats(2)};
  if (a.offsets[rows] != cells) return call.refuse("Expected the last offset to be the number of cells");
  const float* x = call.floats(3);
  const int64_t columns = call.side(3, 1);
  float* y = call.new_floats(0, {rows, columns});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { multiply(a, from, to, x, columns, y); });
}

}  // namespace

const Operation sparse_product{"SessionlabSparseProduct", {"offsets: int32", "column: int32", "value: float", "x: float"}, {"y: float"}, {}, compute};

}  // namespace sessionlab
