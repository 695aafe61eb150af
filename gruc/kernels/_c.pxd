"""The C kernels of include/gruc as Cython sees them.

Each name is a macro of generic.h that picks the float or the double kernel by the
type of its first argument, and among those the one for this processor: so each is
declared once, without a prototype here. The C compiler checks the arguments
against the real one. Sizes are told the type by a pointer that may be NULL.
"""


cdef extern from "gruc/wait.h" nogil:
    void gruc_spin(const int *counter, int value, double microseconds) noexcept


cdef extern from "gruc/generic.h" nogil:
    int gruc_isa
    int gruc_has(int isa) noexcept

    Py_ssize_t gruc_panel_size(...) noexcept
    Py_ssize_t gruc_gru_packed_size(...) noexcept
    Py_ssize_t gruc_gru_infer_scratch(...) noexcept
    Py_ssize_t gruc_gru_backward_packed_size(...) noexcept
    Py_ssize_t gruc_gru_backward_scratch(...) noexcept
    Py_ssize_t gruc_dense_scratch(...) noexcept

    # inference
    void gruc_exp(...) noexcept
    void gruc_sigmoid(...) noexcept
    void gruc_tanh(...) noexcept
    void gruc_pack(...) noexcept
    void gruc_affine(...) noexcept
    void gruc_gru_pack(...) noexcept
    void gruc_gru_infer(...) noexcept
    void gruc_mean_forward(...) noexcept
    void gruc_softmax(...) noexcept

    # training
    void gruc_gru_forward(...) noexcept
    void gruc_gru_backward_pack(...) noexcept
    void gruc_gru_backward(...) noexcept
    void gruc_dense_forward(...) noexcept
    void gruc_dense_backward(...) noexcept
    void gruc_mean_backward(...) noexcept
    double gruc_softmax_cross_entropy(...) noexcept
    double gruc_sigmoid_cross_entropy(...) noexcept
    double gruc_squared_error(...) noexcept
    double gruc_norm(...) noexcept
    void gruc_add(...) noexcept
    void gruc_scale(...) noexcept
    void gruc_adam(...) noexcept
