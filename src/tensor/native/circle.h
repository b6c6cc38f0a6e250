// Cosines and sines of turns, and logarithms of what is left of one, to two units in the last place of float32.
#pragma once
#include "lanes.h"

namespace sessionlab {

typedef double DoubleLanes __attribute__((vector_size(128)));

// Of 2 pi u, for u in [0, 1): u is reduced to an eighth of a turn in double, where that is exact. Cephes' sinf and cosf.
SESSIONLAB_INLINE void circle_of(const DoubleLanes& u, Lanes& cosine, Lanes& sine) {
  const IntLanes quarter = __builtin_convertvector(u * 4.0 + 0.5, IntLanes);
  const Lanes x = __builtin_convertvector((u - __builtin_convertvector(quarter, DoubleLanes) * 0.25) * 6.283185307179586, Lanes), z = x * x;
  const Lanes s = ((z * -1.9515295891e-4f + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
  const Lanes c = ((z * 2.443315711809948e-5f - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z - z * 0.5f + 1.0f;
  const IntLanes odd = (quarter & 1) != 0, turned = (quarter & 2) != 0, crossed = ((quarter + 1) & 2) != 0;
  cosine = odd ? s : c;
  cosine = crossed ? -cosine : cosine;
  sine = odd ? c : s;
  sine = turned ? -sine : sine;
}

// log(1 - u) for u in [0, 1); where u is small it is taken of -u itself. Cephes' logf.
SESSIONLAB_INLINE Lanes log_of_rest(const DoubleLanes& u) {
  const Lanes rest = __builtin_convertvector(1.0 - u, Lanes), root = Lanes{} + 0.70710678118654752f;
  IntLanes bits;
  std::memcpy(&bits, &rest, sizeof bits);
  IntLanes power = ((bits >> 23) & 255) - 126;
  const IntLanes half = (bits & 0x7fffff) | 0x3f000000;  // rest as a number in [1/2, 1)
  Lanes m;
  std::memcpy(&m, &half, sizeof m);
  const IntLanes below = m < root;
  power += below;  // true is -1
  m = below ? m + m : m;
  const IntLanes near = power == 0;  // rest in [sqrt(1/2), sqrt(2))
  const Lanes x = near ? __builtin_convertvector(-u, Lanes) : m - 1.0f, z = x * x, n = __builtin_convertvector(power, Lanes);
  Lanes p = x * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * x + 1.1676998740e-1f;
  p = p * x - 1.2420140846e-1f;
  p = p * x + 1.4249322787e-1f;
  p = p * x - 1.6668057665e-1f;
  p = p * x + 2.0000714765e-1f;
  p = p * x - 2.4999993993e-1f;
  p = p * x + 3.3333331174e-1f;
  return x + (p * x * z - n * 2.12194440e-4f - z * 0.5f) + n * 0.693359375f;
}

}  // namespace sessionlab
