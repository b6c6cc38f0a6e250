// A step of Adam on all tensors of a model in one call (src/tensor/adam.ts has the equations), with the roundings of TensorFlow's
// ResourceApplyAdam: a product is rounded before it is added. The moments are moved on where they lie, since only the optimiser sees them.
#include <algorithm>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

#if defined(__clang__)
#define SESSIONLAB_ROUNDED
#pragma STDC FP_CONTRACT OFF
#else
#define SESSIONLAB_ROUNDED __attribute__((optimize("fp-contract=off")))
#endif

namespace sessionlab {
namespace {

constexpr int64_t block = 16384;

struct Numbers {
  float step, beta1, beta2, epsilon;
};

SESSIONLAB_KERNEL SESSIONLAB_ROUNDED void advance(const Numbers& of, const float* weight, const float* gradient, int64_t size, float* m, float* v, float* next) {
  const float keep1 = 1.0f - of.beta1, keep2 = 1.0f - of.beta2, step = of.step, epsilon = of.epsilon;
  for (int64_t i = 0; i < size; i++) {
    m[i] += (gradient[i] - m[i]) * keep1;
    v[i] += (gradient[i] * gradient[i] - v[i]) * keep2;
    next[i] = weight[i] - m[i] * step / (__builtin_sqrtf(v[i]) + epsilon);
  }
}

void compute(Call& call) {
  const int count = static_cast<int>(call.inputs() - 1) / 4;
  if (call.size(0) != 4) return call.refuse("Expected a step's size, two betas and an epsilon");
  const float* given = call.floats(0);
  const Numbers numbers{given[0], given[1], given[2], given[3]};
  struct Part {
    int tensor;
    int64_t from, to;
  };
  std::vector<Part> parts;
  std::vector<float*> next;
  for (int t = 0; t < count; t++) {
    const int64_t size = call.size(1 + t);
    for (int slot = 1; slot < 4; slot++)
      if (call.size(1 + slot * count + t) != size) return call.refuse("Expected moments and a gradient of the shape of each weight");
    next.push_back(call.new_floats_like(t, 1 + t));
    for (int64_t from = 0; from < size; from += block) parts.push_back({t, from, std::min(size, from + block)});
  }
  parallel(static_cast<int64_t>(parts.size()), [&](int64_t i) {
    const auto [t, from, to] = parts[i];
    float *m = const_cast<float*>(call.floats(1 + count + t)), *v = const_cast<float*>(call.floats(1 + 2 * count + t));
    advance(numbers, call.floats(1 + t) + from, call.floats(1 + 3 * count + t) + from, to - from, m + from, v + from, next[t] + from);
  });
}

}  // namespace

const Operation adam{"SessionlabAdam", {"numbers: float", "weights: N * float", "m: N * float", "v: N * float", "gradients: N * float"}, {"next: N * float"}, {"N: int"}, compute};

}  // namespace sessionlab
