// Attention over the edges of a graph, several heads at once, nothing kept of an edge (Velickovic et al., 2018, Eq. 1 to 4):
//   e_ij = leaky(s_i + t_j);  a_ij = exp(e_ij - l_i), l_i = log sum_j exp e_ij;  y_i = sum_j a_ij z_j.
// Backwards, with d_i = dy_i . y_i:  g_ij = a_ij (dy_i . z_j - d_i) leaky'(s_i + t_j);
//   ds_i = sum_j g_ij, dt_j = sum_i g_ij, dz_j = sum_i a_ij dy_i: one walk over rows, one over columns, no sum across threads.
// Symbols: R rows i, C columns j, N edges, K heads (16 at most), W numbers of a head.
#include <algorithm>
#include <cmath>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 16;  // rows of one part

struct Graph {
  const int32_t *offsets, *other;  // by rows, or turned round by columns
  int64_t heads, size;             // K, W
  float slope;
};

// The K numbers of a row in the first lanes.
SESSIONLAB_INLINE void load_heads(Lanes& to, const float* from, int64_t heads) {
  to = Lanes{};
  for (int64_t k = 0; k < heads; k++) to[k] = from[k];
}

SESSIONLAB_INLINE Lanes leaky(const Lanes& x, float slope) { return x > 0.0f ? x : x * slope; }
SESSIONLAB_INLINE Lanes leaky_slope(const Lanes& x, float slope) { return x > 0.0f ? Lanes{} + 1.0f : Lanes{} + slope; }

// dy_i . z_j of each head.
SESSIONLAB_INLINE void dots(Lanes& to, const float* a, const float* b, int64_t heads, int64_t size) {
  to = Lanes{};
  for (int64_t k = 0; k < heads; k++) {
    float sum = 0;
    for (int64_t w = 0; w < size; w++) sum += a[k * size + w] * b[k * size + w];
    to[k] = sum;
  }
}

SESSIONLAB_INLINE void add_scaled(float* to, const float* from, const Lanes& scale, int64_t heads, int64_t size) {
  for (int64_t k = 0; k < heads; k++) {
    const float factor = scale[k];
    for (int64_t w = 0; w < size; w++) to[k * size + w] += factor * from[k * size + w];
  }
}

template <int64_t known_heads, int64_t known_size>
SESSIONLAB_INLINE void forward_rows(const Graph& graph, int64_t from, int64_t to, const float* z, const float* s, const float* t, float* y, float* l) {
  const int64_t heads = known_heads > 0 ? known_heads : graph.heads, size = known_heads > 0 ? known_size : graph.size, all = heads * size;
  std::vector<float> sum(all);
  Lanes own, other, largest, total;
  for (int64_t row = from; row < to; row++) {
    const int64_t begin = graph.offsets[row], end = graph.offsets[row + 1];
    load_heads(own, s + row * heads, heads);
    largest = Lanes{} - INFINITY;
    for (int64_t edge = begin; edge < end; edge++) {
      load_heads(other, t + graph.other[edge] * heads, heads);
      largest = other > largest ? other : largest;
    }
    largest = leaky(own + largest, graph.slope);  // leaky rises
    total = Lanes{};
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (int64_t edge = begin; edge < end; edge++) {
      const int64_t j = graph.other[edge];
      load_heads(other, t + j * heads, heads);
      const Lanes weight = exp_of(leaky(own + other, graph.slope) - largest);
      total += weight;
      add_scaled(sum.data(), z + j * all, weight, heads, size);
    }
    for (int64_t k = 0; k < heads; k++) {
      const float share = begin == end ? 0.0f : 1.0f / total[k];
      l[row * heads + k] = begin == end ? 0.0f : largest[k] + std::log(total[k]);
      for (int64_t w = 0; w < size; w++) y[row * all + k * size + w] = sum[k * size + w] * share;
    }
  }
}

