"""The C kernels of include/gruc as Cython sees them.

Each name is a macro of generic.h that picks the float or the double kernel by
its first argument, an output: so each is declared once, without a prototype
here. The C compiler checks the arguments against the real one.
"""


cdef extern from "gruc/generic.h" nogil:
    # inference: gruc.h
    void gruc_exp(...) noexcept
    void gruc_sigmoid(...) noexcept
    void gruc_tanh(...) noexcept
    void gruc_affine(...) noexcept
    void gruc_gru_infer(...) noexcept
    void gruc_mean_forward(...) noexcept
    void gruc_softmax(...) noexcept

    # training: training.h
    void gruc_gru_cell_forward(...) noexcept
    void gruc_gru_cell_backward(...) noexcept
    void gruc_gru_before_forward_rz(...) noexcept
    void gruc_gru_before_forward_n(...) noexcept
    void gruc_gru_before_backward_zn(...) noexcept
    void gruc_gru_before_backward_r(...) noexcept
    void gruc_column_sums(...) noexcept
    void gruc_mean_backward(...) noexcept
    double gruc_softmax_cross_entropy(...) noexcept
    double gruc_sigmoid_cross_entropy(...) noexcept
    double gruc_squared_error(...) noexcept
    double gruc_norm(...) noexcept
    void gruc_scale(...) noexcept
    void gruc_adam(...) noexcept
