/* What headers include that gruc.to_c writes with storage="int8": the kernels of exported.h for matrices of int8,
 * gruc_stream_step_int8_f32 and so on. A column's integers are multiplied by its scale, a float. */
#ifndef GRUC_EXPORTED_INT8_H
#define GRUC_EXPORTED_INT8_H

#include "exported.h"

#include "hide_macros.h"

#define GRUC_EXPORTED
#define GRUC_SIMD GRUC_SIMD_OF_FLAGS
#define GRUC_ISA int8
#define GRUC_INT8
#define GRUC_BITS 32
#include "program/exported_kernels.h"
#undef GRUC_INT8
#undef GRUC_ISA
#undef GRUC_SIMD
#undef GRUC_EXPORTED

#include "restore_macros.h"

#endif
