/* A network in training: GRU layers, a readout, a dense head; forward, through the loss,
 * and back. Body over `real`; see real.h. Packed rows as in gru.body.h: T steps, B sequences,
 * N rows; K outputs over F features, which are as many as the top layer is wide.
 *
 * Five buffers hold everything, part after part:
 *
 *   parameters,  for each layer and direction W_ihT (D, 3H), W_hhT (H, 3H), b_ih (3H,) and,
 *   gradients    with reset after, b_hh (3H,); then, for attention, its W' (F, F), b and v
 *                (F,); then the head's W (F, K) and b (K,)
 *   packed       for each layer and direction what gru_pack, then what gru_backward_pack make
 *   workspace    for each layer states, where they end, the gradients of both, and for each
 *                direction gates; then the readout's features, their gradient, for attention
 *                u (N, F) and a (N,); outputs; scratch
 *   dropout      for each layer the mask of its inputs (N, D), what that leaves of them, and
 *                for each direction the mask of its states (B, H); then the mask of the head's
 *                inputs (B, F) and what that leaves of them */

/* ---- where the part of a layer begins, and sizes ------------------------------------------- */

typedef struct {
    size_t D, H, width, directions;
    size_t weights, packed, workspace, dropout;     /* where it begins in each */
    size_t weights_size, forward_size, packed_size; /* numbers of a direction */
} GRUC(layer);

/* Layer `index`; n_layers for what comes behind the last one, of whose `width` it is */
GRUC_STATIC GRUC(layer) GRUC(layer_at)(const gruc_shape *s, size_t index, size_t N, size_t B, int want_dx)
{
    GRUC(layer) l = {0};
    l.width = s->n_features;
    l.directions = s->bidirectional ? 2 : 1;
    for (size_t i = 0; i <= index; i++) {
        if (i > 0) {
            l.weights += l.directions * l.weights_size;
            l.packed += l.directions * l.packed_size;
            l.workspace += 2 * GRUC(lines)(N * l.width) + 2 * GRUC(lines)(B * l.width);
            l.workspace += l.directions * GRUC(lines)(N * 4 * l.H);
            l.dropout += 2 * GRUC(lines)(N * l.D) + l.directions * GRUC(lines)(B * l.H);
        }
        if (i == s->n_layers) break;
        l.D = l.width;
        l.H = (size_t)s->units[i];
        l.width = l.directions * l.H;
        l.weights_size = 3 * l.H * (l.D + l.H + (s->reset_after ? 2 : 1));
        l.forward_size = GRUC(lines)(GRUC(gru_packed_size)(l.D, l.H));
        l.packed_size = l.forward_size;
        l.packed_size += GRUC(lines)(GRUC(gru_backward_packed_size)(l.D, l.H, want_dx || i > 0));
    }
    return l;
}

/* Numbers of the readout's parameters, F features wide */
GRUC_STATIC size_t GRUC(readout_size)(const gruc_shape *s, size_t F)
{
    return s->readout == GRUC_ATTENTION ? F * F + 2 * F : 0;
}

/* Numbers of parameters */
GRUC_STATIC size_t GRUC(network_size)(const gruc_shape *s)
{
    GRUC(layer) end = GRUC(layer_at)(s, s->n_layers, 0, 0, 0);
    return end.weights + GRUC(readout_size)(s, end.width) + (end.width + 1) * s->n_outputs;
}

GRUC_STATIC size_t GRUC(network_packed_size)(const gruc_shape *s, int want_dx)
{
    return GRUC(layer_at)(s, s->n_layers, 0, 0, want_dx).packed;
}

GRUC_STATIC size_t GRUC(network_dropout_size)(const gruc_shape *s, size_t N, size_t B)
{
    GRUC(layer) end = GRUC(layer_at)(s, s->n_layers, N, B, 0);
    return end.dropout + 2 * GRUC(lines)(B * end.width);
}

/* Numbers that attention keeps of N rows of F features: u, with room for whole vectors, and a */
GRUC_STATIC size_t GRUC(attention_u_size)(size_t N, size_t F) { return GRUC(lines)(N * F + LANES); }
GRUC_STATIC size_t GRUC(attention_workspace)(const gruc_shape *s, size_t N, size_t F)
{
    return s->readout == GRUC_ATTENTION ? GRUC(attention_u_size)(N, F) + GRUC(lines)(N) : 0;
}

