/* What headers include that gruc.to_c writes with storage="bfloat16": the kernels of exported.h for matrices of
 * bfloat16, the upper halves of floats, gruc_stream_step_bfloat_f32 and so on. */
#ifndef GRUC_EXPORTED_BFLOAT16_H
#define GRUC_EXPORTED_BFLOAT16_H

#include "exported.h"

#include "hide_macros.h"

#define GRUC_EXPORTED
#define GRUC_SIMD GRUC_SIMD_OF_FLAGS
#define GRUC_ISA bfloat
#define GRUC_BFLOAT
#define GRUC_BITS 32
#include "program/exported_kernels.h"
#undef GRUC_BFLOAT
#undef GRUC_ISA
#undef GRUC_SIMD
#undef GRUC_EXPORTED

#include "restore_macros.h"

#endif
