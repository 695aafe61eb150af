/* A whole sequence through a model whose layers read it in both directions. Body over `real`,
 * `outside` and `vec`; see real.h. D numbers a step, F features of a layer: 2H, forward | backward.
 *
 * States of a layer are kept for the layer above and for attention, else not; so one layer takes
 * memory for two states however long the sequence is.
 *
 * `work`   two states | gates | u | features | readout | a frame | outputs | rows of layers 0, 2, ...
 *          | of layers 1, 3, ... */

typedef struct {
    size_t largest, F, readout, frame, even, odd; /* ... of the last layer; of a row of either kind */
} GRUC(sequence_sizes);

/* Whether a layer's states are asked for again */
GRUC_INLINE int GRUC(keeps_rows)(size_t layer, const gruc_model *m)
{
    return layer + 1 < m->n_layers || m->readout == GRUC_ATTENTION;
}

GRUC_STATIC GRUC(sequence_sizes) GRUC(sequence_sizes_of)(const gruc_model *m)
{
    GRUC(sequence_sizes) s = {0, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < m->n_layers; i++) {
        size_t H = (size_t)m->units[i], *row = i % 2 ? &s.odd : &s.even;
        s.largest = H > s.largest ? H : s.largest;
        s.F = 2 * H;
        if (GRUC(keeps_rows)(i, m) && s.F > *row) *row = s.F;
    }
    s.readout = GRUC(running_size)(m->readout, s.F);
    s.frame = m->frame_length * m->n_features;
    return s;
}

GRUC_STATIC size_t GRUC(sequence_work)(size_t n_steps, const gruc_model *m)
{
    GRUC(sequence_sizes) s = GRUC(sequence_sizes_of)(m);
    size_t n_frames = (size_t)gruc_n_frames(n_steps, m->frame_length, m->hop_length);
    return 6 * s.largest + 2 * s.F + s.readout + s.frame + m->n_outputs + n_frames * (s.even + s.odd);
}

/* Frame t of x (n_steps, D), its last step for those it lacks */
GRUC_STATIC void GRUC(frame_of)(
    real *GRUC_RESTRICT frame, const outside *x, size_t t, size_t n_steps, const gruc_model *m)
{
    for (size_t i = 0; i < m->frame_length; i++, frame += m->n_features) {
        size_t step = t * m->hop_length + i;
        const outside *at = x + (step < n_steps ? step : n_steps - 1) * m->n_features;
        for (size_t j = 0; j < m->n_features; j++) frame[j] = GRUC(input)(at[j], j, m);
    }
}

/* What the model says of x (n_steps, D), one step at least */
GRUC_STATIC void GRUC(sequence_result)(
    outside *GRUC_RESTRICT out, /* (K,), of GRUC_TWO (2,) */
    real *GRUC_RESTRICT work,   /* (sequence_work(n_steps, m),) */
    const outside *GRUC_RESTRICT x, size_t n_steps, const gruc_model *m)
{
    GRUC(sequence_sizes) z = GRUC(sequence_sizes_of)(m);
    size_t n_frames = (size_t)gruc_n_frames(n_steps, m->frame_length, m->hop_length), D = z.frame, F = 0;
    real *states = work, *gates = states + 2 * z.largest, *u = gates + 4 * z.largest, *features = u + z.F;
    real *readout = features + z.F, *frame = readout + z.readout, *outputs = frame + z.frame;
    real *slabs[2], *below = NULL;
    slabs[0] = outputs + m->n_outputs;
    slabs[1] = slabs[0] + n_frames * z.even;
    memset(readout, 0, z.readout * sizeof(real));
    for (size_t i = 0; i < m->n_layers; i++, D = F) {
        size_t H = (size_t)m->units[i];
        real *rows = slabs[i % 2];
        F = 2 * H;
        for (size_t backward = 0; backward < 2; backward++) {
            GRUC(gru_weights) w = GRUC(weights_of)(m->layers + 2 * i + backward, D, H, m->reset_after);
            real *now = states, *before = states + z.largest;
            memset(before, 0, H * sizeof(real));
            for (size_t s = 0; s < n_frames; s++) {
                size_t t = backward ? n_frames - 1 - s : s;
                GRUC(gru_rows) row = {gates, now, H, before, H, before, H, &w, 0};
                if (!below) GRUC(frame_of)(frame, x, t, n_steps, m);
                GRUC(input_product)(&row, below ? below + t * D : frame, D, 1);
                GRUC(gru_step)(&row, 1);
                if (GRUC(keeps_rows)(i, m))
                    memcpy(rows + t * F + backward * H, now, H * sizeof(real));
                else
                    GRUC(running_take)(readout + backward * H, u, now, H, s == 0, m);
                before = now;
                now = now == states ? states + z.largest : states;
            }
            if (i + 1 == m->n_layers && m->readout == GRUC_LAST)
                memcpy(features + backward * H, before, H * sizeof(real));
        }
        below = rows;
    }
    for (size_t t = 0; t < n_frames && m->readout == GRUC_ATTENTION; t++)
        GRUC(running_take)(readout, u, below + t * F, F, t == 0, m);
    if (m->readout != GRUC_LAST) GRUC(running_tell)(features, readout, NULL, F, n_frames, m->readout);
    GRUC(tell)(out, outputs, features, F, m);
}
