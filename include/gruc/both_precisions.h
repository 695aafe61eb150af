/* Every kernel, inference and training, in float and in double. */
#define GRUC_BITS 32
#include "training_kernels.h"
#define GRUC_BITS 64
#include "training_kernels.h"
