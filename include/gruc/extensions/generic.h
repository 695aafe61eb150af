/* One name for each kernel: float or double by the type of its first argument (C11), the
 * instruction set by `gruc_isa`. For gruc's own Cython code. */
#ifndef GRUC_GENERIC_H
#define GRUC_GENERIC_H

#include "instruction_sets.h"

/* which kernels this extension module calls; gruc/kernels/__init__.py sets it */
static int gruc_isa = GRUC_BASELINE;

#ifdef GRUC_X86_64
#define GRUC_BY_ISA(name, suffix)                                                                            \
    (gruc_isa == GRUC_AVX512 ? gruc_##name##_avx512_##suffix                                                 \
     : gruc_isa == GRUC_AVX2 ? gruc_##name##_avx2_##suffix                                                   \
                             : gruc_##name##_baseline_##suffix)
#else
#define GRUC_BY_ISA(name, suffix) gruc_##name##_baseline_##suffix
#endif

#define GRUC_BY_TYPE_OF(name, pointer)                                                                       \
    _Generic(                                                                                                \
        (pointer),                                                                                           \
        float *: GRUC_BY_ISA(name, f32),                                                                     \
        const float *: GRUC_BY_ISA(name, f32),                                                               \
        double *: GRUC_BY_ISA(name, f64),                                                                    \
        const double *: GRUC_BY_ISA(name, f64))
#define GRUC_BY_TYPE(name, first, ...) GRUC_BY_TYPE_OF(name, first)(first, __VA_ARGS__)

#define gruc_gather(values, ...) GRUC_BY_TYPE(gather, values, __VA_ARGS__)
#define gruc_widen_range(lowest, ...) GRUC_BY_TYPE(widen_range, lowest, __VA_ARGS__)
#define gruc_exp(out, ...) GRUC_BY_TYPE(map_exp, out, __VA_ARGS__)
#define gruc_sigmoid(out, ...) GRUC_BY_TYPE(map_sigmoid, out, __VA_ARGS__)
#define gruc_tanh(out, ...) GRUC_BY_TYPE(map_tanh, out, __VA_ARGS__)
#define gruc_layer_packed_size(of, ...) GRUC_BY_TYPE_OF(layer_packed_size, of)(__VA_ARGS__)
#define gruc_layer_pack(packed, ...) GRUC_BY_TYPE(layer_pack, packed, __VA_ARGS__)
#define gruc_softmax(a, ...) GRUC_BY_TYPE(softmax, a, __VA_ARGS__)

/* the table of operations in inference, by the type of a pointer */
#define gruc_infer_kinds(of) GRUC_BY_TYPE_OF(infer_kinds, of)

/* the table of operations row by row */
#define gruc_row_kinds(of) GRUC_BY_TYPE_OF(row_kinds, of)

/* streams keep their memory as void: of the precision that `of` points to */
#define gruc_misfit(of, ...) GRUC_BY_TYPE_OF(misfit, of)(__VA_ARGS__)
#define gruc_stream_step(of, ...) GRUC_BY_TYPE_OF(stream_step, of)(__VA_ARGS__)
#define gruc_stream_token(of, ...) GRUC_BY_TYPE_OF(stream_token, of)(__VA_ARGS__)
#define gruc_stream_result(of, ...) GRUC_BY_TYPE_OF(stream_result, of)(__VA_ARGS__)
#define gruc_run_search(of, ...) GRUC_BY_TYPE_OF(search, of)(__VA_ARGS__)

/* layer kernels one by one, for tests (tests/layer_kernels.pyx) */
#define gruc_gru_backward_packed_size(of, ...) GRUC_BY_TYPE_OF(gru_backward_packed_size, of)(__VA_ARGS__)
#define gruc_gru_backward_scratch(of, ...) GRUC_BY_TYPE_OF(gru_backward_scratch, of)(__VA_ARGS__)
#define gruc_gru_backward_pack(packed, ...) GRUC_BY_TYPE(gru_backward_pack, packed, __VA_ARGS__)
#define gruc_gru_forward(of, ...) GRUC_BY_TYPE_OF(gru_forward, of)(__VA_ARGS__)
#define gruc_gru_backward(of, ...) GRUC_BY_TYPE_OF(gru_backward, of)(__VA_ARGS__)
#define gruc_permute_forward(y, ...) GRUC_BY_TYPE(permute_forward, y, __VA_ARGS__)
#define gruc_permute_backward(dx, ...) GRUC_BY_TYPE(permute_backward, dx, __VA_ARGS__)
#define gruc_attend_scratch(of, ...) GRUC_BY_TYPE_OF(attend_scratch, of)(__VA_ARGS__)
#define gruc_attend_forward(of, ...) GRUC_BY_TYPE_OF(attend_forward, of)(__VA_ARGS__)
#define gruc_attend_backward(of, ...) GRUC_BY_TYPE_OF(attend_backward, of)(__VA_ARGS__)
#define gruc_embed_forward(y, ...) GRUC_BY_TYPE(embed_forward, y, __VA_ARGS__)
#define gruc_embed_scratch(of, ...) GRUC_BY_TYPE_OF(embed_scratch, of)(__VA_ARGS__)
#define gruc_embed_backward(of, ...) GRUC_BY_TYPE_OF(embed_backward, of)(__VA_ARGS__)
#define gruc_embed_merge(of, ...) GRUC_BY_TYPE_OF(embed_merge, of)(__VA_ARGS__)

/* the table of operations in training, by the type of a pointer */
#define gruc_operations(of) GRUC_BY_TYPE_OF(operations, of)
#define gruc_softmax_cross_entropy(a, ...) GRUC_BY_TYPE(softmax_cross_entropy, a, __VA_ARGS__)
#define gruc_sigmoid_cross_entropy(a, ...) GRUC_BY_TYPE(sigmoid_cross_entropy, a, __VA_ARGS__)
#define gruc_error_loss(a, ...) GRUC_BY_TYPE(error_loss, a, __VA_ARGS__)
#define gruc_norm(g, ...) GRUC_BY_TYPE(norm, g, __VA_ARGS__)
#define gruc_add(g, ...) GRUC_BY_TYPE(add, g, __VA_ARGS__)
#define gruc_scale(g, ...) GRUC_BY_TYPE(scale, g, __VA_ARGS__)
#define gruc_add_penalty(g, ...) GRUC_BY_TYPE(add_penalty, g, __VA_ARGS__)
#define gruc_sgd(p, ...) GRUC_BY_TYPE(sgd, p, __VA_ARGS__)
#define gruc_rmsprop(p, ...) GRUC_BY_TYPE(rmsprop, p, __VA_ARGS__)
#define gruc_adam_rows(p, ...) GRUC_BY_TYPE(adam_rows, p, __VA_ARGS__)
#define gruc_sgd_rows(p, ...) GRUC_BY_TYPE(sgd_rows, p, __VA_ARGS__)
#define gruc_rmsprop_rows(p, ...) GRUC_BY_TYPE(rmsprop_rows, p, __VA_ARGS__)
#define gruc_add_penalty_rows(g, ...) GRUC_BY_TYPE(add_penalty_rows, g, __VA_ARGS__)
#define gruc_adam(p, ...) GRUC_BY_TYPE(adam, p, __VA_ARGS__)

#endif
