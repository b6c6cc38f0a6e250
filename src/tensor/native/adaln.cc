// The denoiser "adaln" whole, and its gradient (src/augmentation/diffusion/denoisers.ts has the equations): what a time, a state and
// a popularity ask for is made once for each condition, and a block of rows goes through all layers while it lies in the cache.
// B rows, G conditions, P times, Q popularities; D dimensions of an item vector, C of a state, H units.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "adaln-rows.h"
#include "operation.h"
#include "panels.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 64;  // rows of one part

struct Layer {
  const float *weight, *bias;
  int64_t from, to;
};

// Layers in the order of the weights; a block has three, and that of popularity is the last.
enum { time_inner, time_outer, state_layer, input_layer, output_layer, first_block };
enum { modulation, inner, outer, layers_of_block };

struct Net {
  int64_t rows, conditions, times, asked, items, states, units, blocks;
  bool knows_popularity;
  const float *x, *places, *given, *with_state, *asked_places, *with_asked, *no_state, *no_popularity;
  const int32_t *time_of, *asked_of, *condition_of;  // the last is null where row b has condition b
  std::vector<Layer> layers;

  const Layer& of_block(int64_t b, int which) const { return layers[first_block + b * layers_of_block + which]; }
  int64_t condition(int64_t row) const { return condition_of == nullptr ? row : condition_of[row]; }
};

// What one block of the network keeps of each row; `rows` of them lie together, block after block, after z [rows, H].
struct Passing {
  float *normal, *inverse, *modulated, *before, *after, *out;  // [H], [1], [H], [2H], [2H], [H]

  static int64_t size(int64_t units) { return 7 * units + 1; }
  Passing(float* kept, int64_t rows, int64_t units, int64_t b, int64_t at) {
    float* own = kept + rows * units + b * rows * size(units);
    normal = own + at * units;
    modulated = own + (rows + at) * units;
    out = own + (2 * rows + at) * units;
    before = own + (3 * rows + 2 * at) * units;
    after = own + (5 * rows + 2 * at) * units;
    inverse = own + 7 * rows * units + at;
  }
};

// What conditions keep, and after it what rows do.
struct Kept {
  float *waves, *time_before, *time_after, *time, *asked_waves, *asked, *condition, *silu, *modulations, *rows;

  Kept(const Net& net, float* all) {
    const auto take = [&](int64_t size) { return std::exchange(all, all + size); };
    const int64_t units = net.units;
    waves = take(net.times * units), time_before = take(net.times * units), time_after = take(net.times * units), time = take(net.times * units);
    asked_waves = take(net.asked * units), asked = take(net.asked * units);
    condition = take(net.conditions * units), silu = take(net.conditions * units);
    modulations = take(3 * net.blocks * net.conditions * units);  // [blocks, G, 3H]: scale, shift, gate
    rows = all;
  }
  static int64_t of_conditions(const Net& net) { return (4 * net.times + 2 * net.asked + (2 + 3 * net.blocks) * net.conditions) * net.units; }
  static int64_t of_rows(const Net& net, int64_t rows, int64_t blocks) { return rows * (net.units + blocks * Passing::size(net.units)); }
};

Right as_it_is(const Layer& layer) { return {layer.weight, layer.to, 1}; }
Right turned(const Layer& layer) { return {layer.weight, 1, layer.to}; }
Left rows_of(const float* a, int64_t columns) { return {a, columns, 1}; }
Left columns_of(const float* a, int64_t columns) { return {a, 1, columns}; }

void apply(const Layer& layer, const float* x, int64_t rows, float* y) {
  for (int64_t row = 0; row < rows; row++) std::copy_n(layer.bias, layer.to, y + row * layer.to);
  multiply_here({rows, layer.to, y, layer.to, Start::kept, {layer.from, rows_of(x, layer.from), as_it_is(layer)}});
}

