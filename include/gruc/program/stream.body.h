/* One sequence, step by step: what the model says of it so far. Body over `real`, `outside` and
 * `vec`; see real.h. Layers in one direction only; D numbers a step, F features, K outputs.
 *
 * After every step the result is that of the whole sequence up to there: the states go on
 * from frame to frame, and a last frame that is not full is completed, as ever, by its last
 * step, for this result only. The arithmetic is that of gru_step.body.h and readout.body.h, one row at a
 * time, so the numbers are those of a prediction, to the last bit but for attention
 * (running_readout.body.h) and for exp of counts, which is libm's here.
 *
 * `numbers` of a stream   states of all layers | readout | the last frame_length steps, scaled
 *           of a scratch  the first two of them | gates | u | features | a frame | outputs */

typedef struct {
    size_t H, largest, F, readout, frame; /* units in all, of the largest layer, of the last one ... */
} GRUC(stream_sizes);

GRUC_STATIC GRUC(stream_sizes) GRUC(stream_sizes_of)(const gruc_model *m)
{
    GRUC(stream_sizes) s = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < m->n_layers; i++) {
        s.F = (size_t)m->units[i];
        s.H += s.F;
        s.largest = s.F > s.largest ? s.F : s.largest;
    }
    s.readout = GRUC(running_size)(m->readout, s.F);
    s.frame = m->frame_length * m->n_features;
    return s;
}

GRUC_STATIC size_t GRUC(stream_size)(const gruc_model *m)
{
    GRUC(stream_sizes) s = GRUC(stream_sizes_of)(m);
    return s.H + s.readout + s.frame;
}

GRUC_STATIC size_t GRUC(stream_scratch)(const gruc_model *m)
{
    GRUC(stream_sizes) s = GRUC(stream_sizes_of)(m);
    return s.H + s.readout + 4 * s.largest + 2 * s.F + s.frame + m->n_outputs;
}

/* Feature j of a step as the network takes it */
GRUC_INLINE outside GRUC(scaled)(outside x, size_t j, const gruc_model *m)
{
    if (!m->mean) return x;
    x -= GRUC(in_table)(m->mean, j);
#ifdef GRUC_EXPORTED
    GRUC_ROUNDED(x); /* mean + mean_rest is mean, in float */
#endif
    if (m->mean_rest) x -= GRUC(in_table)(m->mean_rest, j);
    return x / GRUC(in_table)(m->scale, j);
}

/* The same as the layers take it: subnormal numbers, which may be slow, count as 0 */
GRUC_INLINE real GRUC(input)(outside x, size_t j, const gruc_model *m)
{
    return GRUC(flushed)((real)GRUC(scaled)(x, j, m));
}

/* The first feature of a step that cannot be computed with, NaN or too large; D where all can. Bits are
 * compared as whole numbers, which -ffinite-math-only leaves alone. */
GRUC_STATIC size_t GRUC(misfit)(const outside *x, const gruc_model *m)
{
    const outside most = (outside)m->largest;
    uoutside largest, magnitude;
    memcpy(&largest, &most, sizeof largest);
    for (size_t j = 0; j < m->n_features; j++) {
        outside v = GRUC(scaled)(x[j], j, m);
        memcpy(&magnitude, &v, sizeof magnitude);
        if ((magnitude & ~((uoutside)1 << (8 * sizeof magnitude - 1))) > largest) return j;
    }
    return m->n_features;
}

GRUC_STATIC GRUC(gru_weights) GRUC(weights_of)(const gruc_layer *w, size_t D, size_t H, int reset_after)
{
    GRUC(gru_weights)
    typed = {
        (const real *)w->bias,
        (const real *)w->b_hh_n,
        (const stored *)w->W_ih,
        (const stored *)w->W_hh,
        (const stored *)w->W_hh_n,
        D,
        H,
        reset_after};
    return typed;
}

/* to[] = states and readout after one more frame, the first one where `first` */
GRUC_STATIC void GRUC(stream_advance)(
    real *GRUC_RESTRICT to, const real *GRUC_RESTRICT from, real *GRUC_RESTRICT gates, real *GRUC_RESTRICT u,
    const real *GRUC_RESTRICT frame, int first, const gruc_model *m)
{
    const real *x = frame;
    size_t D = m->frame_length * m->n_features, H = 0;
    for (size_t i = 0; i < m->n_layers; i++, to += H, from += H, D = H) {
        H = (size_t)m->units[i];
        GRUC(gru_weights) w = GRUC(weights_of)(m->layers + i, D, H, m->reset_after);
        GRUC(gru_rows) row = {gates, to, H, from, H, from, H, &w, 0};
        GRUC(input_product)(&row, x, D, 1);
        GRUC(gru_step)(&row, 1);
        x = to;
    }
    memcpy(to, from, GRUC(running_size)(m->readout, H) * sizeof(real));
    GRUC(running_take)(to, u, x, H, first, m);
}

