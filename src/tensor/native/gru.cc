// What a gated recurrent unit does between its two products, and the gradients (src/tensor/ops/gru.ts has the equations).
// B sessions, I inputs, H units; `both` is [x, r h], what the second product takes.
#include <algorithm>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 16;  // sessions of one part

SESSIONLAB_INLINE Lanes sigmoid(const Lanes& x) { return 1.0f / (1.0f + exp_of(-x)); }

// The numbers of one piece of a row; those past its end are 0.
SESSIONLAB_INLINE Lanes piece_of(const float* from, int64_t count) {
  Lanes piece;
  if (count == width) load(piece, from); else load_part(piece, from, count, 0);
  return piece;
}
SESSIONLAB_INLINE void put(float* to, const Lanes& piece, int64_t count) {
  if (count == width) store(to, piece); else store_part(to, piece, count);
}

// pre [B, 2H] before the sigmoid -> gates [B, 2H] (r, then u), both [B, I + H]
SESSIONLAB_KERNEL void open_gates(const float* pre, const float* bias, const float* x, const float* hidden, int64_t rows, int64_t inputs, int64_t units, float* gates, float* both) {
  for (int64_t row = 0; row < rows; row++, pre += 2 * units, gates += 2 * units, x += inputs, hidden += units, both += inputs + units) {
    std::copy(x, x + inputs, both);
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes r = sigmoid(piece_of(pre + i, count) + piece_of(bias + i, count));
      put(gates + i, r, count);
      put(gates + units + i, sigmoid(piece_of(pre + units + i, count) + piece_of(bias + units + i, count)), count);
      put(both + inputs + i, r * piece_of(hidden + i, count), count);
    }
  }
}

// pre [B, H] before the tanh -> candidate, next [B, H]
SESSIONLAB_KERNEL void move_on(const float* pre, const float* bias, const float* gates, const float* hidden, int64_t rows, int64_t units, float* candidate, float* next) {
  for (int64_t row = 0; row < rows; row++, pre += units, gates += 2 * units, hidden += units, candidate += units, next += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes c = 2.0f * sigmoid(2.0f * (piece_of(pre + i, count) + piece_of(bias + i, count))) - 1.0f;
      put(candidate + i, c, count);
      put(next + i, c + piece_of(gates + units + i, count) * (piece_of(hidden + i, count) - c), count);
    }
  }
}

// dy [B, H] -> what reaches the candidate before its tanh [B, H], the update gate before its sigmoid [B, H], and the state by u h
SESSIONLAB_KERNEL void move_back(const float* dy, const float* gates, const float* candidate, const float* hidden, int64_t rows, int64_t units, float* dpre, float* dupdate, float* dhidden) {
  for (int64_t row = 0; row < rows; row++, dy += units, gates += 2 * units, candidate += units, hidden += units, dpre += units, dupdate += units, dhidden += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes d = piece_of(dy + i, count), u = piece_of(gates + units + i, count), c = piece_of(candidate + i, count);
      put(dpre + i, d * (1.0f - u) * (1.0f - c * c), count);
      put(dupdate + i, d * (piece_of(hidden + i, count) - c) * u * (1.0f - u), count);
      put(dhidden + i, d * u, count);
    }
  }
}

// dboth [B, I + H], dupdate [B, H] -> both gates before their sigmoid [B, 2H], and what reaches the state by r h and u h
SESSIONLAB_KERNEL void close_gates(const float* dboth, const float* gates, const float* hidden, const float* dupdate, const float* before, int64_t rows, int64_t inputs, int64_t units, float* dpre, float* dhidden) {
  for (int64_t row = 0; row < rows; row++, dboth += inputs + units, gates += 2 * units, hidden += units, dupdate += units, before += units, dpre += 2 * units, dhidden += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes d = piece_of(dboth + inputs + i, count), r = piece_of(gates + i, count);
      put(dpre + i, d * piece_of(hidden + i, count) * r * (1.0f - r), count);
      put(dpre + units + i, piece_of(dupdate + i, count), count);
      put(dhidden + i, piece_of(before + i, count) + d * r, count);
    }
  }
}