void apply_back(const Layer& layer, const float* dy, int64_t rows, float* dx, Start start = Start::zero) {
  multiply_here({rows, layer.from, dx, layer.from, start, {layer.to, rows_of(dy, layer.to), turned(layer)}});
}

void make_conditions(const Net& net, const Kept& kept) {
  const int64_t units = net.units;
  const int64_t half = (units + 1) / 2;
  std::vector<double> turns((half + width - 1) / width * width);  // of a place's waves, a unit of it; zeros after the last
  for (int64_t i = 0; i < half; i++) turns[i] = std::exp(-std::log(10000.0) * i / half) / 6.283185307179586;
  parallel_rows(net.times, block, [&](int64_t from, int64_t to) {
    for (int64_t p = from; p < to; p++) waves_of(net.places[p], turns.data(), units, kept.waves + p * units);
    apply(net.layers[time_inner], kept.waves + from * units, to - from, kept.time_before + from * units);
    gelu_rows(kept.time_before + from * units, (to - from) * units, kept.time_after + from * units);
    apply(net.layers[time_outer], kept.time_after + from * units, to - from, kept.time + from * units);
  });
  if (net.knows_popularity)
    parallel_rows(net.asked, block, [&](int64_t from, int64_t to) {
      for (int64_t q = from; q < to; q++) waves_of(net.asked_places[q], turns.data(), units, kept.asked_waves + q * units);
      apply(net.layers.back(), kept.asked_waves + from * units, to - from, kept.asked + from * units);
    });
  parallel_rows(net.conditions, block, [&](int64_t from, int64_t to) {
    apply(net.layers[state_layer], net.given + from * net.states, to - from, kept.condition + from * units);
    for (int64_t g = from; g < to; g++) {
      const float* asked = net.knows_popularity ? kept.asked + net.asked_of[g] * units : nullptr;
      mix(kept.time + net.time_of[g] * units, net.no_state, net.with_state[g], asked, net.no_popularity, net.with_asked[g], units, kept.condition + g * units, kept.silu + g * units);
    }
    for (int64_t b = 0; b < net.blocks; b++) apply(net.of_block(b, modulation), kept.silu + from * units, to - from, kept.modulations + (b * net.conditions + from) * 3 * units);
  });
}

// Rows [from, from + count); what is kept of them begins at row `at` of `held`, of `rows` rows, for each block of the network or for one.
void pass_rows(const Net& net, const float* modulations, int64_t from, int64_t count, float* held, int64_t rows, int64_t at, bool each, float* y) {
  const int64_t units = net.units;
  float* z = held + at * units;
  apply(net.layers[input_layer], net.x + from * net.items, count, z);
  for (int64_t b = 0; b < net.blocks; b++) {
    const Passing pass(held, rows, units, each ? b : 0, at);
    const auto asked = [&](int64_t row) { return modulations + (b * net.conditions + net.condition(from + row)) * 3 * units; };
    for (int64_t row = 0; row < count; row++) modulate(z + row * units, asked(row), units, pass.normal + row * units, pass.inverse + row, pass.modulated + row * units);
    apply(net.of_block(b, inner), pass.modulated, count, pass.before);
    gelu_rows(pass.before, count * 2 * units, pass.after);
    apply(net.of_block(b, outer), pass.after, count, pass.out);
    for (int64_t row = 0; row < count; row++) pass_gate(pass.out + row * units, asked(row) + 2 * units, units, z + row * units);
  }
  apply(net.layers[output_layer], z, count, y + from * net.items);
}

// The gradients on the way back: of the rows, then of the conditions.
struct Back {
  std::vector<float> all;
  float *modulations, *asked_modulations, *out, *before, *z, *condition, *state, *time, *time_before, *asked;

