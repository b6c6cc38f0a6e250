// What full ranking reads of a matrix of scores: for each case how many items score above its target and level with
// it, and the k best items. B cases, V items. Each row is read once.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "lanes.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

// counts: greater, equal, ahead (tied, and before the target in `order`, where that is given). Returns the row's sum.
SESSIONLAB_KERNEL float count_row(const float* scores, int64_t items, float own, const int32_t* order, int32_t place, int32_t counts[3]) {
  Lanes sum{}, piece;
  IntLanes greater{}, equal{};
  int64_t i = 0;
  for (; i + width <= items; i += width) {
    load(piece, scores + i);
    sum += piece;
    greater -= piece > own;  // a true lane is -1
    equal -= piece == own;
  }
  float total = sum_of(sum);
  counts[0] = sum_of(greater);
  counts[1] = sum_of(equal);
  counts[2] = 0;
  for (; i < items; i++) {
    total += scores[i];
    counts[0] += scores[i] > own;
    counts[1] += scores[i] == own;
  }
  if (order != nullptr && counts[1] > 1)
    for (i = 0; i < items; i++) counts[2] += scores[i] == own && order[i] < place;
  return total;
}

struct Scored {
  float score;
  int32_t item;
  bool operator<(const Scored& other) const { return score != other.score ? score > other.score : item < other.item; }  // better first
};

constexpr int64_t span = 4 * width;

// The largest of each span of scores; -infinity for one of NaNs alone.
SESSIONLAB_KERNEL void largest_of_spans(const float* scores, int64_t items, float* largest) {
  Lanes a, b, c, d;
  for (int64_t i = 0; i < items; i += span, scores += span) {
    if (i + span <= items) {
      load(a, scores), load(b, scores + width), load(c, scores + 2 * width), load(d, scores + 3 * width);
      a = a > b ? a : b;
      c = c > d ? c : d;
      a = a > c ? a : c;
      *largest++ = max_of(a);
    } else {
      *largest = -INFINITY;
      for (int64_t j = 0; j < items - i; j++) *largest = scores[j] > *largest ? scores[j] : *largest;
    }
  }
}

// The k-th largest of the spans' largest is a bound: k scores at least reach it, and few more do.
void best_of_row(const float* scores, int64_t items, int64_t k, int32_t* out) {
  thread_local std::vector<float> largest, sorted;
  thread_local std::vector<Scored> found;
  largest.resize((items + span - 1) / span);
  largest_of_spans(scores, items, largest.data());
  float bound = -INFINITY;
  if (static_cast<int64_t>(largest.size()) >= k) {
    sorted = largest;
    std::nth_element(sorted.begin(), sorted.begin() + (k - 1), sorted.end(), std::greater<float>());
    bound = sorted[k - 1];
  }
  found.clear();
  for (size_t at = 0; at < largest.size(); at++) {
    if (largest[at] < bound) continue;
    const int64_t from = static_cast<int64_t>(at) * span;
    for (int64_t i = from; i < std::min(items, from + span); i++) {
      if (scores[i] < bound) continue;
      found.push_back({scores[i] == scores[i] ? scores[i] : -INFINITY, static_cast<int32_t>(i)});  // NaN: last
    }
  }
  std::partial_sort(found.begin(), found.begin() + k, found.end());
  for (int64_t i = 0; i < k; i++) out[i] = found[i].item;
}

void compute_ranks(Call& call) {
  const int64_t cases = call.side(0, 0), items = call.side(0, 1);
  const float* scores = call.floats(0);
  if (call.size(1) != cases) return call.refuse("Expected a target for each case");
  for (int64_t row = 0; row < cases; row++)
    if (call.integers(1)[row] < 0 || call.integers(1)[row] >= items) return call.refuse("Expected targets that have a score");
  const int32_t *targets = call.integers(1), *order = call.size(2) == items ? call.integers(2) : nullptr;
  int32_t* counts = call.new_integers(0, {cases, 3});
  float* numbers = call.new_floats(1, {cases, 2});
  parallel_rows(cases, 8, [=](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) {
      const int32_t target = targets[row];
      const float* own = scores + row * items;
      numbers[2 * row] = own[target];
      numbers[2 * row + 1] = count_row(own, items, own[target], order, order == nullptr ? 0 : order[target], counts + 3 * row);
    }
  });
}

void compute_top(Call& call) {
  const int64_t cases = call.side(0, 0), items = call.side(0, 1);
  const auto k = static_cast<int64_t>(call.attribute("k"));
  if (k < 1 || k > items) return call.refuse("Expected k of 1 or more, and as many items");
  const float* scores = call.floats(0);
  int32_t* best = call.new_integers(0, {cases, k});
  parallel_rows(cases, 8, [=](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) best_of_row(scores + row * items, items, k, best + row * k);
  });
}

}  // namespace

const Operation ranks{"SessionlabRanks", {"scores: float", "targets: int32", "order: int32"}, {"counts: int32", "numbers: float"}, {}, compute_ranks};
const Operation top_items{"SessionlabTopItems", {"scores: float"}, {"items: int32"}, {"k"}, compute_top};

}  // namespace sessionlab
