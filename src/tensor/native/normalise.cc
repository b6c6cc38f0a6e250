// Rows over their lengths, and the gradient: y = x / |x|;  dx = (dy - y (y . dy)) / |x|. A row shorter than `smallest` is divided by that.
#include <algorithm>
#include <cmath>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 256;  // rows of one part
constexpr float smallest = 1e-12f;

SESSIONLAB_KERNEL void forward(const float* x, int64_t rows, int64_t columns, float* y, float* inverse) {
  for (int64_t row = 0; row < rows; row++, x += columns, y += columns) {
    Lanes piece, sum{};
    for (int64_t i = 0; i < columns; i += width) {
      load_part(piece, x + i, std::min(width, columns - i), 0);
      sum += piece * piece;
    }
    inverse[row] = 1.0f / std::max(std::sqrt(sum_of(sum)), smallest);
    for (int64_t i = 0; i < columns; i++) y[i] = x[i] * inverse[row];
  }
}

SESSIONLAB_KERNEL void backward(const float* dy, const float* y, const float* inverse, int64_t rows, int64_t columns, float* dx) {
  for (int64_t row = 0; row < rows; row++, dy += columns, y += columns, dx += columns) {
    Lanes piece, other, sum{};
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      load_part(piece, dy + i, count, 0), load_part(other, y + i, count, 0);
      sum += piece * other;
    }
    const float along = sum_of(sum), share = inverse[row];
    for (int64_t i = 0; i < columns; i++) dx[i] = (dy[i] - y[i] * along) * share;
  }
}

void compute_forward(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1);
  const float* x = call.floats(0);
  float *y = call.new_floats_like(0, 0), *inverse = call.new_floats(1, {rows});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { forward(x + from * columns, to - from, columns, y + from * columns, inverse + from); });
}

void compute_gradient(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1);
  if (call.size(1) != rows * columns || call.size(2) != rows) return call.refuse("Expected dy and y of one shape, and a number for each row");
  const float *dy = call.floats(0), *y = call.floats(1), *inverse = call.floats(2);
  float* dx = call.new_floats_like(0, 0);
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { backward(dy + from * columns, y + from * columns, inverse + from, to - from, columns, dx + from * columns); });
}

}  // namespace

const Operation normalise{"SessionlabNormalise", {"x: float"}, {"y: float", "inverse: float"}, {}, compute_forward};
const Operation normalise_gradient{"SessionlabNormaliseGradient", {"dy: float", "y: float", "inverse: float"}, {"dx: float"}, {}, compute_gradient};

}  // namespace sessionlab