GRUC_STATIC size_t GRUC(network_workspace)(const gruc_shape *s, size_t N, size_t B)
{
    GRUC(layer) end = GRUC(layer_at)(s, s->n_layers, N, B, 0);
    size_t F = end.width, scratch = GRUC(dense_scratch)(B, F, s->n_outputs);
    for (size_t i = 0; i < s->n_layers; i++) {
        size_t size = GRUC(gru_backward_scratch)(N, B, (size_t)s->units[i]);
        scratch = size > scratch ? size : scratch;
    }
    if (s->readout == GRUC_ATTENTION && GRUC(panel_size)(F, F) > scratch) scratch = GRUC(panel_size)(F, F);
    return end.workspace + 2 * GRUC(lines)(B * F) + GRUC(attention_workspace)(s, N, F) +
           GRUC(lines)(B * s->n_outputs) + scratch;
}

/* ---- one direction of a layer, readout and head ---------------------------------------------- */

typedef struct {
    real *W_ihT, *W_hhT, *b_ih, *b_hh; /* b_hh NULL with reset before */
} GRUC(weights);

GRUC_STATIC GRUC(weights)
    GRUC(weights_at)(const real *flat, const GRUC(layer) * l, size_t direction, int reset_after)
{
    GRUC(weights) w;
    w.W_ihT = (real *)flat + l->weights + direction * l->weights_size;
    w.W_hhT = w.W_ihT + l->D * 3 * l->H;
    w.b_ih = w.W_hhT + l->H * 3 * l->H;
    w.b_hh = reset_after ? w.b_ih + 3 * l->H : NULL;
    return w;
}

typedef struct {
    size_t D, H, width;
    GRUC(weights) w;
    const real *packed, *packed_backward;
    real *h, *dh;       /* (N, H) states, and their gradient from above; rows `width` apart */
    real *ends, *dends; /* (B, H) where each sequence ends, and the gradient of that; the same */
    real *gates;        /* (N, 4H) */
} GRUC(direction);

GRUC_STATIC GRUC(direction) GRUC(direction_at)(const gruc_pass *p, size_t index, size_t direction)
{
    GRUC(layer) l = GRUC(layer_at)(p->shape, index, p->N, p->B, p->want_dx);
    GRUC(direction) d;
    d.D = l.D;
    d.H = l.H;
    d.width = l.width;
    d.w = GRUC(weights_at)(p->parameters, &l, direction, p->shape->reset_after);
    d.packed = (const real *)p->packed + l.packed + direction * l.packed_size;
    d.packed_backward = d.packed + l.forward_size;
    real *room = (real *)p->workspace + l.workspace;
    d.h = room + direction * l.H;
    d.dh = d.h + GRUC(lines)(p->N * l.width);
    d.ends = d.dh + GRUC(lines)(p->N * l.width);
    d.dends = d.ends + GRUC(lines)(p->B * l.width);
    d.gates = room + 2 * GRUC(lines)(p->N * l.width) + 2 * GRUC(lines)(p->B * l.width);
    d.gates += direction * GRUC(lines)(p->N * 4 * l.H);
    return d;
}

/* Readout and head */
typedef struct {
    size_t F, K, attention,
        weights;                /* attention's weights, and the head's, begin there in the flat buffers */
    real *features, *dfeatures; /* (B, F); of "last" where the top layer ends, and the gradient of that */
    real *u, *a;                /* attention's */
    real *outputs;              /* (B, K) */
    real *scratch;
} GRUC(head);

GRUC_STATIC GRUC(head) GRUC(head_at)(const gruc_pass *p)
{
    GRUC(layer) l = GRUC(layer_at)(p->shape, p->shape->n_layers, p->N, p->B, p->want_dx);
    GRUC(direction) top = GRUC(direction_at)(p, p->shape->n_layers - 1, 0);
    GRUC(head) head;
    head.F = l.width;
    head.K = p->shape->n_outputs;
    head.attention = l.weights;
    head.weights = l.weights + GRUC(readout_size)(p->shape, head.F);
    head.features = (real *)p->workspace + l.workspace;
    head.dfeatures = head.features + GRUC(lines)(p->B * head.F);
    head.u = head.dfeatures + GRUC(lines)(p->B * head.F);
    head.a = head.u + GRUC(attention_u_size)(p->N, head.F);
    head.outputs = head.u + GRUC(attention_workspace)(p->shape, p->N, head.F);
    head.scratch = head.outputs + GRUC(lines)(p->B * head.K);
    if (p->shape->readout == GRUC_LAST) {
        head.features = top.ends;
        head.dfeatures = top.dends;
    }
    return head;
}

