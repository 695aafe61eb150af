/* One name for each kernel, float or double by the type of its first argument
 * (C11). For gruc's own Cython code; C programs call the _f32 or _f64 name. */
#ifndef GRUC_GENERIC_H
#define GRUC_GENERIC_H

#include "training.h"

#define GRUC_BY_TYPE(name, first, ...)                                                                       \
    _Generic(                                                                                                \
        (first),                                                                                             \
        float *: gruc_##name##_f32,                                                                          \
        const float *: gruc_##name##_f32,                                                                    \
        double *: gruc_##name##_f64,                                                                         \
        const double *: gruc_##name##_f64)(first, __VA_ARGS__)

#define gruc_exp(out, ...) GRUC_BY_TYPE(map_exp, out, __VA_ARGS__)
#define gruc_sigmoid(out, ...) GRUC_BY_TYPE(map_sigmoid, out, __VA_ARGS__)
#define gruc_tanh(out, ...) GRUC_BY_TYPE(map_tanh, out, __VA_ARGS__)
#define gruc_affine(out, ...) GRUC_BY_TYPE(affine, out, __VA_ARGS__)
#define gruc_gru_infer(h, ...) GRUC_BY_TYPE(gru_infer, h, __VA_ARGS__)
#define gruc_mean_forward(out, ...) GRUC_BY_TYPE(mean_forward, out, __VA_ARGS__)
#define gruc_softmax(a, ...) GRUC_BY_TYPE(softmax, a, __VA_ARGS__)

#define gruc_gru_cell_forward(gates, ...) GRUC_BY_TYPE(gru_cell_forward, gates, __VA_ARGS__)
#define gruc_gru_cell_backward(gates, ...) GRUC_BY_TYPE(gru_cell_backward, gates, __VA_ARGS__)
#define gruc_gru_before_forward_rz(gates, ...) GRUC_BY_TYPE(gru_before_forward_rz, gates, __VA_ARGS__)
#define gruc_gru_before_forward_n(gates, ...) GRUC_BY_TYPE(gru_before_forward_n, gates, __VA_ARGS__)
#define gruc_gru_before_backward_zn(gates, ...) GRUC_BY_TYPE(gru_before_backward_zn, gates, __VA_ARGS__)
#define gruc_gru_before_backward_r(gates, ...) GRUC_BY_TYPE(gru_before_backward_r, gates, __VA_ARGS__)
#define gruc_column_sums(out, ...) GRUC_BY_TYPE(column_sums, out, __VA_ARGS__)
#define gruc_mean_backward(dh, ...) GRUC_BY_TYPE(mean_backward, dh, __VA_ARGS__)
#define gruc_softmax_cross_entropy(a, ...) GRUC_BY_TYPE(softmax_cross_entropy, a, __VA_ARGS__)
#define gruc_sigmoid_cross_entropy(a, ...) GRUC_BY_TYPE(sigmoid_cross_entropy, a, __VA_ARGS__)
#define gruc_squared_error(a, ...) GRUC_BY_TYPE(squared_error, a, __VA_ARGS__)
#define gruc_norm(g, ...) GRUC_BY_TYPE(norm, g, __VA_ARGS__)
#define gruc_scale(g, ...) GRUC_BY_TYPE(scale, g, __VA_ARGS__)
#define gruc_adam(p, ...) GRUC_BY_TYPE(adam, p, __VA_ARGS__)

#endif
