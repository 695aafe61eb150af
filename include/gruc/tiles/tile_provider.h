/* Kernels of cells on tiles, as an extension that has them hands them to those that call them. Both pointers of a
 * pair are of products of 1 part, then of 2. */
#ifndef GRUC_TILE_PROVIDER_H
#define GRUC_TILE_PROVIDER_H

#include "../program/infer.h"
#include "../training/operations.h"

typedef struct {
    gruc_operation training[2];               /* of GRUC_GRU and of GRUC_GRU_RESET_BEFORE */
    gruc_infer_kind inference[2];             /* the same */
    gruc_row_kind rows[2][2];                 /* of GRUC_GRU, of GRUC_GRU_RESET_BEFORE */
    size_t (*row_scratch)(const gruc_op *op); /* elements of gruc_row_call.scratch */
} gruc_tile_kernels;

#endif
