#include "panels.h"

#include "parallel.h"

namespace sessionlab {
namespace {

constexpr int64_t panel_columns = 3 * width;
constexpr int64_t block_rows = 128;   // of A, for one packing of a panel
constexpr int64_t block_terms = 1024; // a panel of so many stays in the second cache

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SESSIONLAB_SHUFFLE
#endif
#endif

// 16 rows of 16 numbers, turned.
SESSIONLAB_INLINE void turn(const float* from, int64_t by_row, float* to, int64_t to_row) {
#if defined(SESSIONLAB_SHUFFLE)
  Lanes rows[width], next[width];
  for (int64_t i = 0; i < width; i++) load(rows[i], from + i * by_row);
  for (int stage = 0; stage < 4; stage++) {  // each interleaves the upper half with the lower one
    for (int64_t i = 0; i < width / 2; i++) {
      next[2 * i] = __builtin_shufflevector(rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int64_t i = 0; i < width; i++) rows[i] = next[i];
  }
  for (int64_t i = 0; i < width; i++) store(to + i * to_row, rows[i]);
#else
  for (int64_t i = 0; i < width; i++)
    for (int64_t j = 0; j < width; j++) to[j * to_row + i] = from[i * by_row + j];
#endif
}

// Terms [from, from + count) of columns [at, at + columns) as [count, panel_columns], zeros after the last column.
SESSIONLAB_INLINE void pack(const Right& right, int64_t from, int64_t count, int64_t at, int64_t columns, float* panel) {
  const float* b = right.b + from * right.by_term + at * right.by_column;
  if (right.by_column == 1) {
    for (int64_t k = 0; k < count; k++, b += right.by_term) {
      std::copy_n(b, columns, panel + k * panel_columns);
      std::fill(panel + k * panel_columns + columns, panel + (k + 1) * panel_columns, 0.0f);
    }
    return;
  }
  for (int64_t k = 0; k < count; k += width)
    for (int64_t j = 0; j < panel_columns; j += width) {
      const float* corner = b + j * right.by_column + k;
      float* to = panel + k * panel_columns + j;
      if (j + width <= columns && k + width <= count) {
        turn(corner, right.by_column, to, panel_columns);
        continue;
      }
      for (int64_t i = 0; i < std::min(width, count - k); i++)
        for (int64_t n = 0; n < width; n++) to[i * panel_columns + n] = j + n < columns ? corner[n * right.by_column + i] : 0.0f;
    }
}

// Rows [top, top + height) of columns [at, at + columns) of C.
template <int rows, int lanes>
SESSIONLAB_INLINE void part(const Product& product, int64_t top, int64_t height, int64_t at, int64_t columns, float* panel, float* rest) {
  const int64_t span = (columns + width - 1) / width * width;
  float* c = product.c + top * product.c_row + at;
  const bool whole = span == columns;  // else what fills no lanes goes through `rest`
  if (!whole && product.start == Start::kept)
    for (int64_t i = 0; i < height; i++) std::copy_n(c + i * product.c_row, columns, rest + i * panel_columns);
  Start start = product.start;
  for (const Terms& terms : {product.first, product.second})
    for (int64_t k = 0; k < terms.count; k += block_terms) {
      const int64_t count = std::min(block_terms, terms.count - k);
      pack(terms.right, k, count, at, columns, panel);
      const Left left{terms.left.a + top * terms.left.by_row + k * terms.left.by_term, terms.left.by_row, terms.left.by_term};
      sessionlab::product<rows, lanes>(height, span, count, left, panel, panel_columns, whole ? c : rest, whole ? product.c_row : panel_columns, start);
      start = Start::kept;
    }
  if (!whole)
    for (int64_t i = 0; i < height; i++) std::copy_n(rest + i * panel_columns, columns, c + i * product.c_row);
}

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v4"))) void part_wide(const Product& product, int64_t top, int64_t height, int64_t at, int64_t columns, float* panel, float* rest) {
  part<8, 3>(product, top, height, at, columns, panel, rest);
}
__attribute__((target("arch=x86-64-v3"))) void part_narrow(const Product& product, int64_t top, int64_t height, int64_t at, int64_t columns, float* panel, float* rest) {
  part<6, 1>(product, top, height, at, columns, panel, rest);
}
#endif
void part_plain(const Product& product, int64_t top, int64_t height, int64_t at, int64_t columns, float* panel, float* rest) {
  part<6, 1>(product, top, height, at, columns, panel, rest);
}

decltype(&part_plain) part_here() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) return part_wide;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return part_narrow;
#endif
  return part_plain;
}

SESSIONLAB_KERNEL void add_rows(const float* from, int64_t rows, int64_t columns, int64_t count, float* sums) {
  Lanes sum{};
  for (int64_t row = 0; row < rows; row++) sum += piece_of(from + row * columns, count);
  store_part(sums, sum, count);
}

// A block of a product's rows in a panel of its columns.
struct Place {
  const Product* product;
  int64_t top, at;

  void make() const {
    static const auto part_of = part_here();
    thread_local std::vector<float> panel(block_terms * panel_columns), rest(block_rows * panel_columns);
    part_of(*product, top, std::min(block_rows, product->height - top), at, std::min(panel_columns, product->span - at), panel.data(), rest.data());
  }
};

template <typename Visit>
void for_each_place(const Product& product, Visit visit) {
  for (int64_t top = 0; top < product.height; top += block_rows)
    for (int64_t at = 0; at < product.span; at += panel_columns) visit(Place{&product, top, at});
}

}  // namespace

void multiply(const std::vector<Product>& products) {
  std::vector<Place> places;
  for (const Product& one : products) for_each_place(one, [&](const Place& place) { places.push_back(place); });
  parallel(static_cast<int64_t>(places.size()), [&](int64_t i) { places[i].make(); });
}

void multiply_here(const Product& product) {
  for_each_place(product, [](const Place& place) { place.make(); });
}

void sum_columns(const float* from, int64_t rows, int64_t columns, float* sums) {
  parallel_rows(columns, width, [=](int64_t at, int64_t end) { add_rows(from + at, rows, columns, end - at, sums + at); });
}

}  // namespace sessionlab
