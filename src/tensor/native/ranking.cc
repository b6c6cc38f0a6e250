// What full ranking reads of a matrix of scores: for each case how many items score above its target and level with
// it, and the k best items. B cases, V items. Each row is read once.
#include <algorithm>
#include <cmath>
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

// Collects what beats the k-th best so far; when twice k are held, the worse half goes. Few scores get that far.
class Best {
 public:
  explicit Best(int64_t k) : k_(k) { held_.reserve(2 * k); }

  void offer(float score, int32_t item) {
    held_.push_back({score, item});
    if (static_cast<int64_t>(held_.size()) == 2 * k_) cut();
  }
  float least() const { return least_; }
  bool full() const { return full_; }

  void cut() {
    std::nth_element(held_.begin(), held_.begin() + (k_ - 1), held_.end());
    held_.resize(k_);
    least_ = held_[k_ - 1].score;
    full_ = true;
  }
  void take(int32_t* items) {
    std::sort(held_.begin(), held_.end());
    for (int64_t i = 0; i < k_; i++) items[i] = held_[i].item;
  }

 private:
  int64_t k_;
  std::vector<Scored> held_;
  float least_ = -INFINITY;
  bool full_ = false;
};

constexpr int64_t span = 4 * width;

// Whether any of `span` scores is above `least`.
SESSIONLAB_INLINE bool any_above(const float* scores, float least) {
  Lanes a, b, c, d;
  load(a, scores), load(b, scores + width), load(c, scores + 2 * width), load(d, scores + 3 * width);
  const IntLanes above = (a > least) | (b > least) | (c > least) | (d > least);
  int64_t words[8], any = 0;
  std::memcpy(words, &above, sizeof words);
  for (const int64_t word : words) any |= word;
  return any != 0;
}

SESSIONLAB_KERNEL void best_of_row(const float* scores, int64_t items, int64_t k, int32_t* out) {
  Best best(k);
  int64_t i = 0;
  for (; i < items && !best.full(); i++) {
    best.offer(scores[i], static_cast<int32_t>(i));
    if (i + 1 == k) best.cut();
  }
  for (; i + span <= items; i += span) {
    if (!any_above(scores + i, best.least())) continue;
    for (int64_t j = i; j < i + span; j++)
      if (scores[j] > best.least()) best.offer(scores[j], static_cast<int32_t>(j));
  }
  for (; i < items; i++)
    if (scores[i] > best.least()) best.offer(scores[i], static_cast<int32_t>(i));
  best.take(out);
}

void compute_ranks(Call& call) {
  const int64_t cases = call.side(0, 0), items = call.side(0, 1);
  const float* scores = call.floats(0);
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
