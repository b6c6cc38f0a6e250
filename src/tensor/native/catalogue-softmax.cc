// Softmax cross-entropy over the catalogue from hidden states, with its gradients, without ever holding all logits:
//   X = h E^T;  loss_n = log sum_v exp(X_nv) - X_n,t_n;  dX = scale (softmax(X) - onehot(t));  dh = dX E;  dE = dX^T h
// Some rows at a time, and for these in blocks of columns: a block keeps exp(X - its own maximum) in the cache, and when
// all blocks know their sums, each scales its part and makes both products from it. Logits lie transposed, [V, rows]:
// the lanes run along the rows, so neither a maximum nor a sum crosses lanes, and E is read as it lies.
// N rows, D columns of h and E, V items. What a block computes depends on V alone: any number of threads, same bits.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"
#include "product.h"

namespace sessionlab {
namespace {

constexpr int64_t most_blocks = 16, least_block = 256;  // columns are cut in at most so many blocks, of no fewer items
constexpr int64_t group = 3 * width;                    // rows of a batch come in multiples of this, but for the last batch's
constexpr int64_t tile_items = 64;
constexpr int64_t held_logits = 9000000, most_rows = 4 * group;

int64_t round_up(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

// One batch of rows. R: rows, a multiple of the lanes, the last ones zero; depth: D rounded up to the lanes, the last columns zero.
struct Batch {
  int64_t rows, columns, depth;  // R, D and D rounded up
  const float *turned, *states;  // [D, R] h^T and [R, depth] h
  const int32_t* targets;        // [R], -1 beyond the end
  float scale;
  Start start;  // of dE: the first batch begins at zero
};

// A block of items [from, to) of the catalogue, and what it holds between the two passes.
struct Block {
  int64_t from, to;
  const float* table;        // [V, D]
  float* logits;             // [to - from, R]
  float *largest, *sum;      // [R]
  float* share;              // [R] from exp(X - largest) to scale softmax(X)
  float *pull, *term;        // [R, depth] its part of dh; what one tile adds: sums of sums lose fewer digits than one long sum
  float* push;               // [V, D] dE
};

template <int rows, int lanes>
SESSIONLAB_INLINE void first_pass(const Batch& batch, const Block& block) {
  const int64_t R = batch.rows, items = block.to - block.from;
  for (int64_t at = 0; at < items; at += tile_items) {
    const int64_t count = std::min(tile_items, items - at);
    product<rows, lanes>(count, R, batch.columns, {block.table + (block.from + at) * batch.columns, batch.columns, 1}, batch.turned, R, block.logits + at * R, R, Start::zero);
  }
  for (int64_t r = 0; r < R; r += width) {
    Lanes largest = Lanes{} - INFINITY, sum{}, piece;
    for (int64_t v = 0; v < items; v++) {
      load(piece, block.logits + v * R + r);
      largest = piece > largest ? piece : largest;
    }
    for (int64_t at = 0; at < items; at += tile_items) {
      Lanes part{};
      for (int64_t v = at; v < std::min(at + tile_items, items); v++) {
        load(piece, block.logits + v * R + r);
        piece = exp_of(piece - largest);
        part += piece;
        store(block.logits + v * R + r, piece);
      }
      sum += part;
    }
    store(block.largest + r, largest);
    store(block.sum + r, sum);
  }
}

// The last columns of some rows, fewer than the lanes, to rows of their own and back.
SESSIONLAB_INLINE void take_rest(const float* source, int64_t rows, int64_t by_row, int64_t count, float* target) {
  for (int64_t row = 0; row < rows; row++) std::copy_n(source + row * by_row, count, target + row * width);
}
SESSIONLAB_INLINE void put_rest(const float* source, int64_t rows, int64_t by_row, int64_t count, float* target) {
  for (int64_t row = 0; row < rows; row++) std::copy_n(source + row * width, count, target + row * by_row);
}

template <int rows, int lanes>
SESSIONLAB_INLINE void second_pass(const Batch& batch, const Block& block) {
  const int64_t R = batch.rows, D = batch.columns, depth = batch.depth;
  const int64_t rest = D % width, whole = D - rest;  // the last columns that fill no lanes go through `held`
  float held[tile_items * width] = {};
  std::fill(block.pull, block.pull + R * depth, 0.0f);
  for (int64_t from = block.from; from < block.to; from += tile_items) {
    const int64_t to = std::min(from + tile_items, block.to);
    float* part = block.logits + (from - block.from) * R;  // [items of the tile, R]
    Lanes piece, share;
    for (int64_t v = 0; v < to - from; v++)
      for (int64_t r = 0; r < R; r += width) {
        load(piece, part + v * R + r), load(share, block.share + r);
        store(part + v * R + r, piece * share);
      }
    for (int64_t r = 0; r < R; r++)
      if (batch.targets[r] >= from && batch.targets[r] < to) part[(batch.targets[r] - from) * R + r] -= batch.scale;
    const float* table = block.table + from * D;
    float* push = block.push + from * D;
    product<rows, lanes>(R, whole, to - from, {part, 1, R}, table, D, block.term, depth, Start::zero);
    product<rows, lanes>(to - from, whole, R, {part, R, 1}, batch.states, depth, push, D, batch.start);
    if (rest > 0) {
      take_rest(table + whole, to - from, D, rest, held);
      product<rows, lanes>(R, width, to - from, {part, 1, R}, held, width, block.term + whole, depth, Start::zero);
      if (batch.start == Start::kept) take_rest(push + whole, to - from, D, rest, held);
      product<rows, lanes>(to - from, width, R, {part, R, 1}, batch.states + whole, depth, held, width, batch.start);
      put_rest(held, to - from, D, rest, push + whole);
    }
    for (int64_t i = 0; i < R * depth; i += width) {
      load(piece, block.pull + i), load(share, block.term + i);
      store(block.pull + i, piece + share);
    }
  }
}

// As many sums at a time as the registers hold: 32 of 64 bytes; 16 of 32.
#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v4"))) void first_wide(const Batch& batch, const Block& block) { first_pass<8, 3>(batch, block); }
__attribute__((target("arch=x86-64-v4"))) void second_wide(const Batch& batch, const Block& block) { second_pass<6, 4>(batch, block); }
__attribute__((target("arch=x86-64-v3"))) void first_narrow(const Batch& batch, const Block& block) { first_pass<6, 1>(batch, block); }
__attribute__((target("arch=x86-64-v3"))) void second_narrow(const Batch& batch, const Block& block) { second_pass<6, 1>(batch, block); }
#endif
void first_plain(const Batch& batch, const Block& block) { first_pass<6, 1>(batch, block); }
void second_plain(const Batch& batch, const Block& block) { second_pass<6, 1>(batch, block); }

struct Passes {
  void (*first)(const Batch&, const Block&);
  void (*second)(const Batch&, const Block&);
};

Passes passes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) return {first_wide, second_wide};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {first_narrow, second_narrow};
#endif
  return {first_plain, second_plain};
}

float dot(const float* a, const float* b, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < size; i++) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

void compute(Call& call) {
  const int64_t N = call.side(0, 0), D = call.side(0, 1), V = call.side(1, 0), depth = round_up(D, width);
  const float *hidden = call.floats(0), *table = call.floats(1), scale = *call.floats(3);
  const int32_t* targets = call.integers(2);
  if (call.side(1, 1) != D || call.size(2) != N) return call.refuse("Expected hidden states and a table of one width, and a target for each state");
  for (int64_t n = 0; n < N; n++)
    if (targets[n] < 0 || targets[n] >= V) return call.refuse("Expected targets that are rows of the table");
  float *loss = call.new_floats(0, {N}), *pull = call.new_floats(1, {N, D}), *push = call.new_floats(2, {V, D});
  const Passes pass = passes();

  const int64_t blocks = std::max<int64_t>(1, std::min(most_blocks, V / least_block));
  const int64_t most = std::min(round_up(N, width), std::max(group, std::min(most_rows, held_logits / V / group * group)));
  const std::unique_ptr<float[]> logits(new float[V * most]);  // not filled: what is read was written before
  std::vector<float> parts(blocks * most * (3 + 2 * depth)), states(most * depth), turned(D * most);
  std::vector<int32_t> wanted(most);

  for (int64_t first = 0; first < N; first += most) {
    const int64_t count = std::min(most, N - first), R = round_up(count, width);
    const auto block_at = [&](int64_t b) {
      float* own = parts.data() + b * most * (3 + 2 * depth);
      const int64_t from = V * b / blocks, to = V * (b + 1) / blocks;
      return Block{from, to, table, logits.get() + from * R, own, own + R, own + 2 * R, own + 3 * R, own + R * (3 + depth), push};
    };
    for (int64_t r = 0; r < R; r++) {
      wanted[r] = r < count ? targets[first + r] : -1;
      for (int64_t d = 0; d < depth; d++) states[r * depth + d] = r < count && d < D ? hidden[(first + r) * D + d] : 0.0f;
      for (int64_t d = 0; d < D; d++) turned[d * R + r] = states[r * depth + d];
    }
    const Batch batch{R, D, depth, turned.data(), states.data(), wanted.data(), scale, first == 0 ? Start::zero : Start::kept};
    parallel(blocks, [&](int64_t b) { pass.first(batch, block_at(b)); });
    for (int64_t r = 0; r < R; r++) {
      float largest = -INFINITY, sum = 0;
      for (int64_t b = 0; b < blocks; b++) largest = std::max(largest, block_at(b).largest[r]);
      for (int64_t b = 0; b < blocks; b++) sum += block_at(b).sum[r] * std::exp(block_at(b).largest[r] - largest);
      for (int64_t b = 0; b < blocks; b++) block_at(b).share[r] = scale / sum * std::exp(block_at(b).largest[r] - largest);
      if (r < count) loss[first + r] = std::log(sum) + largest - dot(states.data() + r * depth, table + wanted[r] * D, D);
    }
    parallel(blocks, [&](int64_t b) { pass.second(batch, block_at(b)); });
    for (int64_t r = 0; r < count; r++)
      for (int64_t d = 0; d < D; d++) {
        float sum = 0;
        for (int64_t b = 0; b < blocks; b++) sum += block_at(b).pull[r * depth + d];
        pull[(first + r) * D + d] = sum;
      }
  }
}

}  // namespace

const Operation catalogue_softmax{
    "SessionlabCatalogueSoftmax", {"hidden: float", "table: float", "targets: int32", "scale: float"}, {"loss: float", "pull: float", "push: float"}, {}, compute};

}  // namespace sessionlab
