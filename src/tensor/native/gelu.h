// GELU in its tanh form, by the logistic function: (1 + tanh u) / 2 = 1 / (1 + e^-2u).
#pragma once
#include "lanes.h"

namespace sessionlab {

constexpr float gelu_factor = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float gelu_cubic = 0.044715f;

SESSIONLAB_INLINE Lanes gelu_gate(const Lanes& x) { return 1.0f / (1.0f + exp_of(x * (x * x * gelu_cubic + 1.0f) * (-2.0f * gelu_factor))); }
SESSIONLAB_INLINE Lanes gelu_of(const Lanes& x) { return x * gelu_gate(x); }
SESSIONLAB_INLINE Lanes gelu_slope(const Lanes& x) {
  const Lanes gate = gelu_gate(x);
  return gate + x * gate * (1.0f - gate) * (x * x * (3.0f * gelu_cubic) + 1.0f) * (2.0f * gelu_factor);
}

}  // namespace sessionlab