template <int64_t known_heads, int64_t known_size>
SESSIONLAB_INLINE void backward_rows(const Graph& graph, int64_t from, int64_t to, const float* dy, const float* y, const float* z, const float* s, const float* t, const float* l, float* ds, float* d) {
  const int64_t heads = known_heads > 0 ? known_heads : graph.heads, size = known_heads > 0 ? known_size : graph.size, all = heads * size;
  Lanes own, other, log_sum, along, pulled, sum;
  for (int64_t row = from; row < to; row++) {
    load_heads(own, s + row * heads, heads), load_heads(log_sum, l + row * heads, heads);
    dots(along, dy + row * all, y + row * all, heads, size);
    sum = Lanes{};
    for (int64_t edge = graph.offsets[row]; edge < graph.offsets[row + 1]; edge++) {
      const int64_t j = graph.other[edge];
      load_heads(other, t + j * heads, heads);
      dots(pulled, dy + row * all, z + j * all, heads, size);
      const Lanes x = own + other;
      sum += exp_of(leaky(x, graph.slope) - log_sum) * (pulled - along) * leaky_slope(x, graph.slope);
    }
    for (int64_t k = 0; k < heads; k++) ds[row * heads + k] = sum[k], d[row * heads + k] = along[k];
  }
}

template <int64_t known_heads, int64_t known_size>
SESSIONLAB_INLINE void backward_columns(const Graph& graph, int64_t from, int64_t to, const float* dy, const float* z, const float* s, const float* t, const float* l, const float* d, float* dz, float* dt) {
  const int64_t heads = known_heads > 0 ? known_heads : graph.heads, size = known_heads > 0 ? known_size : graph.size, all = heads * size;
  Lanes own, other, log_sum, along, pulled, sum;
  for (int64_t column = from; column < to; column++) {
    load_heads(own, t + column * heads, heads);
    sum = Lanes{};
    std::fill(dz + column * all, dz + (column + 1) * all, 0.0f);
    for (int64_t edge = graph.offsets[column]; edge < graph.offsets[column + 1]; edge++) {
      const int64_t i = graph.other[edge];
      load_heads(other, s + i * heads, heads), load_heads(log_sum, l + i * heads, heads), load_heads(along, d + i * heads, heads);
      dots(pulled, dy + i * all, z + column * all, heads, size);
      const Lanes x = own + other, weight = exp_of(leaky(x, graph.slope) - log_sum);
      sum += weight * (pulled - along) * leaky_slope(x, graph.slope);
      add_scaled(dz + column * all, dy + i * all, weight, heads, size);
    }
    for (int64_t k = 0; k < heads; k++) dt[column * heads + k] = sum[k];
  }
}

// The usual shapes compiled as such: known bounds make vectors of the inner loops.
SESSIONLAB_KERNEL void forward(const Graph& graph, int64_t from, int64_t to, const float* z, const float* s, const float* t, float* y, float* l) {
  if (graph.heads == 8 && graph.size == 8) return forward_rows<8, 8>(graph, from, to, z, s, t, y, l);
  if (graph.heads == 4 && graph.size == 16) return forward_rows<4, 16>(graph, from, to, z, s, t, y, l);
  forward_rows<0, 0>(graph, from, to, z, s, t, y, l);
}

SESSIONLAB_KERNEL void by_rows(const Graph& graph, int64_t from, int64_t to, const float* dy, const float* y, const float* z, const float* s, const float* t, const float* l, float* ds, float* d) {
  if (graph.heads == 8 && graph.size == 8) return backward_rows<8, 8>(graph, from, to, dy, y, z, s, t, l, ds, d);
  if (graph.heads == 4 && graph.size == 16) return backward_rows<4, 16>(graph, from, to, dy, y, z, s, t, l, ds, d);
  backward_rows<0, 0>(graph, from, to, dy, y, z, s, t, l, ds, d);
}

