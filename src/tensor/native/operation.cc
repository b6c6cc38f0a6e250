#include "operation.h"

namespace sessionlab {
namespace {

// What TensorFlow holds for an operation with given attributes.
struct Kernel {
  void (*compute)(Call&);
  Attributes attributes;
};

void compute(void* kernel, TF_OpKernelContext* context) {
  const auto& own = *static_cast<Kernel*>(kernel);
  Call call(context, own.attributes);
  own.compute(call);
}

void destroy(void* kernel) { delete static_cast<Kernel*>(kernel); }

bool is_count(const char* attribute) { return std::string(attribute).find(':') != std::string::npos; }

void unknown_shape(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

}  // namespace

Call::Call(TF_OpKernelContext* context, const Attributes& attributes) : context_(context), attributes_(attributes), inputs_(TF_NumInputs(context)), status_(TF_NewStatus()) {
  held_.resize(inputs_);
  for (size_t i = 0; i < held_.size(); i++) TF_GetInput(context, static_cast<int>(i), &held_[i], status_);
}

Call::~Call() {
  for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

void Call::refuse(const char* why) {
  TF_SetStatus(status_, TF_INVALID_ARGUMENT, why);
  TF_OpKernelContext_Failure(context_, status_);
}

void* Call::make(int output, TF_DataType type, const int64_t* shape, int rank, size_t bytes) {
  TF_Tensor* made = TF_AllocateOutput(context_, output, type, shape, rank, bytes, status_);
  held_.push_back(made);
  return TF_TensorData(made);
}

float* Call::new_floats(int output, std::initializer_list<int64_t> shape) {
  size_t size = sizeof(float);
  for (const int64_t side : shape) size *= side;
  return static_cast<float*>(make(output, TF_FLOAT, shape.begin(), static_cast<int>(shape.size()), size));
}

float* Call::new_floats_like(int output, int input) {
  std::vector<int64_t> shape;
  for (int axis = 0; axis < rank(input); axis++) shape.push_back(side(input, axis));
  return static_cast<float*>(make(output, TF_FLOAT, shape.data(), rank(input), size(input) * sizeof(float)));
}

int32_t* Call::new_integers(int output, std::initializer_list<int64_t> shape) {
  size_t size = sizeof(int32_t);
  for (const int64_t side : shape) size *= side;
  return static_cast<int32_t*>(make(output, TF_INT32, shape.begin(), static_cast<int>(shape.size()), size));
}

void* make_kernel(TF_OpKernelConstruction* construction, const Operation& operation) {
  auto* kernel = new Kernel{operation.compute, {}};
  TF_Status* status = TF_NewStatus();
  for (const char* name : operation.attributes) {
    if (is_count(name)) continue;
    float value = 0;
    TF_OpKernelConstruction_GetAttrFloat(construction, name, &value, status);
    if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
    kernel->attributes[name] = value;
  }
  TF_DeleteStatus(status);
  return kernel;
}

std::string define(const Operation& operation, Maker maker) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const char* name : operation.attributes) TF_OpDefinitionBuilderAddAttr(definition, (is_count(name) ? name : std::string(name) + ": float").c_str());
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, unknown_shape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) TF_RegisterKernelBuilder(operation.name, TF_NewKernelBuilder(operation.name, "CPU", maker, compute, destroy), status);
  const std::string wrong = TF_GetCode(status) == TF_OK ? "" : TF_Message(status);
  TF_DeleteStatus(status);
  return wrong;
}

}  // namespace sessionlab