  explicit Back(const Net& net) {
    const int64_t units = net.units, spread = net.condition_of == nullptr ? 0 : 3 * net.blocks * net.conditions;
    all.resize((6 * net.blocks * net.rows + spread + net.rows + 2 * net.conditions + 2 * net.times + net.asked) * units);
    float* next = all.data();
    const auto take = [&](int64_t rows) { return std::exchange(next, next + rows * units); };
    modulations = take(3 * net.blocks * net.rows), out = take(net.blocks * net.rows), before = take(2 * net.blocks * net.rows), z = take(net.rows);
    asked_modulations = spread == 0 ? modulations : take(spread);
    condition = take(net.conditions), state = take(net.conditions), time = take(net.times), time_before = take(net.times), asked = take(net.asked);
  }
};

void pass_back(const Net& net, const Kept& kept, const float* dy, int64_t from, int64_t count, Back& back, float* dx) {
  thread_local std::vector<float> held;
  const int64_t units = net.units;
  held.resize(block * units);
  float* dz = back.z + from * units;
  apply_back(net.layers[output_layer], dy + from * net.items, count, dz);
  for (int64_t b = net.blocks - 1; b >= 0; b--) {
    const Passing pass(kept.rows, net.rows, units, b, from);
    const auto asked = [&](int64_t row) { return kept.modulations + (b * net.conditions + net.condition(from + row)) * 3 * units; };
    float *dmodulations = back.modulations + (b * net.rows + from) * 3 * units, *dout = back.out + (b * net.rows + from) * units, *dbefore = back.before + (b * net.rows + from) * 2 * units;
    for (int64_t row = 0; row < count; row++) {
      times_of(dz + row * units, pass.out + row * units, units, dmodulations + (3 * row + 2) * units);
      times_of(dz + row * units, asked(row) + 2 * units, units, dout + row * units);
    }
    apply_back(net.of_block(b, outer), dout, count, dbefore);
    gelu_rows_back(pass.before, count * 2 * units, dbefore);
    apply_back(net.of_block(b, inner), dbefore, count, held.data());
    for (int64_t row = 0; row < count; row++) modulate_back(held.data() + row * units, asked(row), pass.normal + row * units, pass.inverse[row], units, dmodulations + 3 * row * units, dz + row * units);
  }
  apply_back(net.layers[input_layer], dz, count, dx + from * net.items);
}

// What reaches the conditions: by rows in their order, so that sums have one.
void conditions_back(const Net& net, const Kept& kept, Back& back, float* dno_state, float* dno_popularity) {
  const int64_t units = net.units;
  if (net.condition_of != nullptr) {
    for (int64_t b = 0; b < net.blocks; b++)
      for (int64_t row = 0; row < net.rows; row++) add_to(back.asked_modulations + (b * net.conditions + net.condition_of[row]) * 3 * units, back.modulations + (b * net.rows + row) * 3 * units, 1, 3 * units);
  }
  parallel_rows(net.conditions, block, [&](int64_t from, int64_t to) {
    for (int64_t b = 0; b < net.blocks; b++)
      apply_back(net.of_block(b, modulation), back.asked_modulations + (b * net.conditions + from) * 3 * units, to - from, back.condition + from * units, b == 0 ? Start::zero : Start::kept);
    silu_back(kept.condition + from * units, (to - from) * units, back.condition + from * units);
  });
  std::fill_n(dno_state, units, 0.0f);
  if (net.knows_popularity) std::fill_n(dno_popularity, units, 0.0f);
  for (int64_t g = 0; g < net.conditions; g++) {
    const float* d = back.condition + g * units;
    add_to(back.state + g * units, d, net.with_state[g], units);
    add_to(dno_state, d, 1.0f - net.with_state[g], units);
    add_to(back.time + net.time_of[g] * units, d, 1, units);
    if (!net.knows_popularity) continue;
    add_to(back.asked + net.asked_of[g] * units, d, net.with_asked[g], units);
    add_to(dno_popularity, d, 1.0f - net.with_asked[g], units);
  }
  parallel_rows(net.times, block, [&](int64_t from, int64_t to) {
    apply_back(net.layers[time_outer], back.time + from * units, to - from, back.time_before + from * units);
    gelu_rows_back(kept.time_before + from * units, (to - from) * units, back.time_before + from * units);
  });
}

