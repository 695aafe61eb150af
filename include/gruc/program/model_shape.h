/* A fitted model as stream.body.h and sequence.body.h take it, whatever the precision and instruction set. */
#ifndef GRUC_MODEL_SHAPE_H
#define GRUC_MODEL_SHAPE_H

#include "../base/framing.h"
#include "program.h"

enum { GRUC_LAST }; /* the readout of no operation; the others are kinds of program.h */

enum {               /* what becomes of the head's outputs */
       GRUC_VALUES,  /* nothing, but that scaled targets are scaled back */
       GRUC_EXP,     /* exp: logarithms of counts */
       GRUC_TWO,     /* one logit: probabilities of two classes */
       GRUC_CLASSES, /* softmax: of several */
       GRUC_LABELS   /* sigmoid of each: of several labels at once */
};

/* Weights of a layer and direction, in the order of r, z, n: D inputs, H units. Matrices are as the
 * product reads them: panels, or as they lie. */
typedef struct {
    const void *bias;   /* (3H,): b_ih, with reset after the product and b_hh of r and z */
    const void *b_hh_n; /* (H,) */
    const void *W_ih;   /* (D, 3H) */
    const void *W_hh;   /* (H, 3H); with reset before (H, 2H) */
    const void *W_hh_n; /* with reset before (H, H) */
} gruc_layer;

/* Numbers are of the precision that is called; of users, double, or float in exported.h. */
typedef struct {
    size_t n_features; /* D, of a step */
    size_t n_outputs;  /* K */
    size_t n_layers;
    const ptrdiff_t *units; /* (n_layers,) */
    int reset_after, readout, link;
    size_t frame_length, hop_length;        /* steps: framing.h */
    const void *mean, *mean_rest, *scale;   /* (D,) of users: x is (x - mean - mean_rest) / scale; or NULL */
    const void *target_mean, *target_scale; /* (K / n_quantiles,) of users, or NULL */
    size_t n_quantiles;                     /* outputs that follow each other and are put in order */
    double largest;                         /* that a scaled number may be */
    const gruc_layer *layers;               /* (n_layers,), or (n_layers, 2): forward, backward */
    const void *attention, *attention_b, *attention_v; /* W' (F, F); (F,); (F,) */
    const void *head, *head_b;                         /* (F, K); (K,) */
} gruc_model;

#endif