/* ---- dropout ----------------------------------------------------------------------------------- */

/* Of a layer; `index` n_layers for the head, whose rows are sequences */
typedef struct {
    size_t rows, D, H;
    real *mask;   /* (rows, D) of what enters it */
    real *kept;   /* (rows, D) what enters it, times that */
    real *states; /* (B, H) masks of its first direction's states; of the other's lines(B H) behind */
} GRUC(dropout);

GRUC_STATIC GRUC(dropout) GRUC(dropout_at)(const gruc_pass *p, size_t index)
{
    GRUC(layer) l = GRUC(layer_at)(p->shape, index, p->N, p->B, 0);
    GRUC(dropout) d;
    d.rows = index < p->shape->n_layers ? p->N : p->B;
    d.D = index < p->shape->n_layers ? l.D : l.width;
    d.H = l.H;
    d.mask = (real *)p->dropout + l.dropout;
    d.kept = d.mask + GRUC(lines)(d.rows * d.D);
    d.states = d.kept + GRUC(lines)(d.rows * d.D);
    return d;
}

/* Fill the masks of a batch, those with a rate. A sequence's depend on its seed only, not on its company. */
GRUC_STATIC void GRUC(network_masks)(
    const gruc_pass *p, const uint64_t *seeds, /* (B,) */
    double rate, double recurrent_rate)
{
    for (size_t b = 0; b < p->B; b++) {
        uint64_t random = seeds[b];
        for (size_t i = 0; i <= p->shape->n_layers; i++) {
            GRUC(dropout) d = GRUC(dropout_at)(p, i);
            if (i == p->shape->n_layers) {
                if (p->drop_inputs) GRUC(fill_mask)(d.mask + b * d.D, d.D, rate, &random);
                continue;
            }
            for (ptrdiff_t t = 0; p->drop_inputs && t < p->lengths[b]; t++)
                GRUC(fill_mask)(d.mask + ((size_t)p->offsets[t] + b) * d.D, d.D, rate, &random);
            for (int reverse = 0; p->drop_states && reverse <= p->shape->bidirectional; reverse++) {
                real *states = d.states + (size_t)reverse * GRUC(lines)(p->B * d.H);
                GRUC(fill_mask)(states + b * d.H, d.H, recurrent_rate, &random);
            }
        }
    }
}

/* What enters a layer, or the head, of x */
GRUC_STATIC const real *GRUC(drop)(const gruc_pass *p, size_t index, const real *x)
{
    if (!p->drop_inputs) return x;
    GRUC(dropout) d = GRUC(dropout_at)(p, index);
    GRUC(multiply)(d.kept, d.D, x, d.D, d.mask, d.rows, d.D);
    return d.kept;
}

/* Back: from the gradient of what entered to that of x, in place */
GRUC_STATIC void GRUC(drop_backward)(const gruc_pass *p, size_t index, real *dx)
{
    if (!p->drop_inputs) return;
    GRUC(dropout) d = GRUC(dropout_at)(p, index);
    GRUC(multiply)(dx, d.D, dx, d.D, d.mask, d.rows, d.D);
}

/* The mask of a direction's states, or NULL */
GRUC_STATIC const real *GRUC(states_mask)(const gruc_pass *p, size_t index, int reverse)
{
    if (!p->drop_states) return NULL;
    GRUC(dropout) d = GRUC(dropout_at)(p, index);
    return d.states + (size_t)reverse * GRUC(lines)(p->B * d.H);
}

/* ---- weights, once for every step of the optimiser ------------------------------------------- */

GRUC_STATIC void GRUC(network_pack)(
    real *GRUC_RESTRICT packed, /* (network_packed_size(shape, want_dx),) OUT */
    const real *GRUC_RESTRICT parameters, const gruc_shape *s, int want_dx)
{
    for (size_t i = 0; i < s->n_layers; i++) {
        GRUC(layer) l = GRUC(layer_at)(s, i, 0, 0, want_dx);
        for (size_t d = 0; d < l.directions; d++) {
            GRUC(weights) w = GRUC(weights_at)(parameters, &l, d, s->reset_after);
            real *to = packed + l.packed + d * l.packed_size;
            GRUC(gru_pack)(to, w.W_ihT, w.W_hhT, w.b_ih, w.b_hh, l.D, l.H);
            GRUC(gru_backward_pack)(
                to + l.forward_size, w.W_ihT, w.W_hhT, l.D, l.H, s->reset_after, want_dx || i > 0);
        }
    }
}

