// TensorFlow operations of our own, through the C API for kernels: inputs and outputs are float32 or int32 tensors of a CPU.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

namespace sessionlab {

using Attributes = std::map<std::string, double>;

// One call of an operation: its inputs, and the outputs that it makes.
class Call {
 public:
  Call(TF_OpKernelContext* context, const Attributes& attributes);
  ~Call();

  const float* floats(int input) { return static_cast<const float*>(TF_TensorData(held_[input])); }
  const int32_t* integers(int input) { return static_cast<const int32_t*>(TF_TensorData(held_[input])); }
  const uint8_t* bytes(int input) { return static_cast<const uint8_t*>(TF_TensorData(held_[input])); }
  int64_t inputs() const { return inputs_; }
  int rank(int input) { return TF_NumDims(held_[input]); }
  int64_t side(int input, int axis) { return TF_Dim(held_[input], axis); }
  int64_t size(int input) { return TF_TensorElementCount(held_[input]); }
  // Ends the call with an error that JavaScript sees; shapes are checked here because a wrong one would read past an end.
  void refuse(const char* why);
  double attribute(const char* name) const { return attributes_.at(name); }

  float* new_floats(int output, std::initializer_list<int64_t> shape);
  float* new_floats_like(int output, int input);
  int32_t* new_integers(int output, std::initializer_list<int64_t> shape);

 private:
  void* make(int output, TF_DataType type, const int64_t* shape, int rank, size_t bytes);

  TF_OpKernelContext* context_;
  const Attributes& attributes_;
  std::vector<TF_Tensor*> held_;  // inputs, then outputs
  int64_t inputs_;
  TF_Status* status_;
};

// "name: type" of each input and output, as TensorFlow writes them, and the names of float attributes; "N: int" counts a list.
struct Operation {
  const char* name;
  std::vector<const char*> inputs, outputs, attributes;
  void (*compute)(Call&);
};

using Maker = void* (*)(TF_OpKernelConstruction*);
void* make_kernel(TF_OpKernelConstruction* construction, const Operation& operation);
std::string define(const Operation& operation, Maker maker);

// Tells TensorFlow of it. Returns what went wrong, or nothing.
template <const Operation& operation>
std::string define() {
  return define(operation, [](TF_OpKernelConstruction* construction) { return make_kernel(construction, operation); });
}

// The operations; each is in the file of its name.
extern const Operation layer_norm, layer_norm_gradient;
extern const Operation catalogue_softmax;
extern const Operation bpr_max, bpr_max_rows;
extern const Operation gru_step, gru_step_gradient;
extern const Operation adagrad_rows;
extern const Operation adam;
extern const Operation normalise, normalise_gradient;
extern const Operation causal_softmax, causal_softmax_gradient;
extern const Operation gelu, gelu_gradient;
extern const Operation sparse_product, sparse_spread, sparse_collect;
extern const Operation biased_prelu, biased_prelu_gradient, hidden_means, hidden_means_gradient, weighed, weighed_gradient;
extern const Operation edge_attention, edge_attention_gradient;
extern const Operation adaln, adaln_gradient;
extern const Operation normals;
extern const Operation masked;
extern const Operation added;
extern const Operation ranks;
extern const Operation top_items;

}  // namespace sessionlab
