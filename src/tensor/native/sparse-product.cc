// A sparse matrix in compressed rows by dense rows, some of them shuffled. A row adds its cells in their order, whichever
// thread takes it. R rows, C columns, N cells, D columns of the dense matrix, G groups (orders in which its rows are taken).
// Inputs of both: offsets [R + 1], column [N] in [0, C), value [N].
//   spread:  y_gi = sum over the cells (i, j) of value_ij x_order(g, j), + self_i own_place(g, i)
//   collect: y_i = sum over g of the same row of another order: r = row(g, i), sum over its cells of value_rj x_gj, + self_r own_gr
#include <algorithm>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 64;  // rows of one part
constexpr int64_t tile = 4;    // lanes that a walk over a row's cells adds up: such a slice of x stays in the cache

struct Sparse {
  const int32_t *offsets, *column;
  const float* value;
};

// Adds the cells of one row to `sum`, from rows of x (`order` of them, or as they lie), `count` numbers in the last lanes.
template <int lanes>
SESSIONLAB_INLINE void add_row(const Sparse& a, int64_t row, const int32_t* order, const float* x, int64_t columns, int64_t count, Lanes* sum) {
  Lanes piece;
  for (int64_t cell = a.offsets[row]; cell < a.offsets[row + 1]; cell++) {
    const int64_t from = order == nullptr ? a.column[cell] : order[a.column[cell]];
    const float value = a.value[cell];
    const float* source = x + from * columns;
    for (int j = 0; j < lanes - 1; j++) load(piece, source + j * width), sum[j] += value * piece;
    if (count == width) load(piece, source + (lanes - 1) * width); else load_part(piece, source + (lanes - 1) * width, count, 0);
    sum[lanes - 1] += value * piece;
  }
}

template <int lanes>
SESSIONLAB_INLINE void add_one(float value, const float* source, int64_t count, Lanes* sum) {
  Lanes piece;
  for (int j = 0; j < lanes; j++) {
    if (j < lanes - 1 || count == width) load(piece, source + j * width); else load_part(piece, source + j * width, count, 0);
    sum[j] += value * piece;
  }
}

template <int lanes>
SESSIONLAB_INLINE void put(float* to, int64_t count, const Lanes* sum) {
  for (int j = 0; j < lanes; j++)
    if (j < lanes - 1 || count == width) store(to + j * width, sum[j]); else store_part(to + j * width, sum[j], count);
}

// What a product is of; `self` may be null.
struct Job {
  Sparse a;
  int64_t rows, sources, columns, groups;  // R, rows of a group of x, D, G
  const float* x;
  const int32_t* order;  // [G C] of spread, [G R] the rows of collect
  const float *self, *own;
  const int32_t* place;  // [G R] of spread
  float* y;
};

template <int lanes>
SESSIONLAB_INLINE void spread(const Job& job, int64_t row, int64_t at, int64_t count) {
  const int64_t g = row / job.rows, i = row % job.rows;
  Lanes sum[lanes]{};
  add_row<lanes>(job.a, i, job.order == nullptr ? nullptr : job.order + g * job.sources, job.x + at, job.columns, count, sum);
  if (job.self != nullptr) add_one<lanes>(job.self[i], job.own + job.place[row] * job.columns + at, count, sum);
  put<lanes>(job.y + row * job.columns + at, count, sum);
}

template <int lanes>
SESSIONLAB_INLINE void collect(const Job& job, int64_t row, int64_t at, int64_t count) {
  Lanes sum[lanes]{};
  for (int64_t g = 0; g < job.groups; g++) {
    const int64_t own = job.order[g * job.rows + row];
    add_row<lanes>(job.a, own, nullptr, job.x + g * job.sources * job.columns + at, job.columns, count, sum);
    if (job.self != nullptr) add_one<lanes>(job.self[own], job.own + (g * job.rows + own) * job.columns + at, count, sum);
  }
  put<lanes>(job.y + row * job.columns + at, count, sum);
}

// Rows [from, to) of columns [at, end), a tile's width at most.
SESSIONLAB_KERNEL void spread_rows(const Job& job, int64_t from, int64_t to, int64_t at, int64_t end) {
  if (end - at == tile * width)
    for (int64_t row = from; row < to; row++) spread<tile>(job, row, at, width);
  else
    for (; at < end; at += width)
      for (int64_t row = from; row < to; row++) spread<1>(job, row, at, std::min(width, end - at));
}
SESSIONLAB_KERNEL void collect_rows(const Job& job, int64_t from, int64_t to, int64_t at, int64_t end) {
  if (end - at == tile * width)
    for (int64_t row = from; row < to; row++) collect<tile>(job, row, at, width);
  else
    for (; at < end; at += width)
      for (int64_t row = from; row < to; row++) collect<1>(job, row, at, std::min(width, end - at));
}

