// Entry by entry: GELU in its tanh form with its gradient (src/tensor/ops/activation.ts has the equations), dropout by a
// mask of bytes, and a sum with a scaled tensor.
#include <algorithm>

#include "gelu.h"
#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 16384;

SESSIONLAB_KERNEL void forward(const float* x, int64_t size, float* y) {
  Lanes piece;
  for (int64_t i = 0; i < size; i += width) {
    const int64_t count = std::min(width, size - i);
    if (count == width) load(piece, x + i); else load_part(piece, x + i, count, 0);
    piece = gelu_of(piece);
    if (count == width) store(y + i, piece); else store_part(y + i, piece, count);
  }
}

SESSIONLAB_KERNEL void backward(const float* dy, const float* x, int64_t size, float* dx) {
  Lanes v, d;
  for (int64_t i = 0; i < size; i += width) {
    const int64_t count = std::min(width, size - i);
    if (count == width) load(v, x + i), load(d, dy + i);
    else load_part(v, x + i, count, 0), load_part(d, dy + i, count, 0);
    if (count == width) store(dx + i, d * gelu_slope(v)); else store_part(dx + i, d * gelu_slope(v), count);
  }
}

SESSIONLAB_KERNEL void keep(const float* x, const uint8_t* mask, float scale, int64_t size, float* y) {
  for (int64_t i = 0; i < size; i++) y[i] = x[i] * (mask[i] * scale);
}

SESSIONLAB_KERNEL void add_scaled(const float* a, const float* b, float scale, int64_t size, float* y) {
  for (int64_t i = 0; i < size; i++) y[i] = a[i] + scale * b[i];
}

void compute_gelu(Call& call) {
  const float* x = call.floats(0);
  float* y = call.new_floats_like(0, 0);
  parallel_rows(call.size(0), block, [=](int64_t from, int64_t to) { forward(x + from, to - from, y + from); });
}

void compute_gradient(Call& call) {
  if (call.size(0) != call.size(1)) return call.refuse("Expected dy of the shape of x");
  const float *dy = call.floats(0), *x = call.floats(1);
  float* dx = call.new_floats_like(0, 0);
  parallel_rows(call.size(0), block, [=](int64_t from, int64_t to) { backward(dy + from, x + from, to - from, dx + from); });
}

void compute_masked(Call& call) {
  if (call.size(0) != call.size(1)) return call.refuse("Expected a mask of the shape of x");
  const float *x = call.floats(0), scale = static_cast<float>(call.attribute("scale"));
  const uint8_t* mask = call.bytes(1);
  float* y = call.new_floats_like(0, 0);
  parallel_rows(call.size(0), block, [=](int64_t from, int64_t to) { keep(x + from, mask + from, scale, to - from, y + from); });
}

void compute_add_scaled(Call& call) {
  if (call.size(0) != call.size(1)) return call.refuse("Expected two tensors of one shape");
  const float *a = call.floats(0), *b = call.floats(1), scale = static_cast<float>(call.attribute("scale"));
  float* y = call.new_floats_like(0, 0);
  parallel_rows(call.size(0), block, [=](int64_t from, int64_t to) { add_scaled(a + from, b + from, scale, to - from, y + from); });
}

}  // namespace

const Operation gelu{"SessionlabGelu", {"x: float"}, {"y: float"}, {}, compute_gelu};
const Operation gelu_gradient{"SessionlabGeluGradient", {"dy: float", "x: float"}, {"dx: float"}, {}, compute_gradient};
const Operation masked{"SessionlabMasked", {"x: float", "mask: bool"}, {"y: float"}, {"scale"}, compute_masked};
const Operation added{"SessionlabAddScaled", {"a: float", "b: float"}, {"y: float"}, {"scale"}, compute_add_scaled};

}  // namespace sessionlab
