/* Which instruction sets there are, whether this processor has them, and how functions are compiled for one. */
#ifndef GRUC_TARGETS_H
#define GRUC_TARGETS_H

#include "../base/portability.h"

enum { GRUC_BASELINE, GRUC_AVX2, GRUC_AVX512 };

#ifdef GRUC_X86_64

/* What a compiler is told of a processor; gruc_has and tiles_of_processor.h ask the processor for the same. */
#define GRUC_AVX2_FEATURES "avx2,fma"
#define GRUC_AVX512_FEATURES "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"
#define GRUC_AMX_FEATURES "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16"

/* between these two, functions are compiled for a processor that has `features` */
#define GRUC_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define GRUC_TARGET(features)                                                                                \
    GRUC_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define GRUC_END_TARGET GRUC_PRAGMA(clang attribute pop)
#else
#define GRUC_TARGET(features) GRUC_PRAGMA(GCC push_options) GRUC_PRAGMA(GCC target(features))
#define GRUC_END_TARGET GRUC_PRAGMA(GCC pop_options)
#endif

#endif

/* Whether this processor, and its operating system, run the kernels of an instruction set */
static inline int gruc_has(int isa)
{
    if (isa == GRUC_BASELINE) return 1;
#ifdef GRUC_X86_64
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == GRUC_AVX2) return avx2;
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
    return 0;
#endif
}

#endif
