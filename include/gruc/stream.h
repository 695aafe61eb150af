/* One sequence, step by step: what the model says of it so far. Body over `real` and `vec`;
 * see real.h. Layers in one direction only; D numbers a step, F features, K outputs.
 *
 * After every step the result is that of the whole sequence up to there: the states go on
 * from frame to frame, and a last frame that is not full is completed, as ever, by its last
 * step, for this result only. The arithmetic is that of gru.h and readout.h, one row at a time,
 * so the numbers are those of a prediction, to the last bit but for attention, whose
 * softmax is taken over the frames one by one (Milakov and Gimelshein 2018).
 *
 * `numbers` of a stream   states of all layers | readout | the last frame_length steps, scaled
 *           of a scratch  the first two of them | gates | u | a frame | features, outputs */

typedef struct {
    size_t H, largest, F, readout, frame; /* units in all, of the largest layer, of the last one ... */
} GRUC(stream_sizes);

GRUC_STATIC GRUC(stream_sizes) GRUC(stream_sizes_of)(const gruc_model *m)
{
    GRUC(stream_sizes) s = {0};
    for (size_t i = 0; i < m->n_layers; i++) {
        s.F = (size_t)m->units[i];
        s.H += s.F;
        s.largest = s.F > s.largest ? s.F : s.largest;
    }
    /* mean: sums; max; attention: sums, of weights too, and the largest energy */
    s.readout = m->readout == GRUC_LAST ? 0 : m->readout == GRUC_ATTENTION ? s.F + 2 : s.F;
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

/* to[] = states and readout after one more frame; `n_frames` were before */
GRUC_STATIC void GRUC(stream_advance)(
    real *GRUC_RESTRICT to, const real *GRUC_RESTRICT from, real *GRUC_RESTRICT gates, real *GRUC_RESTRICT u,
    const real *GRUC_RESTRICT frame, const gruc_model *m, size_t n_frames)
{
    const real *x = frame;
    size_t D = m->frame_length * m->n_features, H = 0;
    for (size_t i = 0; i < m->n_layers; i++, to += H, from += H, D = H) {
        H = (size_t)m->units[i];
        GRUC(gru_weights) w = GRUC(gru_unpack)(m->layers[i], D, H, m->reset_after);
        GRUC(gru_rows) row = {gates, to, H, from, H, from, H, &w, 0};
        GRUC(input_product)(&row, x, D, 1);
        GRUC(gru_step)(&row, 1);
        x = to;
    }
    switch (m->readout) {
    case GRUC_MEAN:
        for (size_t j = 0; j < H; j++) to[j] = from[j] + x[j];
        break;
    case GRUC_MAX:
        for (size_t j = 0; j < H; j++) to[j] = n_frames == 0 || x[j] > from[j] ? x[j] : from[j];
        break;
    case GRUC_ATTENTION: {
        GRUC(affine)(u, H, x, H, m->attention, m->attention_b, 1, H, H);
        GRUC(map_tanh)(u, u, H);
        real energy = GRUC(dot)(m->attention_v, u, H), largest = from[H + 1], shares[2];
        if (n_frames == 0 || energy > largest) largest = energy;
        shares[0] = n_frames == 0 ? -largest : from[H + 1] - largest; /* of what was */
        shares[1] = energy - largest;
        GRUC(map_exp)(shares, shares, 2);
        if (n_frames == 0) shares[0] = 0;
        for (size_t j = 0; j < H; j++) to[j] = shares[0] * from[j] + shares[1] * x[j];
        to[H] = shares[0] * from[H] + shares[1];
        to[H + 1] = largest;
        break;
    }
    default: /* GRUC_LAST: the top layer's states */
        break;
    }
}

/* Takes in one step, the first one where *n_steps is 0; `numbers` must then be 0. */
GRUC_STATIC void GRUC(stream_step)(
    size_t *n_steps, real *GRUC_RESTRICT numbers, /* (stream_size(m),) */
    real *GRUC_RESTRICT scratch,                  /* (stream_scratch(m),) */
    const double *GRUC_RESTRICT x,                /* (D,) */
    const gruc_model *m)
{
    GRUC(stream_sizes) z = GRUC(stream_sizes_of)(m);
    size_t D = m->n_features, k = m->frame_length;
    real *kept = numbers + z.H + z.readout, *place = kept + *n_steps % k * D;
    if (m->mean)
        for (size_t j = 0; j < D; j++) place[j] = (real)((x[j] - m->mean[j]) / m->scale[j]);
    else
        for (size_t j = 0; j < D; j++) place[j] = (real)x[j];
    ++*n_steps;
    size_t full = gruc_n_full_frames(*n_steps, k, m->hop_length);
    if (full == 0 || full == gruc_n_full_frames(*n_steps - 1, k, m->hop_length)) return;
    real *gates = scratch + z.H + z.readout, *u = gates + 4 * z.largest, *frame = u + 2 * z.F;
    for (size_t i = 0; i < k; i++) memcpy(frame + i * D, kept + (*n_steps - k + i) % k * D, D * sizeof(real));
    GRUC(stream_advance)(scratch, numbers, gates, u, frame, m, full - 1);
    memcpy(numbers, scratch, (z.H + z.readout) * sizeof(real));
}

/* From the head's outputs to what a user is told */
GRUC_STATIC void GRUC(stream_link)(
    double *GRUC_RESTRICT out, real *GRUC_RESTRICT outputs, const gruc_model *m)
{
    size_t K = m->n_outputs, Q = m->n_quantiles;
    real pair[2];
    switch (m->link) {
    case GRUC_TWO:
        pair[0] = -outputs[0];
        pair[1] = outputs[0];
        GRUC(map_sigmoid)(pair, pair, 2);
        out[0] = (double)pair[0];
        out[1] = (double)pair[1];
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
        out[j] = m->link == GRUC_EXP ? exp((double)outputs[j]) : (double)outputs[j];
    for (size_t j = 0; m->target_mean && j < K; j++)
        out[j] = out[j] * m->target_scale[j / Q] + m->target_mean[j / Q];
    for (size_t first = 0; Q > 1 && first < K; first += Q) /* few: each to its place among those before */
        for (size_t i = first + 1; i < first + Q; i++) {
            double value = out[i];
            size_t j = i;
            for (; j > first && out[j - 1] > value; j--) out[j] = out[j - 1];
            out[j] = value;
        }
}

/* What the model says after the steps so far, one at least */
GRUC_STATIC void GRUC(stream_result)(
    double *GRUC_RESTRICT out, /* (K,), of GRUC_TWO (2,) */
    size_t n_steps, const real *GRUC_RESTRICT numbers, real *GRUC_RESTRICT scratch, const gruc_model *m)
{
    GRUC(stream_sizes) z = GRUC(stream_sizes_of)(m);
    size_t D = m->n_features, k = m->frame_length;
    size_t full = gruc_n_full_frames(n_steps, k, m->hop_length);
    size_t n_frames = gruc_n_frames(n_steps, k, m->hop_length);
    const real *now = numbers, *kept = numbers + z.H + z.readout;
    real *gates = scratch + z.H + z.readout, *u = gates + 4 * z.largest, *frame = u + 2 * z.F;
    if (n_frames > full) { /* the last one, with its last step for those it lacks */
        for (size_t i = 0; i < k; i++) {
            size_t step = full * m->hop_length + i;
            if (step >= n_steps) step = n_steps - 1;
            memcpy(frame + i * D, kept + step % k * D, D * sizeof(real));
        }
        GRUC(stream_advance)(scratch, numbers, gates, u, frame, m, full);
        now = scratch;
    }
    const real *top = now + z.H - z.F, *readout = now + z.H;
    real *features = u + z.F, *outputs = frame + z.frame;
    for (size_t j = 0; j < z.F; j++) {
        if (m->readout == GRUC_LAST)
            features[j] = top[j];
        else if (m->readout == GRUC_MEAN)
            features[j] = readout[j] / (real)n_frames;
        else if (m->readout == GRUC_MAX)
            features[j] = readout[j];
        else
            features[j] = readout[j] / readout[z.F];
    }
    GRUC(affine)(outputs, m->n_outputs, features, z.F, m->head, m->head_b, 1, z.F, m->n_outputs);
    GRUC(stream_link)(out, outputs, m);
}
