"""What the extensions ask of their arguments before they take pointers."""


cdef inline int require(bint condition, str what) except -1:
    if not condition:
        raise ValueError(f"kernel called with wrong arguments: {what}")
    return 0


cdef inline int require_packed(
    const Py_ssize_t[::1] offsets, Py_ssize_t rows, Py_ssize_t sequences,
) except -1:
    """Steps begin with all sequences, never grow, and end with the last row."""
    cdef Py_ssize_t t, alive, before = sequences
    require(offsets.shape[0] > 1 and offsets[0] == 0, "offsets (T + 1,) from 0 on")
    require(offsets[1] == sequences, "offsets[1] is B")
    for t in range(offsets.shape[0] - 1):
        alive = offsets[t + 1] - offsets[t]
        require(0 < alive <= before, "steps of 1 to B rows, never more than the step before")
        before = alive
    require(offsets[offsets.shape[0] - 1] == rows, "offsets[T] is N")
    return 0


cdef inline int require_lengths(
    const Py_ssize_t[::1] lengths, const Py_ssize_t[::1] offsets, Py_ssize_t sequences,
) except -1:
    """Each sequence has its row in just so many steps; `offsets` are known to be right."""
    cdef Py_ssize_t b, T = offsets.shape[0] - 1, n
    require(lengths.shape[0] == sequences, "lengths (B,)")
    for b in range(sequences):
        n = lengths[b]
        require(0 < n <= T and b < offsets[n] - offsets[n - 1], "lengths that fit offsets")
        require(n == T or b >= offsets[n + 1] - offsets[n], "lengths that fit offsets")
    return 0
