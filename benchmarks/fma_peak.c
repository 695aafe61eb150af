/* Fused multiply-adds of float32 as fast as one core can make them: twelve sums that do
 * not wait for each other. Built and loaded by side_by_side.py. */
#include <immintrin.h>

#define PEAK(name, isa, vector, set1, fmadd)                                                                 \
    __attribute__((target(isa))) static void name(long n, volatile float *sink)                              \
    {                                                                                                        \
        vector a = set1(0.999f), b = set1(0.001f), sums[12];                                                 \
        for (int i = 0; i < 12; i++) sums[i] = set1((float)i);                                               \
        for (long k = 0; k < n; k++) {                                                                       \
            _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) sums[i] = fmadd(sums[i], a, b);            \
        }                                                                                                    \
        for (int i = 0; i < 12; i++) *sink += ((float *)&sums[i])[0];                                        \
    }

PEAK(peak512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps)
PEAK(peak256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps)

/* n times twelve vectors */
void fma_peak(long n)
{
    volatile float sink = 0;
    if (__builtin_cpu_supports("avx512f"))
        peak512(n, &sink);
    else if (__builtin_cpu_supports("fma"))
        peak256(n, &sink);
}

/* how many operations that is */
double fma_flops(long n)
{
    int lanes = __builtin_cpu_supports("avx512f") ? 16 : __builtin_cpu_supports("fma") ? 8 : 0;
    return 2.0 * 12 * lanes * (double)n;
}
