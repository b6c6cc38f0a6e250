// Standard normal numbers, those of `Rng.normals` (src/core/rng.ts): xoshiro128** 1.1, then Box and Muller on all threads.
#include <algorithm>
#include <memory>

#include "circle.h"
#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t block = 4096;

uint32_t rotated(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }

struct Generator {
  uint32_t words[4];

  uint32_t next() {
    const uint32_t result = rotated(words[1] * 5, 7) * 9, shifted = words[1] << 9;
    words[2] ^= words[0];
    words[3] ^= words[1];
    words[1] ^= words[2];
    words[0] ^= words[3];
    words[2] ^= shifted;
    words[3] = rotated(words[3], 11);
    return result;
  }
  double uniform() {
    const uint32_t high = next() >> 5;
    return (high * 67108864.0 + (next() >> 6)) / 9007199254740992.0;
  }
};

// first, second [count, rounded up to whole lanes]: the uniform numbers of each
SESSIONLAB_KERNEL void box_muller(const double* first, const double* second, int64_t count, float* numbers) {
  for (int64_t i = 0; i < count; i += width) {
    DoubleLanes u, v;
    std::memcpy(&u, first + i, sizeof u);
    std::memcpy(&v, second + i, sizeof v);
    Lanes radius = log_of_rest(u) * -2.0f, cosine, sine;
    for (int64_t j = 0; j < width; j++) radius[j] = __builtin_sqrtf(radius[j]);
    circle_of(v, cosine, sine);
    put(numbers + i, radius * cosine, std::min(width, count - i));
  }
}

void compute(Call& call) {
  if (call.size(0) != 4) return call.refuse("Expected four words of a generator");
  const auto rows = static_cast<int64_t>(call.attribute("rows")), columns = static_cast<int64_t>(call.attribute("columns")), count = rows * columns, held = (count + width - 1) / width * width;
  Generator generator;
  for (int i = 0; i < 4; i++) generator.words[i] = static_cast<uint32_t>(call.integers(0)[i]);
  float* numbers = call.new_floats(0, {rows, columns});
  const std::unique_ptr<double[]> uniforms(new double[2 * held]());
  double *first = uniforms.get(), *second = first + held;
  for (int64_t i = 0; i < count; i++) {
    first[i] = generator.uniform();
    second[i] = generator.uniform();
  }
  parallel_rows(count, block, [=](int64_t from, int64_t to) { box_muller(first + from, second + from, to - from, numbers + from); });
}

}  // namespace

const Operation normals{"SessionlabNormals", {"words: int32"}, {"numbers: float"}, {"rows", "columns"}, compute};

}  // namespace sessionlab
