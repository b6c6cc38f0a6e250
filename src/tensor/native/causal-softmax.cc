// The middle of causal attention: P = softmax(scale x + mask), dropout(P), and the gradient back to x.
//   kept = P mask / keep;   dx = scale (dkept kept - P sum(dkept kept))
// G groups (a session's head), L positions; row i of a group sees its columns 0..i, the others are 0.
#include <algorithm>
#include <cmath>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 4;  // groups of one part

SESSIONLAB_KERNEL void forward(const float* x, const uint8_t* mask, float scale, float keep, int64_t groups, int64_t length, float* p, float* kept) {
  for (int64_t row = 0; row < groups * length; row++, x += length, p += length) {
    const int64_t seen = row % length + 1;
    Lanes piece, largest = Lanes{} - INFINITY, sum{};
    for (int64_t i = 0; i < seen; i += width) {
      load_part(piece, x + i, std::min(width, seen - i), -INFINITY);
      largest = piece > largest ? piece : largest;
    }
    const float top = max_of(largest);
    for (int64_t i = 0; i < seen; i += width) {
      const int64_t count = std::min(width, seen - i);
      load_part(piece, x + i, count, top);
      store_part(p + i, exp_of((piece - top) * scale), count);
      load_part(piece, p + i, count, 0);
      sum += piece;
    }
    const float share = 1.0f / sum_of(sum);
    for (int64_t i = 0; i < seen; i++) p[i] *= share;
    std::fill(p + seen, p + length, 0.0f);
    if (mask == nullptr) continue;
    for (int64_t i = 0; i < length; i++) kept[i] = p[i] * (mask[i] * keep);
    mask += length;
    kept += length;
  }
}

SESSIONLAB_KERNEL void backward(const float* dkept, const float* p, const float* kept, float scale, int64_t groups, int64_t length, float* dx) {
  for (int64_t row = 0; row < groups * length; row++, dkept += length, p += length, kept += length, dx += length) {
    const int64_t seen = row % length + 1;
    Lanes sum{}, d, k, v;
    for (int64_t i = 0; i < seen; i += width) {
      const int64_t count = std::min(width, seen - i);
      load_part(d, dkept + i, count, 0), load_part(k, kept + i, count, 0);
      sum += d * k;
    }
    const float total = sum_of(sum);
    for (int64_t i = 0; i < seen; i += width) {
      const int64_t count = std::min(width, seen - i);
      load_part(d, dkept + i, count, 0), load_part(k, kept + i, count, 0), load_part(v, p + i, count, 0);
      store_part(dx + i, (d * k - v * total) * scale, count);
    }
    std::fill(dx + seen, dx + length, 0.0f);
  }
}

// Without dropout the mask is empty, and so is the second output.
void compute_forward(Call& call) {
  const int64_t groups = call.side(0, 0), length = call.side(0, 1), size = length * length;
  const bool drops = call.size(1) > 0;
  if (call.side(0, 2) != length || (drops && call.size(1) != groups * size)) return call.refuse("Expected logits [G, L, L], and a mask of their shape or none");
  const float *x = call.floats(0), scale = static_cast<float>(call.attribute("scale")), keep = static_cast<float>(call.attribute("keep"));
  const uint8_t* mask = drops ? call.bytes(1) : nullptr;
  float *p = call.new_floats_like(0, 0), *kept = drops ? call.new_floats_like(1, 0) : call.new_floats(1, {0});
  parallel_rows(groups, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * size;
    forward(x + at, drops ? mask + at : nullptr, scale, keep, to - from, length, p + at, kept + (drops ? at : 0));
  });
}

void compute_gradient(Call& call) {
  const int64_t groups = call.side(0, 0), length = call.side(0, 1), size = length * length;
  if (call.size(1) != groups * size || call.size(2) != groups * size) return call.refuse("Expected three tensors of one shape [G, L, L]");
  const float *dkept = call.floats(0), *p = call.floats(1), *kept = call.floats(2), scale = static_cast<float>(call.attribute("scale"));
  float* dx = call.new_floats_like(0, 0);
  parallel_rows(groups, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * size;
    backward(dkept + at, p + at, kept + at, scale, to - from, length, dx + at);
  });
}

}  // namespace

const Operation causal_softmax{"SessionlabCausalSoftmax", {"x: float", "mask: bool"}, {"p: float", "kept: float"}, {"scale", "keep"}, compute_forward};
const Operation causal_softmax_gradient{"SessionlabCausalSoftmaxGradient", {"dkept: float", "p: float", "kept: float"}, {"dx: float"}, {"scale"}, compute_gradient};

}  // namespace sessionlab
