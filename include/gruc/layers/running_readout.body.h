/* Readouts that go on from frame to frame, of one sequence: what those of readout.body.h come to after
 * each. Body over `real` and `vec`; see real.h. F features, in whatever order the frames come, but for
 * attention, whose softmax is taken over them one by one (Milakov and Gimelshein 2018).
 *
 *   mean        sums of the states
 *   max         the largest of each
 *   attention   sum of weights times states | of weights | the largest energy, which weights are relative to */

/* Numbers that a readout keeps; last: none, the states themselves are there */
GRUC_STATIC size_t GRUC(running_size)(int readout, size_t F)
{
    return readout == GRUC_LAST ? 0 : readout == GRUC_ATTENTION ? F + 2 : F;
}

/* One more frame, the first one where `first` */
GRUC_STATIC void GRUC(running_take)(
    real *GRUC_RESTRICT readout, /* (running_size(F),) IN/OUT */
    real *GRUC_RESTRICT u,       /* (F,) scratch */
    const real *GRUC_RESTRICT h, /* (F,) */
    size_t F, int first, const gruc_model *m)
{
    if (m->readout == GRUC_MEAN) {
        for (size_t j = 0; j < F; j++) readout[j] += h[j];
    } else if (m->readout == GRUC_MAX) {
        for (size_t j = 0; j < F; j++) readout[j] = first || h[j] > readout[j] ? h[j] : readout[j];
    } else if (m->readout == GRUC_ATTENTION) {
        GRUC(affine)(u, F, h, F, (const stored *)m->attention, (const real *)m->attention_b, 1, F, F);
        GRUC(map_tanh)(u, u, F);
        real energy = GRUC(dot)((const real *)m->attention_v, u, F), before = readout[F + 1], shares[2];
        real largest = first || energy > before ? energy : before;
        shares[0] = first ? -largest : before - largest; /* of what was */
        shares[1] = energy - largest;
        GRUC(map_exp)(shares, shares, 2);
        if (first) shares[0] = 0;
        for (size_t j = 0; j < 2; j++) shares[j] = GRUC(scalar_zero_below)(shares[j], GRUC_LEAST_STATE);
        for (size_t j = 0; j < F; j++) readout[j] = shares[0] * readout[j] + shares[1] * h[j];
        readout[F] = shares[0] * readout[F] + shares[1];
        readout[F + 1] = largest;
    }
}

/* What the head sees of F features, n_frames being taken in */
GRUC_STATIC void GRUC(running_tell)(
    real *GRUC_RESTRICT features,      /* (F,) OUT */
    const real *GRUC_RESTRICT readout, /* (running_size(F),) */
    const real *GRUC_RESTRICT h,       /* (F,): the last states */
    size_t F, uint64_t n_frames, int which)
{
    for (size_t j = 0; j < F; j++) {
        if (which == GRUC_LAST)
            features[j] = h[j];
        else if (which == GRUC_MEAN)
            features[j] = readout[j] / (real)n_frames;
        else if (which == GRUC_MAX)
            features[j] = readout[j];
        else
            features[j] = readout[j] / readout[F];
    }
}