void run(const Job& job, int64_t rows, void (*walk)(const Job&, int64_t, int64_t, int64_t, int64_t)) {
  const int64_t blocks = (rows + block - 1) / block, tiles = (job.columns + tile * width - 1) / (tile * width);
  parallel(blocks * tiles, [&](int64_t i) {  // all blocks of one tile, then of the next
    const int64_t from = i % blocks * block, at = i / blocks * tile * width;
    walk(job, from, std::min(rows, from + block), at, std::min(job.columns, at + tile * width));
  });
}

bool within(const int32_t* places, int64_t count, int64_t end) {
  for (int64_t i = 0; i < count; i++)
    if (places[i] < 0 || places[i] >= end) return false;
  return true;
}

constexpr const char* no_matrix = "Expected offsets that end at the number of cells, as many columns as values, and a matrix";

bool is_matrix(Call& call, int64_t rows) {
  return rows >= 0 && call.size(2) == call.size(1) && call.rank(3) == 2 && call.integers(0)[rows] == call.size(1);
}

void compute(Call& call) {
  const int64_t rows = call.size(0) - 1;
  if (!is_matrix(call, rows)) return call.refuse(no_matrix);
  const Sparse a{call.integers(0), call.integers(1), call.floats(2)};
  const int64_t columns = call.side(3, 1);
  run({a, rows, call.side(3, 0), columns, 1, call.floats(3), nullptr, nullptr, nullptr, nullptr, call.new_floats(0, {rows, columns})}, rows, spread_rows);
}

void compute_spread(Call& call) {
  const int64_t rows = call.size(0) - 1, groups = static_cast<int64_t>(call.attribute("groups"));
  if (!is_matrix(call, rows)) return call.refuse(no_matrix);
  const int64_t sources = call.size(4) / groups, columns = call.side(3, 1);
  const bool self = call.size(5) > 0;
  if (call.size(4) != sources * groups || !within(call.integers(4), call.size(4), call.side(3, 0))) return call.refuse("Expected an order of rows of x for each group");
  if (self && (call.size(5) != rows || call.side(6, 1) != columns || call.size(7) != groups * rows || !within(call.integers(7), call.size(7), call.side(6, 0)))) return call.refuse("Expected a weight of each row itself, and a place among rows of D numbers for each");
  const Sparse a{call.integers(0), call.integers(1), call.floats(2)};
  const Job job{a, rows, sources, columns, groups, call.floats(3), call.integers(4), self ? call.floats(5) : nullptr, call.floats(6), call.integers(7), call.new_floats(0, {groups * rows, columns})};
  run(job, groups * rows, spread_rows);
}

void compute_collect(Call& call) {
  const int64_t rows = call.size(0) - 1, groups = static_cast<int64_t>(call.attribute("groups"));
  if (!is_matrix(call, rows)) return call.refuse(no_matrix);
  const int64_t sources = call.side(3, 0) / groups, columns = call.side(3, 1);
  const bool self = call.size(5) > 0;
  if (call.side(3, 0) != sources * groups || call.size(4) != groups * rows || !within(call.integers(4), call.size(4), rows)) return call.refuse("Expected rows of x for each group, and an order of the matrix's rows for each");
  if (self && (call.size(5) != rows || call.side(6, 0) != groups * rows || call.side(6, 1) != columns)) return call.refuse("Expected a weight of each row itself, and rows of D numbers for each group");
  const Sparse a{call.integers(0), call.integers(1), call.floats(2)};
  const Job job{a, rows, sources, columns, groups, call.floats(3), call.integers(4), self ? call.floats(5) : nullptr, call.floats(6), nullptr, call.new_floats(0, {rows, columns})};
  run(job, rows, collect_rows);
}

}  // namespace

const Operation sparse_product{"SessionlabSparseProduct", {"offsets: int32", "column: int32", "value: float", "x: float"}, {"y: float"}, {}, compute};
const Operation sparse_spread{
    "SessionlabSparseSpread", {"offsets: int32", "column: int32", "value: float", "x: float", "order: int32", "self: float", "own: float", "place: int32"}, {"y: float"}, {"groups"}, compute_spread};
const Operation sparse_collect{
    "SessionlabSparseCollect", {"offsets: int32", "column: int32", "value: float", "x: float", "order: int32", "self: float", "own: float"}, {"y: float"}, {"groups"}, compute_collect};

}  // namespace sessionlab
