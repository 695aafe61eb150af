/* What a product is lent that rounds its operands before it multiplies (tile_product.body.h); products over
 * panels need nothing and take NULL. */
#ifndef GRUC_WORK_H
#define GRUC_WORK_H

typedef struct {
    void *memory; /* as long as the largest of product_work and outer_work says, beginning a cache line */
    int parts;    /* 1 or 2: how many bfloat16 numbers stand for a number */
} gruc_work;

#endif
