/* What the headers that gruc.to_c writes include: C99 and C++, no allocation, no globals, no library
 * but libm. Everything is float; weights are read where they lie, as float32 or float16:
 *
 *   gruc_stream_step_flat_f32   gruc_stream_step_half_f32     stream.body.h
 *   gruc_stream_token_flat_f32  gruc_stream_token_half_f32
 *   gruc_stream_result_flat_f32 gruc_stream_result_half_f32
 *   gruc_sequence_result_flat_f32 ...                         sequence.body.h
 *   gruc_gru_kind_flat_f32 ...                                 rows.body.h
 *
 * for the widest vectors that the compiler's flags allow. */
#ifndef GRUC_EXPORTED_H
#define GRUC_EXPORTED_H

#include "base/portability.h"

#include "hide_macros.h"

/* Changes when headers that were written before no longer fit. */
#define GRUC_EXPORT_FORMAT 4

/* Numbers that must be readable beyond the end of a matrix: row_product.body.h */
#define GRUC_BEYOND (GRUC_SIMD_OF_FLAGS ? GRUC_SIMD_OF_FLAGS / 32 - 1 : 0)

#define GRUC_EXPORTED
#define GRUC_SIMD GRUC_SIMD_OF_FLAGS
#define GRUC_ISA flat
#define GRUC_BITS 32
#include "program/exported_kernels.h"
#undef GRUC_ISA
#define GRUC_ISA half
#define GRUC_HALF
#define GRUC_BITS 32
#include "program/exported_kernels.h"
#undef GRUC_HALF
#undef GRUC_ISA
#undef GRUC_SIMD
#undef GRUC_EXPORTED

#include "restore_macros.h"

#endif