/* ---- what the passes of a direction take ------------------------------------------------------ */

GRUC_STATIC gruc_gru_weights GRUC(gru_weights_of)(const GRUC(weights) * w)
{
    gruc_gru_weights weights = {w->W_ihT, w->W_hhT, w->b_ih, w->b_hh};
    return weights;
}

/* Without what only the backward pass takes */
GRUC_STATIC gruc_gru_batch GRUC(gru_batch_of)(
    const gruc_pass *p, const GRUC(direction) * d, int reverse, const real *x, const real *mask,
    real *scratch)
{
    gruc_gru_batch b = {p->shape->reset_after ? GRUC_GRU : GRUC_GRU_RESET_BEFORE, reverse};
    b.T = p->T;
    b.D = d->D;
    b.H = d->H;
    b.offsets = p->offsets;
    b.x = x;
    b.ld_x = d->D;
    b.mask = mask;
    b.gates = d->gates;
    b.h = d->h;
    b.state = d->ends;
    b.ld_h = b.ld_state = d->width;
    b.scratch = scratch;
    return b;
}

/* ---- forward --------------------------------------------------------------------------------- */

GRUC_STATIC void GRUC(readout_forward)(const GRUC(head) * head, const real *h, const gruc_pass *p)
{
    size_t F = head->F;
    const real *W_aT = (const real *)p->parameters + head->attention, *b_a = W_aT + F * F;
    switch (p->shape->readout) {
    case GRUC_MEAN:
        GRUC(mean_forward)(head->features, h, p->lengths, p->offsets, p->T, p->B, F);
        break;
    case GRUC_MAX:
        GRUC(max_forward)(head->features, h, p->offsets, p->T, F);
        break;
    case GRUC_ATTENTION:
        GRUC(pack)(head->scratch, W_aT, F, F, 1, F);
        GRUC(attention_forward)(
            head->features, head->a, head->u, h, head->scratch, b_a, b_a + F, p->lengths, p->offsets, p->T,
            p->B, F);
        break;
    default: /* GRUC_LAST: features are where the top layer ended */
        break;
    }
}

GRUC_STATIC void GRUC(network_forward)(real *outputs, const gruc_pass *p)
{
    const gruc_shape *s = p->shape;
    GRUC(head) head = GRUC(head_at)(p);
    const gruc_plain_passes *plain = p->plain;
    const real *W = (const real *)p->parameters + head.weights, *x = p->x;
    GRUC_FLUSH_SUBNORMALS();
    for (size_t i = 0; i < s->n_layers; i++) {
        x = GRUC(drop)(p, i, x);
        for (int reverse = 0; reverse <= s->bidirectional; reverse++) {
            GRUC(direction) d = GRUC(direction_at)(p, i, (size_t)reverse);
            const real *mask = GRUC(states_mask)(p, i, reverse);
            gruc_gru_batch batch = GRUC(gru_batch_of)(p, &d, reverse, x, mask, head.scratch);
            if (plain) {
                gruc_gru_weights w = GRUC(gru_weights_of)(&d.w);
                plain->forward(&batch, &w);
            } else {
                GRUC(gru_forward)(&batch, d.packed);
            }
        }
        x = GRUC(direction_at)(p, i, 0).h;
    }
    GRUC(readout_forward)(&head, x, p);
    const real *features = GRUC(drop)(p, s->n_layers, head.features);
    GRUC(dense_forward)(outputs, head.scratch, features, W, W + head.F * head.K, p->B, head.F, head.K);
    GRUC_KEEP_SUBNORMALS();
}

/* ---- back ------------------------------------------------------------------------------------ */

/* Returns the gradient of the top layer's states, NULL for zeros; where it ended, in its `dends`. */
GRUC_STATIC const real *GRUC(readout_backward)(real *gradients, const GRUC(head) * head, const gruc_pass *p)
{
    GRUC(direction) top = GRUC(direction_at)(p, p->shape->n_layers - 1, 0);
    size_t F = head->F;
    const real *W_aT = (const real *)p->parameters + head->attention;
    real *dW_aT = gradients + head->attention, *db_a = dW_aT + F * F;
    switch (p->shape->readout) {
    case GRUC_MEAN:
        GRUC(mean_backward)(top.dh, head->dfeatures, p->lengths, p->offsets, p->T, F);
        break;
    case GRUC_MAX:
        GRUC(max_backward)(top.dh, head->dfeatures, head->features, top.h, p->offsets, p->T, F);
        break;
    case GRUC_ATTENTION:
        GRUC(attention_backward)(
            top.dh, dW_aT, db_a, db_a + F, head->scratch, head->u, head->a, head->features, head->dfeatures,
            top.h, W_aT, W_aT + F * F + F, p->offsets, p->T, F);
        break;
    default: /* GRUC_LAST: dfeatures are the top layer's dends */
        return NULL;
    }
    memset(top.dends, 0, p->B * F * sizeof(real));
    return top.dh;
}

