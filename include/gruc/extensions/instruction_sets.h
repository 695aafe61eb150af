/* Every kernel once for each instruction set, to be chosen from while the program runs:
 * gruc_affine_baseline_f32, gruc_affine_avx2_f32, gruc_affine_avx512_f32 and so on. The
 * compiler's flags stay those of the oldest processor; pragmas name the others. */
#ifndef GRUC_INSTRUCTION_SETS_H
#define GRUC_INSTRUCTION_SETS_H

#include "targets.h"

#define GRUC_ISA baseline
#define GRUC_SIMD GRUC_SIMD_BASELINE
#include "both_precisions.h"
#undef GRUC_ISA
#undef GRUC_SIMD

#ifdef GRUC_X86_64

GRUC_TARGET(GRUC_AVX2_FEATURES)
#define GRUC_ISA avx2
#define GRUC_SIMD 256
#include "both_precisions.h"
#undef GRUC_ISA
#undef GRUC_SIMD
GRUC_END_TARGET

GRUC_TARGET(GRUC_AVX512_FEATURES)
#define GRUC_ISA avx512
#define GRUC_SIMD 512
#include "both_precisions.h"
#undef GRUC_ISA
#undef GRUC_SIMD
GRUC_END_TARGET

#endif

#endif
