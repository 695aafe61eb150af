/* Fused multiply-adds of float32 that one core makes in a second, the most it can:
 * twelve sums that do not wait for each other. Built and loaded by side_by_side.py. */
#include <immintrin.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define PEAK(name, isa, vector, lanes, set1, fmadd)                                                          \
    __attribute__((target(isa))) static double name(long n, volatile float *sink)                            \
    {                                                                                                        \
        vector a = set1(0.999f), b = set1(0.001f), sums[12];                                                 \
        for (int i = 0; i < 12; i++) sums[i] = set1((float)i);                                               \
        double start = seconds();                                                                            \
        for (long k = 0; k < n; k++) {                                                                       \
            _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) sums[i] = fmadd(sums[i], a, b);            \
        }                                                                                                    \
        double took = seconds() - start;                                                                     \
        for (int i = 0; i < 12; i++) *sink += ((float *)&sums[i])[0];                                        \
        return 2.0 * 12 * lanes * (double)n / took;                                                          \
    }

PEAK(peak512, "avx512f", __m512, 16, _mm512_set1_ps, _mm512_fmadd_ps)
PEAK(peak256, "avx2,fma", __m256, 8, _mm256_set1_ps, _mm256_fmadd_ps)

/* flops a second; 0 where the processor has no fused multiply-add */
double fma_peak(long n)
{
    volatile float sink = 0;
    if (__builtin_cpu_supports("avx512f")) return peak512(n, &sink);
    if (__builtin_cpu_supports("fma")) return peak256(n, &sink);
    return 0;
}
