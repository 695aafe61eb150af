/* gruc's kernels for inference, in float and double: C99, no allocation, no
 * globals, no library but libm.
 *
 *   gruc_exp_f32(x)   gruc_sigmoid_f32(x)   gruc_tanh_f32(x)      vmath.h
 *   gruc_affine_f32(...)                                         product.h
 *   gruc_gru_infer_f32(...)                                      gru_infer.h
 *   gruc_mean_forward_f32(...)                                   readout.h
 *   gruc_softmax_f32(...)                                        head.h
 *
 * and the same with _f64. */
#ifndef GRUC_H
#define GRUC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "portability.h"

#define GRUC_BITS 32
#include "inference_kernels.h"
#define GRUC_BITS 64
#include "inference_kernels.h"

#endif
