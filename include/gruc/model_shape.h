/* A fitted model as stream.h takes it, whatever the precision and instruction set. */
#ifndef GRUC_MODEL_SHAPE_H
#define GRUC_MODEL_SHAPE_H

#include "framing.h"
#include "network_shape.h"

enum {               /* what becomes of the head's outputs */
       GRUC_VALUES,  /* nothing, but that scaled targets are scaled back */
       GRUC_EXP,     /* exp: logarithms of counts */
       GRUC_TWO,     /* one logit: probabilities of two classes */
       GRUC_CLASSES, /* softmax: of several */
       GRUC_LABELS   /* sigmoid of each: of several labels at once */
};

/* Numbers are of the precision that is called, but for those in double. */
typedef struct {
    size_t n_features; /* D, of a step */
    size_t n_outputs;  /* K */
    size_t n_layers;
    const ptrdiff_t *units; /* (n_layers,) */
    int reset_after, readout, link;
    size_t frame_length, hop_length;          /* steps: sequences/packing.py */
    const double *mean, *scale;               /* (D,), or NULL */
    const double *target_mean, *target_scale; /* (K / n_quantiles,), or NULL */
    size_t n_quantiles;                       /* outputs that follow each other and are put in order */
    const void *const *layers;                /* (n_layers,) by gru_pack */
    const void *attention, *attention_b, *attention_v; /* pack of W' (F, F); (F,); (F,) */
    const void *head, *head_b;                         /* pack of (F, K); (K,) */
} gruc_model;

#endif
