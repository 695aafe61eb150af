/* Readouts that go on from frame to frame, of one sequence: what those of readout.body.h come to after
 * each. Body over `real` and `vec`; see real.h. F features, in whatever order the frames come, but for
 * attention, whose softmax is taken over them one by one (Milakov and Gimelshein 2018). `state` is
 *
 *   mean        (F,) sums of the states
 *   max         (F,) the largest of each
 *   attention   (F + 2,) sum of weights times states | of weights | the largest energy, which weights are
 *               relative to */

/* One more frame, the first one where `first` */
GRUC_STATIC void GRUC(mean_step)(real *GRUC_RESTRICT state, const real *GRUC_RESTRICT h, size_t F)
{
    for (size_t j = 0; j < F; j++) state[j] += h[j];
}

GRUC_STATIC void GRUC(max_step)(real *GRUC_RESTRICT state, const real *GRUC_RESTRICT h, size_t F, int first)
{
    for (size_t j = 0; j < F; j++) state[j] = first || h[j] > state[j] ? h[j] : state[j];
}

GRUC_STATIC void GRUC(attention_step)(
    real *GRUC_RESTRICT state, real *GRUC_RESTRICT u, /* (F,) scratch */
    const real *GRUC_RESTRICT h, const gruc_op_weights *w, size_t F, int first)
{
    GRUC(affine)(u, F, h, F, (const stored *)w->W, (const real *)w->bias, 1, F, F);
    GRUC(map_tanh)(u, u, F);
    real energy = GRUC(dot)((const real *)w->vector, u, F), before = state[F + 1], shares[2];
    real largest = first || energy > before ? energy : before;
    shares[0] = first ? -largest : before - largest; /* of what was */
    shares[1] = energy - largest;
    GRUC(map_exp)(shares, shares, 2);
    if (first) shares[0] = 0;
    for (size_t j = 0; j < 2; j++) shares[j] = GRUC(scalar_zero_below)(shares[j], GRUC_LEAST_STATE);
    for (size_t j = 0; j < F; j++) state[j] = shares[0] * state[j] + shares[1] * h[j];
    state[F] = shares[0] * state[F] + shares[1];
    state[F + 1] = largest;
}

/* Whether an operation is a readout; `kinds` are those of the model */
GRUC_INLINE int GRUC(is_readout)(const gruc_op *op, unsigned kinds)
{
    return gruc_is(op, GRUC_MEAN, kinds) || gruc_is(op, GRUC_MAX, kinds) ||
           gruc_is(op, GRUC_ATTENTION, kinds);
}

GRUC_INLINE void GRUC(readout_step)(
    const gruc_op *op, const gruc_op_weights *w, unsigned kinds, real *state, real *u, const real *h,
    size_t F, int first)
{
    if (gruc_is(op, GRUC_MEAN, kinds))
        GRUC(mean_step)(state, h, F);
    else if (gruc_is(op, GRUC_MAX, kinds))
        GRUC(max_step)(state, h, F, first);
    else if (gruc_is(op, GRUC_ATTENTION, kinds))
        GRUC(attention_step)(state, u, h, w, F, first);
}

/* The readout's row after n_frames */
GRUC_INLINE void GRUC(readout_result)(
    const gruc_op *op, unsigned kinds, real *y, const real *state, uint64_t n_frames)
{
    size_t F = op->D;
    if (gruc_is(op, GRUC_MAX, kinds))
        memcpy(y, state, F * sizeof(real));
    else {
        real total = gruc_is(op, GRUC_MEAN, kinds) ? (real)n_frames : state[F];
        for (size_t j = 0; j < F; j++) y[j] = state[j] / total;
    }
}