SESSIONLAB_KERNEL void by_columns(const Graph& graph, int64_t from, int64_t to, const float* dy, const float* z, const float* s, const float* t, const float* l, const float* d, float* dz, float* dt) {
  if (graph.heads == 8 && graph.size == 8) return backward_columns<8, 8>(graph, from, to, dy, z, s, t, l, d, dz, dt);
  if (graph.heads == 4 && graph.size == 16) return backward_columns<4, 16>(graph, from, to, dy, z, s, t, l, d, dz, dt);
  backward_columns<0, 0>(graph, from, to, dy, z, s, t, l, d, dz, dt);
}

// Why the inputs do not fit together, or nothing. `s_input` and `t_input` are [R, K] and [C, K], `z_input` is [C, K W].
const char* fault(Call& call, int z_input, int s_input, int t_input) {
  const int64_t heads = call.side(s_input, 1);
  if (heads < 1 || heads > width || call.side(t_input, 1) != heads) return "Expected 1 to 16 heads";
  if (call.side(z_input, 1) % heads != 0 || call.side(z_input, 0) != call.side(t_input, 0)) return "Expected a row of z and of t for each column, as wide as all heads";
  return nullptr;
}

void compute_forward(Call& call) {
  if (const char* why = fault(call, 2, 3, 4)) return call.refuse(why);
  const int64_t rows = call.side(3, 0), heads = call.side(3, 1), all = call.side(2, 1);
  if (call.size(0) != rows + 1 || call.integers(0)[rows] != call.size(1)) return call.refuse("Expected offsets of each row, the last one the number of edges");
  const Graph graph{call.integers(0), call.integers(1), heads, all / heads, static_cast<float>(call.attribute("slope"))};
  const float *z = call.floats(2), *s = call.floats(3), *t = call.floats(4);
  float *y = call.new_floats(0, {rows, all}), *l = call.new_floats(1, {rows, heads});
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { forward(graph, from, to, z, s, t, y, l); });
}

void compute_gradient(Call& call) {
  if (const char* why = fault(call, 6, 7, 8)) return call.refuse(why);
  const int64_t rows = call.side(7, 0), columns = call.side(8, 0), heads = call.side(7, 1), all = call.side(6, 1);
  if (call.size(0) != rows + 1 || call.integers(0)[rows] != call.size(1)) return call.refuse("Expected offsets of each row, the last one the number of edges");
  if (call.size(2) != columns + 1 || call.size(3) != call.size(1)) return call.refuse("Expected the same edges by columns");
  if (call.size(4) != rows * all || call.size(5) != rows * all || call.size(9) != rows * heads) return call.refuse("Expected dy, y and l of each row");
  const float slope = static_cast<float>(call.attribute("slope"));
  const Graph graph{call.integers(0), call.integers(1), heads, all / heads, slope}, turned{call.integers(2), call.integers(3), heads, all / heads, slope};
  const float *dy = call.floats(4), *y = call.floats(5), *z = call.floats(6), *s = call.floats(7), *t = call.floats(8), *l = call.floats(9);
  float *dz = call.new_floats(0, {columns, all}), *ds = call.new_floats(1, {rows, heads}), *dt = call.new_floats(2, {columns, heads});
  std::vector<float> along(rows * heads);
  float* d = along.data();
  parallel_rows(rows, block, [=](int64_t from, int64_t to) { by_rows(graph, from, to, dy, y, z, s, t, l, ds, d); });
  parallel_rows(columns, block, [=](int64_t from, int64_t to) { by_columns(turned, from, to, dy, z, s, t, l, d, dz, dt); });
}

}  // namespace

const Operation edge_attention{"SessionlabEdgeAttention", {"offsets: int32", "column: int32", "z: float", "s: float", "t: float"}, {"y: float", "l: float"}, {"slope"}, compute_forward};
const Operation edge_attention_gradient{"SessionlabEdgeAttentionGradient",
                                        {"offsets: int32", "column: int32", "column_offsets: int32", "row: int32", "dy: float", "y: float", "z: float", "s: float", "t: float", "l: float"},
                                        {"dz: float", "ds: float", "dt: float"},
                                        {"slope"},
                                        compute_gradient};

}  // namespace sessionlab
