"""The C kernels of include/gruc as Cython sees them.

Each name is a macro of generic.h that picks the float or the double kernel by the
type of its first argument, and among those the one for this processor: so each is
declared once, without a prototype here. The C compiler checks the arguments
against the real one. Sizes are told the type by a pointer that may be NULL.
"""


from libc.stdint cimport int32_t, int64_t


cdef extern from "gruc/base/wait.h" nogil:
    void gruc_spin(const int *counter, int value, double microseconds) noexcept


cdef extern from "gruc/data/source.h" nogil:
    enum:
        GRUC_FLOAT32, GRUC_FLOAT64, GRUC_INT32, GRUC_INT64

    ctypedef struct gruc_source:
        size_t n, D, frame_length, hop_length
        int type
        const Py_ssize_t *table
        const char *start
        size_t T
        Py_ssize_t of_sequence, of_step, of_feature

    ctypedef struct gruc_sequence:
        size_t n_frames

    gruc_sequence gruc_sequence_at(const gruc_source *source, size_t i) noexcept
    void gruc_layout(Py_ssize_t *order, Py_ssize_t *lengths, Py_ssize_t *offsets, const gruc_source *source,
                     const Py_ssize_t *indices, size_t B, size_t T) noexcept


cdef extern from "gruc/data/tokens.h" nogil:
    ctypedef struct gruc_wrong_token:
        Py_ssize_t sequence, step
        int64_t token

    gruc_wrong_token gruc_gather_tokens(
        int32_t *tokens, const gruc_source *source, const Py_ssize_t *indices, const Py_ssize_t *order,
        const Py_ssize_t *offsets, size_t B, int64_t n_tokens) noexcept


cdef extern from "gruc/training/token_rows.h" nogil:
    ctypedef struct gruc_token_rows:
        size_t n
        int32_t *tokens
        void *rows


cdef extern from "gruc/program/network_shape.h" nogil:
    enum:
        GRUC_LAST, GRUC_MEAN, GRUC_MAX, GRUC_ATTENTION
        GRUC_SOFTMAX, GRUC_SIGMOID
        GRUC_SQUARED_ERROR, GRUC_ABSOLUTE_ERROR, GRUC_HUBER, GRUC_QUANTILE, GRUC_POISSON

    ctypedef struct gruc_shape:
        size_t n_features, n_outputs, n_layers
        const Py_ssize_t *units
        int bidirectional, reset_after, readout

    ctypedef struct gruc_pass:
        const gruc_shape *shape
        const void *parameters
        const void *packed
        const void *x
        const Py_ssize_t *lengths
        const Py_ssize_t *offsets
        size_t T, B, N
        void *workspace
        void *dropout
        int drop_inputs, drop_states
        const void *plain
        int want_dx


cdef extern from "gruc/layers/gru_batch.h" nogil:
    enum:
        GRUC_GRU, GRUC_GRU_RESET_BEFORE

    ctypedef struct gruc_gru_batch:
        int kind, reverse
        size_t T, D, H
        const Py_ssize_t *offsets
        const void *x
        size_t ld_x
        const void *mask
        const void *state0
        size_t ld_state0
        void *gates
        void *h
        size_t ld_h
        void *state
        size_t ld_state
        const void *dh
        size_t ld_dh
        void *dstate
        size_t ld_dstate
        void *dx
        size_t ld_dx
        int add_to_dx
        void *scratch

    ctypedef struct gruc_gru_weights:
        void *W_ihT
        void *W_hhT
        void *b_ih
        void *b_hh

    ctypedef struct gruc_plain_passes:
        void (*forward)(const gruc_gru_batch *, const gruc_gru_weights *) noexcept nogil
        void (*backward)(const gruc_gru_weights *, const gruc_gru_batch *, const gruc_gru_weights *) noexcept nogil


cdef extern from "gruc/program/model_shape.h" nogil:
    enum:
        GRUC_VALUES, GRUC_EXP, GRUC_TWO, GRUC_CLASSES, GRUC_LABELS

    ctypedef struct gruc_layer:
        pass

    ctypedef struct gruc_model:
        size_t n_features, n_outputs, n_layers
        const Py_ssize_t *units
        int reset_after, readout, link
        size_t frame_length, hop_length
        const void *mean
        const void *scale
        const void *target_mean
        const void *target_scale
        size_t n_quantiles
        double largest
        const gruc_layer *layers
        const void *attention
        const void *attention_b
        const void *attention_v
        const void *head
        const void *head_b


cdef extern from "gruc/extensions/generic.h" nogil:
    int gruc_isa
    int gruc_has(int isa) noexcept

    Py_ssize_t gruc_panel_size(...) noexcept
    Py_ssize_t gruc_gru_packed_size(...) noexcept
    Py_ssize_t gruc_gru_infer_scratch(...) noexcept
    size_t gruc_network_size(...) noexcept
    size_t gruc_network_packed_size(...) noexcept
    size_t gruc_network_workspace(...) noexcept
    size_t gruc_network_dropout_size(...) noexcept

    # inference
    void gruc_gather(...) noexcept
    int gruc_widen_range(...) noexcept
    void gruc_exp(...) noexcept
    void gruc_sigmoid(...) noexcept
    void gruc_tanh(...) noexcept
    void gruc_pack(...) noexcept
    void gruc_affine(...) noexcept
    void gruc_gru_pack(...) noexcept
    void gruc_gru_infer(...) noexcept
    void gruc_mean_forward(...) noexcept
    void gruc_max_forward(...) noexcept
    void gruc_attention_forward(...) noexcept
    void gruc_softmax(...) noexcept
    gruc_layer gruc_gru_layer(...) noexcept
    size_t gruc_misfit(...) noexcept
    size_t gruc_stream_size(...) noexcept
    size_t gruc_stream_scratch(...) noexcept
    void gruc_stream_step(...) noexcept
    void gruc_stream_result(...) noexcept

    # training
    void gruc_network_pack(...) noexcept
    void gruc_network_masks(...) noexcept
    void gruc_network_forward(...) noexcept
    void gruc_network_backward(...) noexcept
    double gruc_network_loss(...) noexcept
    double gruc_softmax_cross_entropy(...) noexcept
    double gruc_sigmoid_cross_entropy(...) noexcept
    double gruc_error_loss(...) noexcept
    double gruc_norm(...) noexcept
    void gruc_add(...) noexcept
    void gruc_scale(...) noexcept
    double gruc_add_penalty(...) noexcept
    void gruc_adam(...) noexcept
    void gruc_sgd(...) noexcept
    void gruc_rmsprop(...) noexcept
    void gruc_adam_rows(...) noexcept
    void gruc_sgd_rows(...) noexcept
    void gruc_rmsprop_rows(...) noexcept
    double gruc_add_penalty_rows(...) noexcept

    # layer kernels one by one, for tests (tests/layer_kernels.pyx)
    size_t gruc_gru_backward_packed_size(...) noexcept
    size_t gruc_gru_backward_scratch(...) noexcept
    void gruc_gru_backward_pack(...) noexcept
    void gruc_gru_forward(...) noexcept
    void gruc_gru_backward(...) noexcept
    void gruc_embed_forward(...) noexcept
    size_t gruc_embed_scratch(...) noexcept
    void gruc_embed_backward(...) noexcept
    void gruc_embed_merge(...) noexcept


# Cython's own code follows: it takes and checks arguments, and should be small
cdef extern from *:
    """
    #if defined(__GNUC__) && !defined(__clang__)
    #pragma GCC optimize("Os")
    #endif
    """
