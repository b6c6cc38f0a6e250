// What HDGI does between its sparse products (src/tensor/ops/semantic.ts has the equations): PReLU of rows with a bias, the
// mean of a small hidden layer over groups of rows, and a weighed sum of tensors. N rows, D columns, S hidden units, G groups, P tensors.
#include <algorithm>
#include <memory>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "panels.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 64;  // rows of one part

SESSIONLAB_INLINE Lanes piece_of(const float* from, int64_t count) {
  Lanes piece;
  if (count == width) load(piece, from); else load_part(piece, from, count, 0);
  return piece;
}
SESSIONLAB_INLINE void put(float* to, const Lanes& piece, int64_t count) {
  if (count == width) store(to, piece); else store_part(to, piece, count);
}

SESSIONLAB_KERNEL void prelu_rows(const float* x, const float* bias, float slope, int64_t rows, int64_t columns, float* y) {
  for (int64_t row = 0; row < rows; row++, x += columns, y += columns)
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      const Lanes v = piece_of(x + i, count) + piece_of(bias + i, count);
      put(y + i, v > 0.0f ? v : v * slope, count);
    }
}

// Also adds the rows' parts of the bias's gradient [D] and of the slope's.
SESSIONLAB_KERNEL void prelu_rows_back(const float* dy, const float* x, const float* bias, float slope, int64_t rows, int64_t columns, float* dx, float* dbias, float* dslope) {
  Lanes pulled{};
  std::fill(dbias, dbias + columns, 0.0f);
  for (int64_t row = 0; row < rows; row++, dy += columns, x += columns, dx += columns)
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      const Lanes v = piece_of(x + i, count) + piece_of(bias + i, count), d = piece_of(dy + i, count);
      const Lanes own = v > 0.0f ? d : d * slope;
      pulled += v > 0.0f ? Lanes{} : d * v;
      put(dx + i, own, count);
      put(dbias + i, piece_of(dbias + i, count) + own, count);
    }
  *dslope = sum_of(pulled);
}

// inner [rows, S] before the tanh becomes the tanh; sums [S] of it.
SESSIONLAB_KERNEL void tanh_rows(const float* bias, int64_t rows, int64_t units, float* inner, float* sums) {
  std::fill(sums, sums + units, 0.0f);
  for (int64_t row = 0; row < rows; row++, inner += units)
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes t = 2.0f / (1.0f + exp_of((piece_of(inner + i, count) + piece_of(bias + i, count)) * -2.0f)) - 1.0f;
      put(inner + i, t, count);
      put(sums + i, piece_of(sums + i, count) + t, count);
    }
}

// inner [rows, S] -> what reaches it before its tanh, by a pull on its mean of `scale` query
SESSIONLAB_KERNEL void tanh_rows_back(const float* inner, const float* query, float scale, int64_t rows, int64_t units, float* dinner) {
  for (int64_t row = 0; row < rows; row++, inner += units, dinner += units)
    for (int64_t i = 0; i < units; i += width) {
      const int64_t count = std::min(width, units - i);
      const Lanes t = piece_of(inner + i, count);
      put(dinner + i, (1.0f - t * t) * piece_of(query + i, count) * scale, count);
    }
}

SESSIONLAB_KERNEL void weigh(const std::vector<const float*>& parts, const std::vector<float>& weights, int64_t from, int64_t to, float* y) {
  for (int64_t i = from; i < to; i += width) {
    const int64_t count = std::min(width, to - i);
    Lanes sum{};
    for (size_t p = 0; p < parts.size(); p++) sum += piece_of(parts[p] + i, count) * weights[p];
    put(y + i, sum, count);
  }
}

SESSIONLAB_KERNEL float weigh_back(const float* dy, const float* part, float weight, int64_t from, int64_t to, float* dpart) {
  Lanes sum{};
  for (int64_t i = from; i < to; i += width) {
    const int64_t count = std::min(width, to - i);
    const Lanes d = piece_of(dy + i, count);
    sum += d * piece_of(part + i, count);
    put(dpart + i, d * weight, count);
  }
  return sum_of(sum);
}