void compute_gates(Call& call) {
  const int64_t rows = call.side(2, 0), inputs = call.side(2, 1), units = call.side(3, 1);
  if (call.size(0) != 2 * rows * units || call.size(1) != 2 * units || call.side(3, 0) != rows) return call.refuse("Expected [B, 2H], [2H], [B, I] and [B, H]");
  const float *pre = call.floats(0), *bias = call.floats(1), *x = call.floats(2), *hidden = call.floats(3);
  float *gates = call.new_floats(0, {rows, 2 * units}), *both = call.new_floats(1, {rows, inputs + units});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    open_gates(pre + 2 * from * units, bias, x + from * inputs, hidden + from * units, to - from, inputs, units, gates + 2 * from * units, both + from * (inputs + units));
  });
}

void compute_state(Call& call) {
  const int64_t rows = call.side(3, 0), units = call.side(3, 1);
  if (call.size(0) != rows * units || call.size(1) != units || call.size(2) != 2 * rows * units) return call.refuse("Expected [B, H], [H], [B, 2H] and [B, H]");
  const float *pre = call.floats(0), *bias = call.floats(1), *gates = call.floats(2), *hidden = call.floats(3);
  float *candidate = call.new_floats(0, {rows, units}), *next = call.new_floats(1, {rows, units});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * units;
    move_on(pre + at, bias, gates + 2 * at, hidden + at, to - from, units, candidate + at, next + at);
  });
}

void compute_state_gradient(Call& call) {
  const int64_t rows = call.side(0, 0), units = call.side(0, 1);
  if (call.size(1) != 2 * rows * units || call.size(2) != rows * units || call.size(3) != rows * units) return call.refuse("Expected [B, H], [B, 2H], [B, H] and [B, H]");
  const float *dy = call.floats(0), *gates = call.floats(1), *candidate = call.floats(2), *hidden = call.floats(3);
  float *dpre = call.new_floats(0, {rows, units}), *dupdate = call.new_floats(1, {rows, units}), *dhidden = call.new_floats(2, {rows, units});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * units;
    move_back(dy + at, gates + 2 * at, candidate + at, hidden + at, to - from, units, dpre + at, dupdate + at, dhidden + at);
  });
}

void compute_gates_gradient(Call& call) {
  const int64_t rows = call.side(2, 0), units = call.side(2, 1), inputs = call.side(0, 1) - units;
  if (call.side(0, 0) != rows || inputs < 0 || call.size(1) != 2 * rows * units || call.size(3) != rows * units || call.size(4) != rows * units) {
    return call.refuse("Expected [B, I + H], [B, 2H] and three of [B, H]");
  }
  const float *dboth = call.floats(0), *gates = call.floats(1), *hidden = call.floats(2), *dupdate = call.floats(3), *before = call.floats(4);
  float *dpre = call.new_floats(0, {rows, 2 * units}), *dhidden = call.new_floats(1, {rows, units});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * units;
    close_gates(dboth + from * (inputs + units), gates + 2 * at, hidden + at, dupdate + at, before + at, to - from, inputs, units, dpre + 2 * at, dhidden + at);
  });
}

}  // namespace

const Operation gru_gates{"SessionlabGruGates", {"pre: float", "bias: float", "x: float", "hidden: float"}, {"gates: float", "both: float"}, {}, compute_gates};
const Operation gru_state{"SessionlabGruState", {"pre: float", "bias: float", "gates: float", "hidden: float"}, {"candidate: float", "next: float"}, {}, compute_state};
const Operation gru_state_gradient{
    "SessionlabGruStateGradient", {"dy: float", "gates: float", "candidate: float", "hidden: float"}, {"dpre: float", "dupdate: float", "dhidden: float"}, {}, compute_state_gradient};
const Operation gru_gates_gradient{
    "SessionlabGruGatesGradient", {"dboth: float", "gates: float", "hidden: float", "dupdate: float", "before: float"}, {"dpre: float", "dhidden: float"}, {}, compute_gates_gradient};

}  // namespace sessionlab
