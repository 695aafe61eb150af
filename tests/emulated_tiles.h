/* Kernels on tiles in plain C for each instruction set, and on those of the processor where a compiler knows them. */
#ifndef EMULATED_TILES_H
#define EMULATED_TILES_H

#include "gruc/extensions/tiles_of_processor.h"

#ifndef GRUC_X86_64
#define GRUC_TARGET(features)
#define GRUC_END_TARGET
#endif

#if GRUC_SIMD_BASELINE
#define GRUC_TILES 1
#define GRUC_ISA baseline
#define GRUC_SIMD GRUC_SIMD_BASELINE
#include "gruc/extensions/tile_kernels.h"
#include "tile_products.body.h"
#undef GRUC_ISA
#undef GRUC_SIMD

#ifdef GRUC_X86_64
GRUC_TARGET(GRUC_AVX2_FEATURES)
#define GRUC_ISA avx2
#define GRUC_SIMD 256
#include "gruc/extensions/tile_kernels.h"
#include "tile_products.body.h"
#undef GRUC_ISA
#undef GRUC_SIMD
GRUC_END_TARGET

GRUC_TARGET(GRUC_AVX512_FEATURES)
#define GRUC_ISA avx512
#define GRUC_SIMD 512
#include "gruc/extensions/tile_kernels.h"
#include "tile_products.body.h"
#undef GRUC_ISA
#undef GRUC_SIMD
GRUC_END_TARGET
#endif
#undef GRUC_TILES
#endif

#ifdef GRUC_AMX
GRUC_TARGET(GRUC_AMX_FEATURES)
#define GRUC_ISA amx
#include "tile_products.body.h"
#undef GRUC_ISA
GRUC_END_TARGET
#endif

/* One of them by its number: an instruction set, or the processor's tiles */
enum { TILES_OF_PROCESSOR = GRUC_AVX512 + 1 };

#if defined(GRUC_AMX)
#define OF_TILES(name, which)                                                                                \
    ((which) == TILES_OF_PROCESSOR ? gruc_##name##_amx_f32                                                   \
     : (which) == GRUC_AVX512      ? gruc_##name##_avx512_f32                                                \
     : (which) == GRUC_AVX2        ? gruc_##name##_avx2_f32                                                  \
                                   : gruc_##name##_baseline_f32)
static int processor_has_tiles(void) { return gruc_ask_for_tiles(); }
#else
static int processor_has_tiles(void) { return 0; }
#if defined(GRUC_X86_64)
#define OF_TILES(name, which)                                                                                \
    ((which) == GRUC_AVX512 ? gruc_##name##_avx512_f32                                                       \
     : (which) == GRUC_AVX2 ? gruc_##name##_avx2_f32                                                         \
                            : gruc_##name##_baseline_f32)
#else
#define OF_TILES(name, which) gruc_##name##_baseline_f32
#endif
#endif

static const void *tile_kernels_of(int which)
{
#ifdef GRUC_AMX
    if (which == TILES_OF_PROCESSOR) return &gruc_tile_kernels_amx_f32;
#endif
#ifdef GRUC_X86_64
    if (which == GRUC_AVX512) return &gruc_tile_kernels_avx512_f32;
    if (which == GRUC_AVX2) return &gruc_tile_kernels_avx2_f32;
#endif
    return &gruc_tile_kernels_baseline_f32;
}

#endif