void compute_prelu(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1);
  if (call.size(1) != columns || call.size(2) != 1) return call.refuse("Expected rows, a bias for each column, and one slope");
  const float *x = call.floats(0), *bias = call.floats(1), slope = *call.floats(2);
  float* y = call.new_floats_like(0, 0);
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { prelu_rows(x + from * columns, bias, slope, to - from, columns, y + from * columns); });
}

void compute_prelu_gradient(Call& call) {
  const int64_t rows = call.side(1, 0), columns = call.side(1, 1), parts = (rows + block - 1) / block;
  if (call.size(0) != call.size(1) || call.size(2) != columns || call.size(3) != 1) return call.refuse("Expected dy of the shape of x, a bias for each column, and one slope");
  const float *dy = call.floats(0), *x = call.floats(1), *bias = call.floats(2), slope = *call.floats(3);
  float *dx = call.new_floats_like(0, 1), *dbias = call.new_floats(1, {columns}), *dslope = call.new_floats(2, {1});
  std::vector<float> biases(parts * columns), slopes(parts);
  parallel_rows(rows, block, [&](int64_t from, int64_t to) {
    const int64_t part = from / block, at = from * columns;
    prelu_rows_back(dy + at, x + at, bias, slope, to - from, columns, dx + at, biases.data() + part * columns, slopes.data() + part);
  });
  sum_columns(biases.data(), parts, columns, dbias);
  *dslope = 0;
  for (const float one : slopes) *dslope += one;
}

void compute_means(Call& call) {
  const int64_t rows = call.side(0, 0), columns = call.side(0, 1), units = call.side(1, 1), groups = static_cast<int64_t>(call.attribute("groups")), each = rows / groups;
  if (call.side(1, 0) != columns || call.size(2) != units || each * groups != rows) return call.refuse("Expected groups of rows [N, D], a weight [D, S] and a bias [S]");
  const float *x = call.floats(0), *weight = call.floats(1), *bias = call.floats(2);
  float *means = call.new_floats(0, {groups, units}), *inner = call.new_floats(1, {rows, units});
  multiply({{rows, units, inner, units, Start::zero, {columns, {x, columns, 1}, {weight, units, 1}}}});
  const int64_t parts = (each + block - 1) / block;
  std::vector<float> sums(groups * parts * units);
  parallel(groups * parts, [&](int64_t i) {
    const int64_t from = i % parts * block, to = std::min(each, from + block);
    tanh_rows(bias, to - from, units, inner + (i / parts * each + from) * units, sums.data() + i * units);
  });
  for (int64_t g = 0; g < groups; g++) sum_columns(sums.data() + g * parts * units, parts, units, means + g * units);
  for (int64_t i = 0; i < groups * units; i++) means[i] /= static_cast<float>(each);
}

void compute_means_gradient(Call& call) {
  const int64_t rows = call.side(1, 0), columns = call.side(1, 1), units = call.side(2, 1), groups = call.side(0, 0), each = rows / std::max<int64_t>(1, groups);
  if (each * groups != rows || call.side(0, 1) != units || call.side(2, 0) != columns || call.size(3) != rows * units) return call.refuse("Expected pulls [G, S], groups of rows [N, D], a weight [D, S] and the hidden layer [N, S]");
  const float *dmeans = call.floats(0), *x = call.floats(1), *weight = call.floats(2), *inner = call.floats(3);
  float *dx = call.new_floats_like(0, 1), *dweight = call.new_floats(1, {columns, units}), *dbias = call.new_floats(2, {units});
  const std::unique_ptr<float[]> dinner(new float[rows * units]);
  const int64_t parts = (each + block - 1) / block;
  parallel(groups * parts, [&](int64_t i) {
    const int64_t g = i / parts, from = i % parts * block, to = std::min(each, from + block), at = (g * each + from) * units;
    tanh_rows_back(inner + at, dmeans + g * units, 1.0f / each, to - from, units, dinner.get() + at);
  });
  multiply({
      {columns, units, dweight, units, Start::zero, {rows, {x, 1, columns}, {dinner.get(), units, 1}}},
      {rows, columns, dx, columns, Start::zero, {units, {dinner.get(), units, 1}, {weight, 1, units}}},
  });
  sum_columns(dinner.get(), rows, units, dbias);
}