/* Takes in one step, the first one where *n_steps is 0; `numbers` must then be 0. */
GRUC_STATIC void GRUC(stream_step)(
    uint64_t *n_steps, real *GRUC_RESTRICT numbers, /* (stream_size(m),) */
    real *GRUC_RESTRICT scratch,                    /* (stream_scratch(m),) */
    const outside *GRUC_RESTRICT x,                 /* (D,) */
    const gruc_model *m)
{
    GRUC(stream_sizes) z = GRUC(stream_sizes_of)(m);
    size_t D = m->n_features, k = m->frame_length;
    real *kept = numbers + z.H + z.readout, *place = kept + (size_t)(*n_steps % k) * D;
    for (size_t j = 0; j < D; j++) place[j] = GRUC(input)(x[j], j, m);
    ++*n_steps;
    uint64_t full = gruc_n_full_frames(*n_steps, k, m->hop_length);
    if (full == 0 || full == gruc_n_full_frames(*n_steps - 1, k, m->hop_length)) return;
    real *gates = scratch + z.H + z.readout, *u = gates + 4 * z.largest, *frame = u + 2 * z.F;
    for (size_t i = 0; i < k; i++)
        memcpy(frame + i * D, kept + (size_t)((*n_steps - k + i) % k) * D, D * sizeof(real));
    GRUC(stream_advance)(scratch, numbers, gates, u, frame, full == 1, m);
    memcpy(numbers, scratch, (z.H + z.readout) * sizeof(real));
}

/* From the head's outputs to what a user is told */
GRUC_STATIC void GRUC(link)(outside *GRUC_RESTRICT out, real *GRUC_RESTRICT outputs, const gruc_model *m)
{
    size_t K = m->n_outputs, Q = m->n_quantiles;
    real pair[2];
    switch (m->link) {
    case GRUC_TWO:
        pair[0] = -outputs[0];
        pair[1] = outputs[0];
        GRUC(map_sigmoid)(pair, pair, 2);
        out[0] = (outside)pair[0];
        out[1] = (outside)pair[1];
        return;
    case GRUC_CLASSES:
        GRUC(softmax)(outputs, 1, K);
        break;
    case GRUC_LABELS:
        GRUC(map_sigmoid)(outputs, outputs, K);
        break;
    default: /* GRUC_VALUES, GRUC_EXP: below */
        break;
    }
    for (size_t j = 0; j < K; j++)
        out[j] = m->link == GRUC_EXP ? GRUC_EXP_OUTSIDE((outside)outputs[j]) : (outside)outputs[j];
    for (size_t j = 0; m->target_mean && j < K; j++)
        out[j] = out[j] * GRUC(in_table)(m->target_scale, j / Q) + GRUC(in_table)(m->target_mean, j / Q);
    for (size_t first = 0; Q > 1 && first < K; first += Q) /* few: each to its place among those before */
        for (size_t i = first + 1; i < first + Q; i++) {
            outside value = out[i];
            size_t j = i;
            for (; j > first && out[j - 1] > value; j--) out[j] = out[j - 1];
            out[j] = value;
        }
}

/* What the model says of F features */
GRUC_STATIC void GRUC(tell)(
    outside *GRUC_RESTRICT out, real *GRUC_RESTRICT outputs, /* (K,); of GRUC_TWO out is (2,) */
    const real *GRUC_RESTRICT features, size_t F, const gruc_model *m)
{
    size_t K = m->n_outputs;
    GRUC(affine)(outputs, K, features, F, (const stored *)m->head, (const real *)m->head_b, 1, F, K);
    GRUC(link)(out, outputs, m);
}

/* What the model says after the steps so far, one at least */
GRUC_STATIC void GRUC(stream_result)(
    outside *GRUC_RESTRICT out, /* (K,), of GRUC_TWO (2,) */
    uint64_t n_steps, const real *GRUC_RESTRICT numbers, real *GRUC_RESTRICT scratch, const gruc_model *m)
{
    GRUC(stream_sizes) z = GRUC(stream_sizes_of)(m);
    size_t D = m->n_features, k = m->frame_length;
    uint64_t full = gruc_n_full_frames(n_steps, k, m->hop_length);
    uint64_t n_frames = gruc_n_frames(n_steps, k, m->hop_length);
    const real *now = numbers, *kept = numbers + z.H + z.readout;
    real *gates = scratch + z.H + z.readout, *u = gates + 4 * z.largest, *frame = u + 2 * z.F;
    real *features = u + z.F;
    if (n_frames > full) { /* the last one, with its last step for those it lacks */
        for (size_t i = 0; i < k; i++) {
            uint64_t step = full * m->hop_length + i;
            if (step >= n_steps) step = n_steps - 1;
            memcpy(frame + i * D, kept + (size_t)(step % k) * D, D * sizeof(real));
        }
        GRUC(stream_advance)(scratch, numbers, gates, u, frame, full == 0, m);
        now = scratch;
    }
    GRUC(running_tell)(features, now + z.H, now + z.H - z.F, z.F, n_frames, m->readout);
    GRUC(tell)(out, frame + z.frame, features, z.F, m);
}