GRUC_STATIC void GRUC(network_backward)(
    real *gradients,      /* (network_size(shape),) OUT */
    real *dx,             /* (N, n_features) OUT, or NULL */
    const real *doutputs, /* (B, K) */
    const gruc_pass *p)   /* after network_forward */
{
    const gruc_shape *s = p->shape;
    GRUC(head) head = GRUC(head_at)(p);
    const gruc_plain_passes *plain = p->plain;
    const real *W = (const real *)p->parameters + head.weights;
    const real *features = p->drop_inputs ? GRUC(dropout_at)(p, s->n_layers).kept : head.features;
    real *dW = gradients + head.weights;
    GRUC(dense_backward)(
        head.dfeatures, dW, dW + head.F * head.K, head.scratch, doutputs, features, W, p->B, head.F, head.K);
    GRUC(drop_backward)(p, s->n_layers, head.dfeatures);
    /* gradient of a layer's states from above; NULL for zeros */
    const real *dh = GRUC(readout_backward)(gradients, &head, p);
    for (size_t i = s->n_layers; i-- > 0;) {
        GRUC(layer) l = GRUC(layer_at)(s, i, p->N, p->B, p->want_dx);
        const real *x = p->x;
        real *to_x = dx;
        if (i > 0) {
            GRUC(direction) below = GRUC(direction_at)(p, i - 1, 0);
            memset(below.dends, 0, p->B * below.width * sizeof(real));
            x = below.h;
            to_x = below.dh;
        }
        if (p->drop_inputs) x = GRUC(dropout_at)(p, i).kept;
        for (int reverse = 0; reverse <= s->bidirectional; reverse++) {
            GRUC(direction) d = GRUC(direction_at)(p, i, (size_t)reverse);
            GRUC(weights) g = GRUC(weights_at)(gradients, &l, (size_t)reverse, s->reset_after);
            const real *dh_d = dh ? d.dh : NULL, *mask = GRUC(states_mask)(p, i, reverse);
            gruc_gru_batch batch = GRUC(gru_batch_of)(p, &d, reverse, x, mask, head.scratch);
            gruc_gru_weights gradients_d = GRUC(gru_weights_of)(&g), w = GRUC(gru_weights_of)(&d.w);
            batch.dh = dh_d;
            batch.ld_dh = batch.ld_dstate = d.width;
            batch.dstate = d.dends;
            batch.dx = to_x;
            batch.ld_dx = d.D;
            batch.add_to_dx = reverse > 0;
            if (plain)
                plain->backward(&gradients_d, &batch, &w);
            else
                GRUC(gru_backward)(&gradients_d, &batch, d.packed_backward);
        }
        if (to_x) GRUC(drop_backward)(p, i, to_x);
        dh = to_x;
    }
}

/* ---- loss and gradient ------------------------------------------------------------------------ */

/* Returns the weighted sum of losses; gradients are of that sum divided by `total`. */
GRUC_STATIC double GRUC(network_loss)(
    real *gradients,                                         /* (network_size(shape),) OUT */
    int loss,                                                /* GRUC_SOFTMAX, ... */
    const ptrdiff_t *labels,                                 /* (B,), for GRUC_SOFTMAX */
    const real *y,                                           /* (B, K), for the others */
    const double *weights,                                   /* (B,) */
    double total, const double *settings, size_t n_settings, /* of the loss: loss.body.h */
    const gruc_pass *p)
{
    real *outputs = GRUC(head_at)(p).outputs;
    size_t B = p->B, K = p->shape->n_outputs;
    double sum;
    GRUC(network_forward)(outputs, p);
    if (loss == GRUC_SOFTMAX)
        sum = GRUC(softmax_cross_entropy)(outputs, labels, weights, total, settings[0], B, K);
    else if (loss == GRUC_SIGMOID)
        sum = GRUC(sigmoid_cross_entropy)(outputs, y, weights, total, B, K);
    else
        sum = GRUC(error_loss)(outputs, y, weights, total, loss, settings, n_settings, B, K);
    GRUC(network_backward)(gradients, NULL, outputs, p);
    return sum;
}
