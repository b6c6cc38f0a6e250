// Sixteen floats at a time, by the vector extensions of gcc and clang: the same arithmetic in the same order whatever
// the width of the processor's registers. Reductions add lane by lane, then fold the lanes.
#pragma once
#include <cstdint>
#include <cstring>

// One body compiled for each kind of processor; the loader picks. gcc before 12 cannot tell x86-64's levels apart.
#if !defined(__x86_64__) || !defined(__linux__) || defined(__clang__)
#define SESSIONLAB_KERNEL
#elif __GNUC__ >= 12
#define SESSIONLAB_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SESSIONLAB_KERNEL __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#define SESSIONLAB_INLINE static inline __attribute__((always_inline))

namespace sessionlab {

constexpr int64_t width = 16;
typedef float Lanes __attribute__((vector_size(64)));
typedef int32_t IntLanes __attribute__((vector_size(64)));

SESSIONLAB_INLINE void load(Lanes& to, const float* from) { std::memcpy(&to, from, sizeof to); }
SESSIONLAB_INLINE void store(float* to, const Lanes& from) { std::memcpy(to, &from, sizeof from); }

// The first `count` lanes; the others hold `rest`.
SESSIONLAB_INLINE void load_part(Lanes& to, const float* from, int64_t count, float rest) {
  to = Lanes{} + rest;
  std::memcpy(&to, from, count * sizeof(float));
}
SESSIONLAB_INLINE void store_part(float* to, const Lanes& from, int64_t count) { std::memcpy(to, &from, count * sizeof(float)); }

// The numbers of one piece of a row; those past its end are 0.
SESSIONLAB_INLINE Lanes piece_of(const float* from, int64_t count) {
  Lanes piece;
  if (count == width) load(piece, from); else load_part(piece, from, count, 0);
  return piece;
}
SESSIONLAB_INLINE void put(float* to, const Lanes& piece, int64_t count) {
  if (count == width) store(to, piece); else store_part(to, piece, count);
}

SESSIONLAB_INLINE float sum_of(const Lanes& x) {
  float fold[width];
  store(fold, x);
  for (int64_t half = width / 2; half > 0; half /= 2)
    for (int64_t i = 0; i < half; i++) fold[i] += fold[i + half];
  return fold[0];
}
SESSIONLAB_INLINE int32_t sum_of(const IntLanes& x) {
  int32_t total = 0;
  for (int64_t i = 0; i < width; i++) total += x[i];
  return total;
}
SESSIONLAB_INLINE float max_of(const Lanes& x) {
  float largest = x[0];
  for (int64_t i = 1; i < width; i++) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

// e^x to 2 units in the last place on [-87, 88]; below it 1e-38, above it e^88. Cephes' expf: x = n ln 2 + r, a polynomial in r.
SESSIONLAB_INLINE Lanes exp_of(Lanes x) {
  x = x < -87.0f ? Lanes{} - 87.0f : x;
  x = x > 88.0f ? Lanes{} + 88.0f : x;
  const float to_integer = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  const Lanes n = (x * 1.44269504088896341f + to_integer) - to_integer;
  Lanes r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  Lanes p = Lanes{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const IntLanes power = (__builtin_convertvector(n, IntLanes) + 127) << 23;
  Lanes scale;
  std::memcpy(&scale, &power, sizeof scale);
  return p * scale;
}

}  // namespace sessionlab
