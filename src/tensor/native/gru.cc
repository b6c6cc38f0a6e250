// A step of a gated recurrent unit, and its gradient (src/tensor/ops/gru.ts has the equations).
// B sessions, I inputs, H units. The matrices are [I + H, ...], the rows of the inputs first.
#include <algorithm>
#include <memory>

#include "lanes.h"
#include "operation.h"
#include "panels.h"
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

// gates [B, 2H] before the sigmoid become r, then u; kept [B, H] is r h
SESSIONLAB_KERNEL void open_gates(const float* bias, const float* hidden, int64_t rows, int64_t units, float* gates, float* kept) {
  for (int64_t row = 0; row < rows; row++, gates += 2 * units, hidden += units, kept += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes r = sigmoid(piece_of(gates + i, count) + piece_of(bias + i, count));
      put(gates + i, r, count);
      put(gates + units + i, sigmoid(piece_of(gates + units + i, count) + piece_of(bias + units + i, count)), count);
      put(kept + i, r * piece_of(hidden + i, count), count);
    }
  }
}

// candidate [B, H] before the tanh becomes c; next [B, H]
SESSIONLAB_KERNEL void move_on(const float* bias, const float* gates, const float* hidden, int64_t rows, int64_t units, float* candidate, float* next) {
  for (int64_t row = 0; row < rows; row++, gates += 2 * units, hidden += units, candidate += units, next += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes c = 2.0f * sigmoid(2.0f * (piece_of(candidate + i, count) + piece_of(bias + i, count))) - 1.0f;
      put(candidate + i, c, count);
      put(next + i, c + piece_of(gates + units + i, count) * (piece_of(hidden + i, count) - c), count);
    }
  }
}

// dy [B, H] -> what reaches the candidate before its tanh [B, H], the update gate before its sigmoid, and the state by u h
SESSIONLAB_KERNEL void move_back(const float* dy, const float* gates, const float* candidate, const float* hidden, int64_t rows, int64_t units, float* dcandidate, float* dgates, float* dhidden) {
  for (int64_t row = 0; row < rows; row++, dy += units, gates += 2 * units, candidate += units, hidden += units, dcandidate += units, dgates += 2 * units, dhidden += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes d = piece_of(dy + i, count), u = piece_of(gates + units + i, count), c = piece_of(candidate + i, count);
      put(dcandidate + i, d * (1.0f - u) * (1.0f - c * c), count);
      put(dgates + units + i, d * (piece_of(hidden + i, count) - c) * u * (1.0f - u), count);
      put(dhidden + i, d * u, count);
    }
  }
}

// dkept [B, H], of r h -> the reset gate before its sigmoid, and what more reaches the state
SESSIONLAB_KERNEL void close_gates(const float* dkept, const float* gates, const float* hidden, int64_t rows, int64_t units, float* dgates, float* dhidden) {
  for (int64_t row = 0; row < rows; row++, dkept += units, gates += 2 * units, hidden += units, dgates += 2 * units, dhidden += units) {
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes d = piece_of(dkept + i, count), r = piece_of(gates + i, count);
      put(dgates + i, d * piece_of(hidden + i, count) * r * (1.0f - r), count);
      put(dhidden + i, piece_of(dhidden + i, count) + d * r, count);
    }
  }
}

// A row-major matrix of `columns` as a product's left side, turned as its left side, as its right side, turned as its right side.
Left rows_of(const float* a, int64_t columns) { return {a, columns, 1}; }
Left columns_of(const float* a, int64_t columns) { return {a, 1, columns}; }
Right as_it_is(const float* b, int64_t columns) { return {b, columns, 1}; }
Right turned(const float* b, int64_t columns) { return {b, 1, columns}; }

const char* wrong_shapes(Call& call, int x, int hidden, int gate_weight, int candidate_weight) {
  const int64_t rows = call.side(x, 0), inputs = call.side(x, 1), units = call.side(hidden, 1);
  const bool fits = call.side(hidden, 0) == rows && call.side(gate_weight, 0) == inputs + units && call.side(gate_weight, 1) == 2 * units &&
                    call.side(candidate_weight, 0) == inputs + units && call.side(candidate_weight, 1) == units;
  return fits ? nullptr : "Expected x [B, I], hidden [B, H] and weights [I + H, 2H] and [I + H, H]";
}