// Reads the inputs from `first` on. Returns what is wrong with them, or nothing.
const char* read(Call& call, int first, Net& net) {
  const int fixed = first + 4, weights = static_cast<int>(call.inputs()) - fixed;
  net.knows_popularity = (weights - 11) % 6 == 3;
  net.blocks = (weights - 11) / 6;
  if (weights < 11 || (weights - 11) % 3 != 0) return "Expected two weights for each layer, and the null vectors";
  net.rows = call.side(first, 0), net.items = call.side(first, 1);
  net.conditions = call.side(first + 1, 0), net.states = call.side(first + 1, 1);
  net.units = call.side(fixed, 1);
  net.x = call.floats(first), net.given = call.floats(first + 1);
  const int64_t of_each = 2 * net.conditions, spread = call.size(first + 3) - of_each;
  if (net.conditions < 1 || spread < 0) return "Expected a time and a popularity for each condition";
  net.time_of = call.integers(first + 3), net.asked_of = net.time_of + net.conditions, net.condition_of = spread == 0 ? nullptr : net.asked_of + net.conditions;
  net.times = 1 + *std::max_element(net.time_of, net.time_of + net.conditions), net.asked = call.size(first + 2) - of_each - net.times;
  net.with_state = call.floats(first + 2), net.with_asked = net.with_state + net.conditions, net.places = net.with_asked + net.conditions, net.asked_places = net.places + net.times;
  if (net.times < 1 || net.asked < 1) return "Expected two flags for each condition, then times and popularities";
  if (spread != 0 ? spread != net.rows : net.rows != net.conditions) return "Expected a condition for each row";
  const auto within = [](const int32_t* ids, int64_t count, int64_t end) { return std::all_of(ids, ids + count, [=](int32_t id) { return id >= 0 && id < end; }); };
  if (!within(net.time_of, net.conditions, net.times) || !within(net.asked_of, net.conditions, net.asked) || !within(net.condition_of, spread, net.conditions)) return "Expected times, popularities and conditions that are there";
  const int64_t h = net.units;
  const auto layer = [&](int64_t from, int64_t to) {
    const int weight = fixed + 2 * static_cast<int>(net.layers.size());
    const bool fits = call.rank(weight) == 2 && call.side(weight, 0) == from && call.side(weight, 1) == to && call.size(weight + 1) == to;
    net.layers.push_back({call.floats(weight), call.floats(weight + 1), from, to});
    return fits;
  };
  bool fits = layer(h, h) && layer(h, h) && layer(net.states, h) && layer(net.items, h) && layer(h, net.items);
  for (int64_t b = 0; fits && b < net.blocks; b++) fits = layer(h, 3 * h) && layer(h, 2 * h) && layer(2 * h, h);
  if (fits && net.knows_popularity) fits = layer(h, h);
  if (!fits) return "Expected weights of the network's shapes";
  const int nulls = fixed + 2 * static_cast<int>(net.layers.size());
  net.no_state = call.floats(nulls);
  net.no_popularity = net.knows_popularity ? call.floats(nulls + 1) : nullptr;
  return call.size(nulls) == h && (!net.knows_popularity || call.size(nulls + 1) == h) ? nullptr : "Expected null vectors as wide as the network";
}

void compute_forward(Call& call) {
  Net net;
  if (const char* wrong = read(call, 0, net)) return call.refuse(wrong);
  float* y = call.new_floats(0, {net.rows, net.items});
  const bool keeps = call.attribute("keeps") != 0;
  const int64_t conditions = Kept::of_conditions(net);
  float* all = call.new_floats(1, {keeps ? conditions + Kept::of_rows(net, net.rows, net.blocks) : conditions});
  const Kept kept(net, all);
  make_conditions(net, kept);
  parallel_rows(net.rows, block, [&](int64_t from, int64_t to) {
    if (keeps) return pass_rows(net, kept.modulations, from, to - from, kept.rows, net.rows, from, true, y);
    thread_local std::vector<float> held;
    held.resize(Kept::of_rows(net, block, 1));
    pass_rows(net, kept.modulations, from, to - from, held.data(), block, 0, false, y);
  });
}

