/* Readouts that go on from frame to frame, of one sequence: what those of readout.body.h come to after
 * each. Body over `real` and `vec`; see real.h. F features, in whatever order the frames come, but for
 * attention, whose softmax is taken over them one by one (Milakov and Gimelshein 2018). The state, which is
 * made of that before (and may lie in its place), is
 *
 *   mean        (F,) sums of the states
 *   max         (F,) the largest of each
 *   attention   (F + 2,) sum of weights times states | of weights | the largest energy, which weights are
 *               relative to */

/* One more frame, the first one where `first` */
GRUC_STATIC void GRUC(mean_step)(real *state, const real *before, const real *GRUC_RESTRICT h, size_t F)
{
    for (size_t j = 0; j < F; j++) state[j] = before[j] + h[j];
}

GRUC_STATIC void GRUC(max_step)(
    real *state, const real *before, const real *GRUC_RESTRICT h, size_t F, int first)
{
    for (size_t j = 0; j < F; j++) state[j] = first || h[j] > before[j] ? h[j] : before[j];
}

GRUC_STATIC void GRUC(attention_step)(
    real *state, const real *before, real *GRUC_RESTRICT u, /* (F,) scratch */
    const real *GRUC_RESTRICT h, const gruc_op_weights *w, size_t F, int first)
{
    GRUC(affine)(u, F, h, F, (const stored *)w->W, (const real *)w->bias, 1, F, F);
    GRUC(map_tanh)(u, u, F);
    real energy = GRUC(dot)((const real *)w->vector, u, F), shares[2];
    real largest = first || energy > before[F + 1] ? energy : before[F + 1];
    shares[0] = first ? -largest : before[F + 1] - largest; /* of what was */
    shares[1] = energy - largest;
    GRUC(map_exp)(shares, shares, 2);
    if (first) shares[0] = 0;
    for (size_t j = 0; j < 2; j++) shares[j] = GRUC(scalar_zero_below)(shares[j], GRUC_LEAST_STATE);
    for (size_t j = 0; j < F; j++) state[j] = shares[0] * before[j] + shares[1] * h[j];
    state[F] = shares[0] * before[F] + shares[1];
    state[F + 1] = largest;
}

/* The readout's row is the state, divided by the number of frames or the sum of weights */
GRUC_INLINE void GRUC(divided)(real *GRUC_RESTRICT y, const real *GRUC_RESTRICT state, real total, size_t F)
{
    for (size_t j = 0; j < F; j++) y[j] = state[j] / total;
}
