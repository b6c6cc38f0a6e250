// The addon: loading it tells TensorFlow of our operations. Exports `source`, the hash of what it was compiled from,
// `wrong`, what TensorFlow did not take, and `threads(n)`.
#include <node_api.h>

#include <string>

#include "operation.h"
#include "parallel.h"

namespace sessionlab {
namespace {

napi_value Threads(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  int32_t threads = 1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_int32(env, argument, &threads);
  set_threads(threads);
  return nullptr;
}

void Set(napi_env env, napi_value exports, const char* name, const std::string& text) {
  napi_value value;
  napi_create_string_utf8(env, text.c_str(), text.size(), &value);
  napi_set_named_property(env, exports, name, value);
}

napi_value Init(napi_env env, napi_value exports) {
  // Once a process: a worker that loads the addon too gets the same operations.
  static const std::string wrong = define<layer_norm>() + define<layer_norm_gradient>() + define<catalogue_softmax>() + define<bpr_max>() + define<bpr_max_rows>() + define<normalise>() + define<normalise_gradient>() + define<causal_softmax>() +
                                   define<causal_softmax_gradient>() + define<gelu>() + define<gelu_gradient>() +
                                   define<gru_step>() + define<gru_step_gradient>() + define<adagrad_rows>() + define<adam>() +
                                   define<sparse_product>() + define<sparse_spread>() + define<sparse_collect>() +
                                   define<biased_prelu>() + define<biased_prelu_gradient>() + define<hidden_means>() + define<hidden_means_gradient>() + define<weighed>() + define<weighed_gradient>() +
                                   define<edge_attention>() + define<edge_attention_gradient>() +
                                   define<adaln>() + define<adaln_gradient>() + define<normals>() + define<masked>() + define<added>() + define<ranks>() + define<top_items>();
  napi_value threads;
  napi_create_function(env, "threads", NAPI_AUTO_LENGTH, Threads, nullptr, &threads);
  napi_set_named_property(env, exports, "threads", threads);
  Set(env, exports, "source", SESSIONLAB_SOURCE);
  Set(env, exports, "wrong", wrong);
  return exports;
}

}  // namespace
}  // namespace sessionlab

NAPI_MODULE(NODE_GYP_MODULE_NAME, sessionlab::Init)
