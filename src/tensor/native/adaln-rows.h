// Row by row, what the denoiser "adaln" does between its products; `units` numbers a row.
#pragma once
#include <algorithm>

#include "circle.h"
#include "gelu.h"

namespace sessionlab {

constexpr float norm_epsilon = 1e-6f;

// A place as cosines, then sines, of falling frequencies. turns: of half of the units, in whole lanes
SESSIONLAB_KERNEL static void waves_of(double place, const double* turns, int64_t units, float* waves) {
  const int64_t half = (units + 1) / 2;
  for (int64_t i = 0; i < half; i += width) {
    DoubleLanes u;
    std::memcpy(&u, turns + i, sizeof u);
    u *= place;
    for (int64_t j = 0; j < width; j++) u[j] -= __builtin_floor(u[j]);
    Lanes cosine, sine;
    circle_of(u, cosine, sine);
    put(waves + i, cosine, std::min(width, half - i));
    if (half + i < units) put(waves + half + i, sine, std::min(width, units - half - i));
  }
}

SESSIONLAB_KERNEL static void gelu_rows(const float* x, int64_t size, float* y) {
  for (int64_t i = 0; i < size; i += width) put(y + i, gelu_of(piece_of(x + i, std::min(width, size - i))), std::min(width, size - i));
}

// dx holds dy before.
SESSIONLAB_KERNEL static void gelu_rows_back(const float* x, int64_t size, float* dx) {
  for (int64_t i = 0; i < size; i += width) {
    const int64_t count = std::min(width, size - i);
    put(dx + i, piece_of(dx + i, count) * gelu_slope(piece_of(x + i, count)), count);
  }
}

SESSIONLAB_INLINE Lanes logistic(const Lanes& x) { return 1.0f / (1.0f + exp_of(-x)); }

// condition [H] holds what the state gives, and then the sum of all three
SESSIONLAB_KERNEL static void mix(const float* time, const float* no_state, float with_state, const float* asked, const float* no_popularity, float with_asked, int64_t units, float* condition, float* silu) {
  for (int64_t i = 0; i < units; i += width) {
    const int64_t count = std::min(width, units - i);
    Lanes sum = piece_of(time + i, count) + (piece_of(condition + i, count) * with_state + piece_of(no_state + i, count) * (1.0f - with_state));
    if (asked != nullptr) sum += piece_of(asked + i, count) * with_asked + piece_of(no_popularity + i, count) * (1.0f - with_asked);
    put(condition + i, sum, count);
    put(silu + i, sum * logistic(sum), count);
  }
}

// d holds that of silu(c), and then that of c
SESSIONLAB_KERNEL static void silu_back(const float* condition, int64_t size, float* d) {
  for (int64_t i = 0; i < size; i += width) {
    const int64_t count = std::min(width, size - i);
    const Lanes c = piece_of(condition + i, count), gate = logistic(c);
    put(d + i, piece_of(d + i, count) * gate * (1.0f + c * (1.0f - gate)), count);
  }
}

// One row, normalised, scaled and shifted. scale: [3H] scale, shift, gate
SESSIONLAB_KERNEL static void modulate(const float* z, const float* scale, int64_t units, float* normal, float* inverse, float* modulated) {
  Lanes sum{};
  for (int64_t i = 0; i < units; i += width) sum += piece_of(z + i, std::min(width, units - i));
  const float mean = sum_of(sum) / units;
  sum = Lanes{};
  for (int64_t i = 0; i < units; i += width) {
    Lanes piece;
    load_part(piece, z + i, std::min(width, units - i), mean);
    sum += (piece - mean) * (piece - mean);
  }
  *inverse = 1.0f / __builtin_sqrtf(sum_of(sum) / units + norm_epsilon);
  for (int64_t i = 0; i < units; i += width) {
    const int64_t count = std::min(width, units - i);
    const Lanes hat = (piece_of(z + i, count) - mean) * *inverse;
    put(normal + i, hat, count);
    put(modulated + i, hat * (1.0f + piece_of(scale + i, count)) + piece_of(scale + units + i, count), count);
  }
}

// dz gains what reaches it through the norm; dscale [2H]: of scale and shift
SESSIONLAB_KERNEL static void modulate_back(const float* dmodulated, const float* scale, const float* normal, float inverse, int64_t units, float* dscale, float* dz) {
  Lanes sum{}, along{};
  for (int64_t i = 0; i < units; i += width) {
    const int64_t count = std::min(width, units - i);
    const Lanes d = piece_of(dmodulated + i, count), hat = piece_of(normal + i, count), dhat = d * (1.0f + piece_of(scale + i, count));
    sum += dhat;
    along += dhat * hat;
    put(dscale + i, d * hat, count);
    put(dscale + units + i, d, count);
  }
  const float mean = sum_of(sum) / units, slope = sum_of(along) / units;
  for (int64_t i = 0; i < units; i += width) {
    const int64_t count = std::min(width, units - i);
    const Lanes dhat = piece_of(dmodulated + i, count) * (1.0f + piece_of(scale + i, count));
    put(dz + i, piece_of(dz + i, count) + inverse * (dhat - mean - piece_of(normal + i, count) * slope), count);
  }
}

// z += out * gate
SESSIONLAB_KERNEL static void pass_gate(const float* out, const float* gate, int64_t units, float* z) {
  for (int64_t i = 0; i < units; i += width) {
    const int64_t count = std::min(width, units - i);
    put(z + i, piece_of(z + i, count) + piece_of(out + i, count) * piece_of(gate + i, count), count);
  }
}

// y = a * b
SESSIONLAB_KERNEL static void times_of(const float* a, const float* b, int64_t size, float* y) {
  for (int64_t i = 0; i < size; i += width) put(y + i, piece_of(a + i, std::min(width, size - i)) * piece_of(b + i, std::min(width, size - i)), std::min(width, size - i));
}

// y += factor * x
SESSIONLAB_KERNEL static void add_to(float* y, const float* x, float factor, int64_t size) {
  for (int64_t i = 0; i < size; i += width) put(y + i, piece_of(y + i, std::min(width, size - i)) + factor * piece_of(x + i, std::min(width, size - i)), std::min(width, size - i));
}

}  // namespace sessionlab
