/* Every kernel, inference and training, in float and in double. */
#define GRUC_BITS 32
#include "all_kernels.h"
#define GRUC_BITS 64
#include "all_kernels.h"
