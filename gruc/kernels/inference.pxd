"""What `training` takes of `inference`."""

from gruc.kernels cimport _c


cdef class Source:
    cdef _c.gruc_source c
    cdef object arrays            # whose memory it is
    cdef Py_ssize_t *table        # of a list

    cdef int check(self, const Py_ssize_t[::1] indices, Py_ssize_t *rows, Py_ssize_t *n_steps) except -1


cdef int require_tokens(_c.gruc_wrong_token wrong, Py_ssize_t n_tokens) except -1
cdef int require_scaling(const double[::1] mean, const double[::1] scale, Py_ssize_t D) except -1
