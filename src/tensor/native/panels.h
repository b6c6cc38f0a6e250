// C = A B on all threads, for kernels whose products are large: panels of B's columns are packed into the cache, and each
// panel is multiplied by blocks of A's rows. An entry of C adds its terms in their order: any number of threads, same bits.
#pragma once
#include <vector>

#include "product.h"

namespace sessionlab {

// B[k, j] = b[k * by_term + j * by_column]; either stride is 1
struct Right {
  const float* b;
  int64_t by_term, by_column;
};

// Some of the terms of a product.
struct Terms {
  int64_t count;
  Left left;
  Right right;
};

// C [height, span], rows `c_row` apart, from the terms of one pair of matrices, then of another.
struct Product {
  int64_t height, span;
  float* c;
  int64_t c_row;
  Start start;
  Terms first, second{0, {}, {}};
};

// Makes several products that do not read each other.
void multiply(const std::vector<Product>& products);

// Makes one on the thread that asks: for parts of work that are spread over threads already.
void multiply_here(const Product& product);

// The sum of each column of `rows` rows, each `columns` wide.
void sum_columns(const float* from, int64_t rows, int64_t columns, float* sums);

}  // namespace sessionlab
