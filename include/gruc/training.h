/* gruc's kernels for training: everything but the matrix products, which the
 * caller makes (gruc/kernels/training.pyx, over BLAS). */
#ifndef GRUC_TRAINING_H
#define GRUC_TRAINING_H

#include "gruc.h"

#define GRUC_BITS 32
#include "training_kernels.h"
#define GRUC_BITS 64
#include "training_kernels.h"

#endif
