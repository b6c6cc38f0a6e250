// C += A B for the products that a fused kernel makes on its way. B's rows are contiguous and lie along the lanes;
// A is read one number at a time, at any strides, so a transposed A costs nothing. Each entry of C adds its terms in
// the order of k: the tile's shape, which follows the number of registers, does not change a bit.
#pragma once
#include <algorithm>

#include "lanes.h"

namespace sessionlab {

// A[i, k] = a[i * by_row + k * by_term]
struct Left {
  const float* a;
  int64_t by_row, by_term;
};

// Whether C starts at what it holds, or at zero.
enum class Start { kept, zero };

template <int rows, int lanes>
SESSIONLAB_INLINE void tile(const Left& left, const float* b, int64_t b_row, int64_t terms, float* c, int64_t c_row, Start start) {
  Lanes sum[rows][lanes], piece[lanes];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < lanes; j++)
      if (start == Start::kept) load(sum[i][j], c + i * c_row + j * width); else sum[i][j] = Lanes{};
  const float* a = left.a;
  for (int64_t k = 0; k < terms; k++, b += b_row, a += left.by_term) {
    for (int j = 0; j < lanes; j++) load(piece[j], b + j * width);
    for (int i = 0; i < rows; i++) {
      const float factor = a[i * left.by_row];
      for (int j = 0; j < lanes; j++) sum[i][j] += factor * piece[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < lanes; j++) store(c + i * c_row + j * width, sum[i][j]);
}

template <int rows, int lanes>
SESSIONLAB_INLINE void tiles_down(int64_t height, Left left, const float* b, int64_t b_row, int64_t terms, float* c, int64_t c_row, Start start) {
  for (; height >= rows; height -= rows, left.a += rows * left.by_row, c += rows * c_row) tile<rows, lanes>(left, b, b_row, terms, c, c_row, start);
  for (; height > 0; height--, left.a += left.by_row, c += c_row) tile<1, lanes>(left, b, b_row, terms, c, c_row, start);
}

// C [height, span] of A [height, terms] and B [terms, span]; span is a multiple of the lanes. `rows` and `lanes` are a tile's.
template <int rows, int lanes>
SESSIONLAB_INLINE void product(int64_t height, int64_t span, int64_t terms, const Left& left, const float* b, int64_t b_row, float* c, int64_t c_row, Start start) {
  int64_t at = 0;
  for (; at + lanes * width <= span; at += lanes * width) tiles_down<rows, lanes>(height, left, b + at, b_row, terms, c + at, c_row, start);
  if constexpr (lanes > 2)
    for (; at + 2 * width <= span; at += 2 * width) tiles_down<rows, 2>(height, left, b + at, b_row, terms, c + at, c_row, start);
  for (; at < span; at += width) tiles_down<rows, 1>(height, left, b + at, b_row, terms, c + at, c_row, start);
}

}  // namespace sessionlab
