/* tile_kernels.h on the tiles of the processor, as gruc_..._amx_f32, and whether it has them: with gcc or clang on
 * Linux for x86-64, where GRUC_AMX is defined. */
#ifndef GRUC_TILES_OF_PROCESSOR_H
#define GRUC_TILES_OF_PROCESSOR_H

#include "targets.h"

#if defined(GRUC_X86_64) && defined(__linux__) &&                                                            \
    ((defined(__clang__) && __clang_major__ >= 12) || (!defined(__clang__) && __GNUC__ >= 11))
#define GRUC_AMX

#include <cpuid.h>

GRUC_TARGET(GRUC_AMX_FEATURES)
#define GRUC_ISA amx
#define GRUC_SIMD 512
#define GRUC_TILES 2
#include "tile_kernels.h"
#undef GRUC_ISA
#undef GRUC_SIMD
#undef GRUC_TILES
GRUC_END_TARGET

/* Whether the processor has tiles of the size that tiles.body.h assumes, and the instructions beside them */
static inline int gruc_processor_has_tiles(void)
{
    unsigned a, b, c, d, states;
    if (!gruc_has(GRUC_AVX512)) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) return 0; /* AMX */
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a >> 5 & 1)) return 0; /* AVX512_BF16 */
    if (!__get_cpuid_count(0x1d, 1, &a, &b, &c, &d)) return 0;
    if ((a >> 16) != 1024 || (b & 0xffff) != 64 || (b >> 16) < 8 || (c & 0xffff) < 16) return 0;
    __asm__("xgetbv" : "=a"(states), "=d"(d) : "c"(0)); /* what the operating system saves of a thread */
    return (states >> 17 & 3) == 3;
}

/* Asks the operating system for the tiles, on behalf of the whole process; a child that it forks has them, too. */
static inline int gruc_ask_for_tiles(void)
{
    enum { ARCH_PRCTL = 158, ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    long result;
    if (!gruc_processor_has_tiles()) return 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)ARCH_PRCTL), "D"((long)ARCH_REQ_XCOMP_PERM), "S"((long)XFEATURE_XTILEDATA)
                     : "rcx", "r11", "memory");
    return result == 0;
}

#endif

#endif