void compute_gradient(Call& call) {
  Net net;
  if (const char* wrong = read(call, 2, net)) return call.refuse(wrong);
  if (call.size(0) != net.rows * net.items || call.size(1) != Kept::of_conditions(net) + Kept::of_rows(net, net.rows, net.blocks)) return call.refuse("Expected dy of the shape of x, and what the forward pass kept");
  const float* dy = call.floats(0);
  const Kept kept(net, const_cast<float*>(call.floats(1)));
  float* dx = call.new_floats(0, {net.rows, net.items});
  std::vector<float*> dweights, dbiases;
  for (const Layer& layer : net.layers) {
    const int output = 1 + 2 * static_cast<int>(dweights.size());
    dweights.push_back(call.new_floats(output, {layer.from, layer.to}));
    dbiases.push_back(call.new_floats(output + 1, {layer.to}));
  }
  const int nulls = 1 + 2 * static_cast<int>(net.layers.size());
  float *dno_state = call.new_floats(nulls, {1, net.units}), *dno_popularity = net.knows_popularity ? call.new_floats(nulls + 1, {1, net.units}) : nullptr;
  Back back(net);
  parallel_rows(net.rows, block, [&](int64_t from, int64_t to) { pass_back(net, kept, dy, from, to - from, back, dx); });
  conditions_back(net, kept, back, dno_state, dno_popularity);
  std::vector<Product> products;
  struct Sum {
    const float* of;
    int64_t rows, columns;
    float* to;
  };
  std::vector<Sum> sums;
  const auto learn = [&](size_t at, int64_t rows, const float* x, const float* d) {
    const Layer& layer = net.layers[at];
    products.push_back({layer.from, layer.to, dweights[at], layer.to, Start::zero, {rows, columns_of(x, layer.from), {d, layer.to, 1}}});
    sums.push_back({d, rows, layer.to, dbiases[at]});
  };
  const int64_t units = net.units;
  for (int64_t b = 0; b < net.blocks; b++) {
    const Passing pass(kept.rows, net.rows, units, b, 0);
    const size_t first = first_block + b * layers_of_block;
    learn(first + modulation, net.conditions, kept.silu, back.asked_modulations + 3 * b * net.conditions * units);
    learn(first + inner, net.rows, pass.modulated, back.before + 2 * b * net.rows * units);
    learn(first + outer, net.rows, pass.after, back.out + b * net.rows * units);
  }
  learn(input_layer, net.rows, net.x, back.z);
  learn(output_layer, net.rows, kept.rows, dy);
  learn(state_layer, net.conditions, net.given, back.state);
  learn(time_inner, net.times, kept.waves, back.time_before);
  learn(time_outer, net.times, kept.time_after, back.time);
  if (net.knows_popularity) learn(net.layers.size() - 1, net.asked, kept.asked_waves, back.asked);
  multiply(products);
  parallel(static_cast<int64_t>(sums.size()), [&](int64_t i) {
    std::fill_n(sums[i].to, sums[i].columns, 0.0f);
    for (int64_t row = 0; row < sums[i].rows; row++) add_to(sums[i].to, sums[i].of + row * sums[i].columns, 1, sums[i].columns);
  });
}

}  // namespace

const Operation adaln{
    "SessionlabAdaln",
    {"x: float", "states: float", "numbers: float", "ids: int32", "weights: N * float"},
    {"y: float", "kept: float"},
    {"keeps", "N: int"},
    compute_forward};
const Operation adaln_gradient{
    "SessionlabAdalnGradient",
    {"dy: float", "kept: float", "x: float", "states: float", "numbers: float", "ids: int32", "weights: N * float"},
    {"dx: float", "dweights: N * float"},
    {"N: int"},
    compute_gradient};

}  // namespace sessionlab
