"""The C kernels of include/gruc as Cython sees them.

Each name is a macro of generic.h that picks the float or the double kernel by the
type of its first argument, and among those the one for this processor: so each is
declared once, without a prototype here. The C compiler checks the arguments
against the real one. Sizes are told the type by a pointer that may be NULL.
"""


from libc.stdint cimport int32_t, int64_t, uint64_t


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


cdef extern from "gruc/program/program.h" nogil:
    enum:
        GRUC_MEAN, GRUC_MAX, GRUC_ATTENTION, GRUC_GRU, GRUC_GRU_RESET_BEFORE, GRUC_FIO, GRUC_DENSE
        GRUC_DROPOUT, GRUC_EMBED, GRUC_PERMUTE, GRUC_ATTEND, GRUC_ATTEND_GENERAL, GRUC_CONV, GRUC_POOL
        GRUC_EMBED_SHARED, GRUC_DENSE_TABLE, GRUC_COPY, GRUC_KEYS, GRUC_GRU_ATTENDING
        GRUC_GRU_ATTENDING_RESET_BEFORE, GRUC_DENSE_SAMPLED, GRUC_CONV_POOL, GRUC_N_KINDS, GRUC_N_CLOCKS

    ctypedef struct gruc_cell_shape:
        size_t blocks, slots, states

    gruc_cell_shape gruc_shape_of(int kind) noexcept

    ctypedef struct gruc_value:
        int clock, per_step, integers, gradient
        size_t width

    ctypedef struct gruc_op:
        int kind, x, x2, y, last, reverse
        size_t D, H, column, weights, steps
        int x3

    ctypedef struct gruc_program:
        size_t n_values, n_inputs, n_ops
        const gruc_value *values
        const gruc_op *ops
        int output
        size_t strides[8]

    ctypedef struct gruc_clock:
        size_t T, B, N
        const Py_ssize_t *lengths
        const Py_ssize_t *offsets
        const Py_ssize_t *order
        const Py_ssize_t *places

    size_t gruc_stride(const gruc_program *program, int clock) noexcept
    size_t gruc_slower(size_t n_steps, size_t stride) noexcept
    void gruc_lay_out_slower(gruc_clock *to, Py_ssize_t *lengths, Py_ssize_t *offsets,
                             const gruc_clock *source, size_t stride) noexcept
    size_t gruc_op_size(const gruc_op *op) noexcept
    size_t gruc_rows(const gruc_value *value, const gruc_clock *clocks) noexcept


cdef extern from "gruc/training/token_rows.h" nogil:
    ctypedef struct gruc_token_rows:
        size_t n
        int32_t *tokens
        void *rows


cdef extern from "gruc/training/walk.h" nogil:
    enum:
        GRUC_SOFTMAX, GRUC_SIGMOID, GRUC_SQUARED_ERROR, GRUC_ABSOLUTE_ERROR, GRUC_HUBER, GRUC_QUANTILE
        GRUC_POISSON

    ctypedef struct gruc_loss:
        int kind
        const Py_ssize_t *labels
        const void *y
        const double *weights
        double total
        const double *settings
        size_t n_settings
        const int32_t *candidates
        const double *log_shares
        size_t n_candidates

    ctypedef struct gruc_value_place:
        size_t rows, gradient
        int has_gradient

    ctypedef struct gruc_op_place:
        size_t packed, kept

    ctypedef struct gruc_pass:
        const gruc_program *program
        const gruc_operation *operations
        size_t element
        gruc_clock clocks[8]
        const void **inputs
        void **dinputs
        const void *parameters
        const void *packed
        void *gradients
        gruc_token_rows *token_rows
        void *outputs, *doutputs, *workspace
        size_t n_candidates
        gruc_value_place *values
        gruc_op_place *ops
        size_t scratch
        int drop_states, by_token
        double rate, rate_states, rate_tokens

    ctypedef struct gruc_call:
        const gruc_op *op
        const gruc_pass *passing "pass"
        const gruc_clock *clock
        size_t rows, width
        const void *parameters
        void *gradients
        void *kept

    ctypedef struct gruc_operation:
        size_t (*packed_size)(const gruc_op *op, int want_dx) noexcept nogil
        size_t (*scratch_size)(const gruc_op *op, const gruc_pass *p) noexcept nogil
        void (*forward)(const gruc_call *call) noexcept nogil
        void (*backward)(const gruc_call *call) noexcept nogil

    ctypedef struct gruc_gru_batch:
        int kind, reverse
        size_t T, D, H
        const Py_ssize_t *offsets
        const void *x
        size_t ld_x
        const void *mask, *state0
        size_t ld_state0
        void *gates, *h
        size_t ld_h
        void *state
        size_t ld_state
        const void *dh
        size_t ld_dh
        void *dstate
        size_t ld_dstate, c_of_state
        void *dx
        size_t ld_dx
        int add_to_dx
        void *scratch

    ctypedef struct gruc_gru_weights:
        void *W_ihT, *W_hhT
        void *b_ih, *b_hh

    const gruc_clock *gruc_clock_of(const gruc_op *op, const gruc_pass *p) noexcept
    gruc_gru_batch gruc_gru_batch_of(const gruc_call *call) noexcept
    gruc_gru_weights gruc_gru_weights_at(void *first, const gruc_op *op, size_t element) noexcept
    size_t gruc_program_packed_size(const gruc_program *program, const gruc_operation *operations) noexcept
    void gruc_program_pack(void *packed, const void *parameters, const gruc_program *program,
                           const gruc_operation *operations, size_t element) noexcept
    size_t gruc_program_places(gruc_pass *p) noexcept
    void *gruc_rows_of(const gruc_pass *p, int value) noexcept
    void *gruc_gradient_of(const gruc_pass *p, int value) noexcept
    gruc_call gruc_call_forward(const gruc_pass *p, size_t i) noexcept
    void gruc_program_masks(const gruc_pass *p, const uint64_t *seeds) noexcept
    void gruc_program_forward(const gruc_pass *p) noexcept
    void gruc_program_backward(const gruc_pass *p) noexcept
    double gruc_program_loss(const gruc_pass *p, const gruc_loss *loss) noexcept


