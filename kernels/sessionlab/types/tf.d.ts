/** TensorFlow.js, the one of the library, on its backend. */
declare const tf: typeof import("@tensorflow/tfjs");
