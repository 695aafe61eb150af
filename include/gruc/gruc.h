/* gruc's kernels for inference, in float and double: C99, no allocation, no
 * globals, no library but libm.
 *
 *   gruc_map_exp_f32   gruc_map_sigmoid_f32   gruc_map_tanh_f32   vmath.body.h
 *   gruc_pack_f32      gruc_affine_f32                            product.body.h, affine.body.h
 *   gruc_gru_pack_f32  gruc_gru_infer_f32                          gru.body.h
 *   gruc_mean_forward_f32  gruc_max_forward_f32                   readout.body.h
 *   gruc_attention_forward_f32
 *   gruc_softmax_f32                                              softmax.body.h
 *   gruc_stream_step_f32  gruc_stream_result_f32                  stream.body.h, memory.h
 *   gruc_stream_token_f32
 *   gruc_row_kinds_f32                                            rows.body.h
 *   gruc_infer_kinds_f32  gruc_infer                            infer.h: a network over a batch
 *
 * and the same with _f64, for the widest vectors that the compiler's flags allow.
 * Weights are packed by the program that runs them: panels differ between them. */
#ifndef GRUC_H
#define GRUC_H

#include "base/portability.h"

#include "hide_macros.h"

#define GRUC_SIMD GRUC_SIMD_OF_FLAGS
#define GRUC_BITS 32
#include "program/inference_kernels.h"
#define GRUC_BITS 64
#include "program/inference_kernels.h"
#undef GRUC_SIMD

#include "restore_macros.h"

#endif