cdef extern from "gruc/program/infer.h" nogil:
    enum:
        GRUC_VALUES, GRUC_EXP, GRUC_TWO, GRUC_CLASSES, GRUC_LABELS
    const size_t GRUC_NOWHERE

    ctypedef struct gruc_inputs:
        size_t n_features, frame_length, hop_length
        const void *mean
        const void *scale
        double largest

    ctypedef struct gruc_op_weights:
        const void *bias
        const void *vector
        const void *W
        const void *W_hh
        const void *W_hh_n

    ctypedef struct gruc_outputs:
        int link
        size_t n_outputs, n_quantiles
        const void *target_mean
        const void *target_scale

    ctypedef struct gruc_memory:
        size_t states_size, scratch_size, frame_rows
        const size_t *states
        const size_t *rows

    ctypedef struct gruc_row_kind:
        pass

    ctypedef struct gruc_model:
        gruc_inputs inputs
        gruc_program program
        const gruc_row_kind *const *kinds
        const gruc_op_weights *weights
        gruc_outputs outputs
        gruc_memory memory

    ctypedef struct gruc_span:
        pass

    ctypedef struct gruc_infer_kind:
        void (*infer)(const void *call) noexcept

    ctypedef struct gruc_infer_batch:
        const gruc_infer_kind *kinds
        size_t element
        const gruc_program *program
        const gruc_op_weights *weights
        gruc_clock clocks[8]
        void **values
        void **kept
        gruc_span *spans
        void *workspace

    size_t gruc_infer_kept_width(const gruc_infer_batch *b, const gruc_op *op) noexcept
    size_t gruc_infer_packed_size(const gruc_program *p, const gruc_infer_kind *kinds) noexcept
    void gruc_infer_pack(gruc_op_weights *weights, void *packed, const void *parameters,
                         const gruc_program *p, const gruc_infer_kind *kinds, size_t element) noexcept
    size_t gruc_infer_memory(const gruc_infer_batch *b) noexcept
    void gruc_infer(const gruc_infer_batch *b) noexcept


cdef extern from "gruc/program/search.h" nogil:
    ctypedef struct gruc_candidate:
        pass

    ctypedef struct gruc_answer:
        size_t length

    ctypedef struct gruc_search_state "gruc_search":
        gruc_infer_batch *step
        size_t n_layers
        const int *states
        const int *lasts
        int tokens
        size_t B, beam, K
        int32_t start, end
        const unsigned char *allowed
        const size_t *most
        double length_penalty
        gruc_answer *answers
        size_t t, n_rows, room
        int32_t *followed
        int32_t *parents
        void **now
        void **next
        void *logits
        void *scratch
        int32_t *row_tokens
        Py_ssize_t *order
        Py_ssize_t *next_order
        Py_ssize_t *ones
        double *scores
        double *next_scores
        gruc_candidate *candidates

    void gruc_search_begin(gruc_search_state *s) noexcept
    void gruc_search_tokens(const gruc_search_state *s, size_t b, int32_t *to) noexcept


cdef extern from "gruc/program/memory.h" nogil:
    void gruc_stream_memory(gruc_memory *to, size_t *states, size_t *rows, const gruc_program *p) noexcept
    void gruc_sequence_memory(gruc_memory *to, size_t *states, size_t *rows, gruc_span *spans,
                              const gruc_program *p) noexcept


cdef extern from "gruc/extensions/draw.h" nogil:
    enum:
        GRUC_SEEN, GRUC_NEVER
    ctypedef struct gruc_drawing:
        double temperature
        size_t top_k
        double top_p, repetition
    size_t gruc_draw(double *logits, size_t *heap, const unsigned char *marks, double uniform,
                     const gruc_drawing *drawing, size_t K) noexcept


cdef extern from "gruc/extensions/generic.h" nogil:
    int gruc_isa
    int gruc_has(int isa) noexcept

    # inference
    void gruc_gather(...) noexcept
    int gruc_widen_range(...) noexcept
    void gruc_exp(...) noexcept
    void gruc_sigmoid(...) noexcept
    void gruc_tanh(...) noexcept
    void gruc_softmax(...) noexcept
    Py_ssize_t gruc_layer_packed_size(...) noexcept
    void gruc_layer_pack(...) noexcept
    const gruc_infer_kind *gruc_infer_kinds(...) noexcept
    const gruc_row_kind *const *gruc_row_kinds(...) noexcept
    size_t gruc_misfit(...) noexcept
    void gruc_stream_step(...) noexcept
    void gruc_stream_token(...) noexcept
    void gruc_stream_result(...) noexcept
    void gruc_run_search(...) noexcept

    # training
    const gruc_operation *gruc_operations(...) noexcept
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
    size_t gruc_embed_scratch(...) noexcept
    void gruc_embed_merge(...) noexcept


# Cython's own code follows: it takes and checks arguments, and should be small
cdef extern from *:
    """
    #if defined(__GNUC__) && !defined(__clang__)
    #pragma GCC optimize("Os")
    #endif
    """
