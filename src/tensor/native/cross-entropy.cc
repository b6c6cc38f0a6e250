// Softmax cross-entropy of rows of logits, with its gradient in the same pass over a row that stays in the cache:
//   loss_n = log sum_v exp(x_nv) - x_n,t_n;   dx_nv = scale (softmax(x_n)_v - [v = t_n])
// N rows, V columns.
#include <cmath>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

SESSIONLAB_KERNEL float one_row(const float* x, int64_t columns, int32_t target, float scale, float* out) {
  const int64_t whole = columns - columns % width, rest = columns - whole;
  Lanes piece, largest = Lanes{} - INFINITY, sum{};
  for (int64_t i = 0; i < whole; i += width) {
    load(piece, x + i);
    largest = piece > largest ? piece : largest;
  }
  if (rest > 0) {
    load_part(piece, x + whole, rest, -INFINITY);
    largest = piece > largest ? piece : largest;
  }
  const float top = max_of(largest);
  for (int64_t i = 0; i < whole; i += width) {
    load(piece, x + i);
    piece = exp_of(piece - top);
    store(out + i, piece);
    sum += piece;
  }
  if (rest > 0) {
    load_part(piece, x + whole, rest, top);
    piece = exp_of(piece - top);
    store_part(out + whole, piece, rest);
    load_part(piece, out + whole, rest, 0);
    sum += piece;
  }
  const float total = sum_of(sum), share = scale / total;
  for (int64_t i = 0; i < whole; i += width) {
    load(piece, out + i);
    store(out + i, piece * share);
  }
  for (int64_t i = whole; i < columns; i++) out[i] *= share;
  out[target] -= scale;
  return std::log(total) + top - x[target];
}

void compute(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1);
  const float *logits = call.floats(0), scale = *call.floats(2);
  const int32_t* targets = call.integers(1);
  float *loss = call.new_floats(0, {rows}), *gradient = call.new_floats(1, {rows, columns});
  parallel_rows(rows, 1 + 16384 / columns, [=](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) loss[row] = one_row(logits + row * columns, columns, targets[row], scale, gradient + row * columns);
  });
}

}  // namespace

const Operation cross_entropy{"SessionlabCrossEntropy", {"logits: float", "targets: int32", "scale: float"}, {"loss: float", "gradient: float"}, {}, compute};

}  // namespace sessionlab