void compute_step(Call& call) {
  if (const char* wrong = wrong_shapes(call, 0, 1, 2, 4)) return call.refuse(wrong);
  const int64_t rows = call.side(0, 0), inputs = call.side(0, 1), units = call.side(1, 1);
  if (call.size(3) != 2 * units || call.size(5) != units) return call.refuse("Expected biases [2H] and [H]");
  const float *x = call.floats(0), *hidden = call.floats(1), *gate_weight = call.floats(2), *gate_bias = call.floats(3), *weight = call.floats(4), *bias = call.floats(5);
  float *next = call.new_floats(0, {rows, units}), *gates = call.new_floats(1, {rows, 2 * units}), *kept = call.new_floats(2, {rows, units}), *candidate = call.new_floats(3, {rows, units});
  multiply({{rows, 2 * units, gates, 2 * units, Start::zero, {inputs, rows_of(x, inputs), as_it_is(gate_weight, 2 * units)}, {units, rows_of(hidden, units), as_it_is(gate_weight + inputs * 2 * units, 2 * units)}}});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { open_gates(gate_bias, hidden + from * units, to - from, units, gates + 2 * from * units, kept + from * units); });
  multiply({{rows, units, candidate, units, Start::zero, {inputs, rows_of(x, inputs), as_it_is(weight, units)}, {units, rows_of(kept, units), as_it_is(weight + inputs * units, units)}}});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * units;
    move_on(bias, gates + 2 * at, hidden + at, to - from, units, candidate + at, next + at);
  });
}

void compute_gradient(Call& call) {
  if (const char* wrong = wrong_shapes(call, 1, 2, 3, 4)) return call.refuse(wrong);
  const int64_t rows = call.side(1, 0), inputs = call.side(1, 1), units = call.side(2, 1);
  if (call.size(0) != rows * units || call.size(5) != 2 * rows * units || call.size(6) != rows * units || call.size(7) != rows * units) return call.refuse("Expected dy [B, H], gates [B, 2H], and two of [B, H]");
  const bool to_state = call.attribute("state") != 0;
  const float *dy = call.floats(0), *x = call.floats(1), *hidden = call.floats(2), *gate_weight = call.floats(3), *weight = call.floats(4), *gates = call.floats(5), *kept = call.floats(6), *candidate = call.floats(7);
  float *dx = call.new_floats(0, {rows, inputs}), *dhidden = call.new_floats(1, {rows, units});
  float *dgate_weight = call.new_floats(2, {inputs + units, 2 * units}), *dgate_bias = call.new_floats(3, {2 * units});
  float *dweight = call.new_floats(4, {inputs + units, units}), *dbias = call.new_floats(5, {units});
  const std::unique_ptr<float[]> held(new float[4 * rows * units]);
  float *dgates = held.get(), *dcandidate = dgates + 2 * rows * units, *dkept = dcandidate + rows * units;
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * units;
    move_back(dy + at, gates + 2 * at, candidate + at, hidden + at, to - from, units, dcandidate + at, dgates + 2 * at, dhidden + at);
  });
  multiply({
      {rows, units, dkept, units, Start::zero, {units, rows_of(dcandidate, units), turned(weight + inputs * units, units)}},
      {inputs, units, dweight, units, Start::zero, {rows, columns_of(x, inputs), as_it_is(dcandidate, units)}},
      {units, units, dweight + inputs * units, units, Start::zero, {rows, columns_of(kept, units), as_it_is(dcandidate, units)}},
  });
  parallel_rows(rows, block, [=](int64_t from, int64_t to) {
    const int64_t at = from * units;
    close_gates(dkept + at, gates + 2 * at, hidden + at, to - from, units, dgates + 2 * at, dhidden + at);
  });
  multiply({
      {rows, inputs, dx, inputs, Start::zero, {units, rows_of(dcandidate, units), turned(weight, units)}, {2 * units, rows_of(dgates, 2 * units), turned(gate_weight, 2 * units)}},
      {inputs, 2 * units, dgate_weight, 2 * units, Start::zero, {rows, columns_of(x, inputs), as_it_is(dgates, 2 * units)}},
      {units, 2 * units, dgate_weight + inputs * 2 * units, 2 * units, Start::zero, {rows, columns_of(hidden, units), as_it_is(dgates, 2 * units)}},
      {to_state ? rows : 0, units, dhidden, units, Start::kept, {2 * units, rows_of(dgates, 2 * units), turned(gate_weight + inputs * 2 * units, 2 * units)}},
  });
  sum_columns(dgates, rows, 2 * units, dgate_bias);
  sum_columns(dcandidate, rows, units, dbias);
}

}  // namespace

const Operation gru_step{
    "SessionlabGruStep",
    {"x: float", "hidden: float", "gate_weight: float", "gate_bias: float", "weight: float", "bias: float"},
    {"next: float", "gates: float", "kept: float", "candidate: float"},
    {},
    compute_step};
const Operation gru_step_gradient{
    "SessionlabGruStepGradient",
    {"dy: float", "x: float", "hidden: float", "gate_weight: float", "weight: float", "gates: float", "kept: float", "candidate: float"},
    {"dx: float", "dhidden: float", "dgate_weight: float", "dgate_bias: float", "dweight: float", "dbias: float"},
    {"state"},
    compute_gradient};

}  // namespace sessionlab