void compute_weighed(Call& call) {
  const int64_t groups = call.side(0, 0), parts = call.side(0, 1), all = call.size(1), each = all / std::max<int64_t>(1, groups);
  if (parts != call.inputs() - 1 || each * groups != all) return call.refuse("Expected a weight [G, P] for each of P tensors, of G groups of rows");
  std::vector<const float*> held;
  for (int64_t p = 0; p < parts; p++) {
    if (call.size(p + 1) != all) return call.refuse("Expected tensors of one shape");
    held.push_back(call.floats(p + 1));
  }
  const float* beta = call.floats(0);
  float* y = call.new_floats_like(0, 1);
  for (int64_t g = 0; g < groups; g++) {
    const std::vector<float> weights(beta + g * parts, beta + (g + 1) * parts);
    parallel_rows(each, 16384, [&](int64_t from, int64_t to) { weigh(held, weights, g * each + from, g * each + to, y); });
  }
}

void compute_weighed_gradient(Call& call) {
  const int64_t groups = call.side(1, 0), parts = call.side(1, 1), all = call.size(0), each = all / std::max<int64_t>(1, groups), size = 16384, blocks = (each + size - 1) / size;
  if (parts != call.inputs() - 2 || each * groups != all) return call.refuse("Expected a weight [G, P] for each of P tensors, of G groups of rows");
  const float *dy = call.floats(0), *beta = call.floats(1);
  float* dbeta = call.new_floats(0, {groups, parts});
  std::vector<float> sums(groups * parts * blocks);
  for (int64_t p = 0; p < parts; p++) {
    if (call.size(p + 2) != all) return call.refuse("Expected tensors of one shape");
    const float* part = call.floats(p + 2);
    float* dpart = call.new_floats_like(p + 1, p + 2);
    parallel(groups * blocks, [&](int64_t i) {
      const int64_t g = i / blocks, from = i % blocks * size;
      sums[(g * parts + p) * blocks + i % blocks] = weigh_back(dy, part, beta[g * parts + p], g * each + from, g * each + std::min(each, from + size), dpart);
    });
  }
  for (int64_t i = 0; i < groups * parts; i++) {
    dbeta[i] = 0;
    for (int64_t b = 0; b < blocks; b++) dbeta[i] += sums[i * blocks + b];
  }
}

}  // namespace

const Operation biased_prelu{"SessionlabBiasedPrelu", {"x: float", "bias: float", "slope: float"}, {"y: float"}, {}, compute_prelu};
const Operation biased_prelu_gradient{
    "SessionlabBiasedPreluGradient", {"dy: float", "x: float", "bias: float", "slope: float"}, {"dx: float", "dbias: float", "dslope: float"}, {}, compute_prelu_gradient};
const Operation hidden_means{"SessionlabHiddenMeans", {"x: float", "weight: float", "bias: float"}, {"means: float", "inner: float"}, {"groups"}, compute_means};
const Operation hidden_means_gradient{
    "SessionlabHiddenMeansGradient", {"dmeans: float", "x: float", "weight: float", "inner: float"}, {"dx: float", "dweight: float", "dbias: float"}, {}, compute_means_gradient};
const Operation weighed{"SessionlabWeighed", {"beta: float", "parts: N * float"}, {"y: float"}, {"N: int"}, compute_weighed};
const Operation weighed_gradient{
    "SessionlabWeighedGradient", {"dy: float", "beta: float", "parts: N * float"}, {"dbeta: float", "dparts: N * float"}, {"N: int"}, compute_weighed_gradient};

}  // namespace sessionlab
