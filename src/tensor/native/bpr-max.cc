// GRU4Rec's BPR-max and its gradient (src/models/gru4rec-losses.ts has the equations), a row at a time in the cache.
//   e = elu(s);  W = softmax of e over the other columns;  o = sigmoid(t - e), t the row's own e
//   loss = -log(sum W o) + penalty sum W e^2;  with u = 1 / sum W o and g = penalty e^2 - u o:
//   de_j = W_j (g_j - sum W g + u o_j (1 - o_j) + 2 penalty e_j);  dt = -u sum W o (1 - o);  ds = de elu'(s) / B
// B rows, M columns; row b's own column is b.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "panels.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 4;  // rows of one part
constexpr float smallest = 1e-24f;  // what stands in for a probability of 0

// Rows [from, to). weight and won hold one row each; M is cut into lanes, the last ones filled so that they count for nothing.
SESSIONLAB_KERNEL void rows(const float* scores, int64_t from, int64_t to, int64_t columns, float scale, float elu, float penalty, float* weight, float* won, float* loss, float* gradient) {
  for (int64_t row = from; row < to; row++) {
    const float* s = scores + row * columns;
    float* e = gradient + row * columns;  // until the gradient is written there
    Lanes piece, other, third, largest = Lanes{} - INFINITY;
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      load_part(piece, s + i, count, 0);
      if (elu > 0) piece = piece > 0.0f ? piece : (exp_of(piece) - 1.0f) * elu;
      store_part(e + i, piece, count);
    }
    const float target = e[row];
    e[row] = e[row == 0 ? 1 : 0];  // its own column takes part in no maximum
    for (int64_t i = 0; i < columns; i += width) {
      load_part(piece, e + i, std::min(width, columns - i), -INFINITY);
      largest = piece > largest ? piece : largest;
    }
    const float top = max_of(largest);
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      load_part(piece, e + i, count, 0);
      store_part(weight + i, exp_of(piece - top), count);
      store_part(won + i, 1.0f / (1.0f + exp_of(piece - target)), count);
    }
    weight[row] = 0;
    Lanes sum{}, wins{}, sizes{}, slopes{};
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      load_part(piece, weight + i, count, 0), load_part(other, won + i, count, 0), load_part(third, e + i, count, 0);
      sum += piece, wins += piece * other, sizes += piece * third * third, slopes += piece * other * (1.0f - other);
    }
    const float share = 1.0f / sum_of(sum), win = sum_of(wins) * share, size = penalty * sum_of(sizes) * share;
    const float turn = 1.0f / (win + smallest), mean = size - win * turn;
    loss[row] = -std::log(win + smallest) + size;
    const auto slope = [=](float value, float own) { return elu > 0 && value <= 0 ? own + elu : 1.0f; };
    const float own = -turn * sum_of(slopes) * share * slope(s[row], target) * scale;
    for (int64_t i = 0; i < columns; i += width) {
      const int64_t count = std::min(width, columns - i);
      Lanes score;
      load_part(piece, weight + i, count, 0), load_part(other, won + i, count, 0), load_part(third, e + i, count, 0), load_part(score, s + i, count, 1);
      Lanes d = piece * share * (third * third * penalty - other * turn - mean + other * (1.0f - other) * turn + third * (2.0f * penalty)) * scale;
      if (elu > 0) d = score > 0.0f ? d : d * (third + elu);
      store_part(e + i, d, count);
    }
    e[row] = own;
  }
}

void compute(Call& call) {
  const int64_t count = call.side(0, 0), columns = call.side(0, 1);
  if (columns < count || columns < 2) return call.refuse("Expected scores [B, M] with a column for each row's own target and one more at least");
  const float *scores = call.floats(0), elu = static_cast<float>(call.attribute("elu")), penalty = static_cast<float>(call.attribute("penalty"));
  float *loss = call.new_floats(0, {count}), *gradient = call.new_floats_like(1, 0);
  parallel_rows(count, block, [=](int64_t from, int64_t to) {
    std::vector<float> weight(columns), won(columns);
    rows(scores, from, to, columns, 1.0f / count, elu, penalty, weight.data(), won.data(), loss, gradient);
  });
}

SESSIONLAB_KERNEL void add(const float* bias, int64_t columns, float* scores) {
  for (int64_t i = 0; i < columns; i++) scores[i] += bias[i];
}

// The same from states h [B, D], rows e [M, D] of the table and their biases: s = h e^T + b;  dh = ds e;  de = ds^T h;  db = sums of ds.
void compute_rows(Call& call) {
  const int64_t count = call.side(0, 0), depth = call.side(0, 1), columns = call.side(1, 0);
  if (columns < count || columns < 2 || call.side(1, 1) != depth || call.size(2) != columns) return call.refuse("Expected states [B, D], a row [M, D] for each own target and one more at least, and a bias for each");
  const float *states = call.floats(0), *table = call.floats(1), *bias = call.floats(2);
  const float elu = static_cast<float>(call.attribute("elu")), penalty = static_cast<float>(call.attribute("penalty")), scale = static_cast<float>(call.attribute("scale"));
  float *loss = call.new_floats(0, {count}), *dstates = call.new_floats(1, {count, depth}), *dtable = call.new_floats(2, {columns, depth}), *dbias = call.new_floats(3, {columns});
  const std::unique_ptr<float[]> scores(new float[2 * count * columns]);
  float* const gradient = scores.get() + count * columns;
  multiply({{count, columns, scores.get(), columns, Start::zero, {depth, {states, depth, 1}, {table, 1, depth}}}});
  parallel_rows(count, block, [&](int64_t from, int64_t to) {
    thread_local std::vector<float> held;
    if (static_cast<int64_t>(held.size()) < 2 * columns) held.resize(2 * columns);
    for (int64_t row = from; row < to; row++) add(bias, columns, scores.get() + row * columns);
    rows(scores.get(), from, to, columns, scale, elu, penalty, held.data(), held.data() + columns, loss, gradient);
  });
  multiply({
      {count, depth, dstates, depth, Start::zero, {columns, {gradient, columns, 1}, {table, depth, 1}}},
      {columns, depth, dtable, depth, Start::zero, {count, {gradient, 1, columns}, {states, depth, 1}}},
  });
  sum_columns(gradient, count, columns, dbias);
}

}  // namespace

const Operation bpr_max_rows{
    "SessionlabBprMaxRows", {"states: float", "rows: float", "bias: float"}, {"loss: float", "dstates: float", "drows: float", "dbias: float"}, {"elu", "penalty", "scale"}, compute_rows};
const Operation bpr_max{"SessionlabBprMax", {"scores: float"}, {"loss: float", "gradient: float"}, {"elu", "penalty"}, compute};

}  // namespace sessionlab
