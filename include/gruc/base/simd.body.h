/* The only file, beside tiles.body.h, that knows instruction sets. Body over `real`; see real.h.
 *
 * Gives `vec`, LANES numbers side by side on which + - * / work; `uvec`, their bit
 * patterns; and the few operations below. ROWS is how many rows a matrix product
 * may keep in registers beside three vectors of each.
 *
 *   GRUC_SIMD   vectors                                       needs
 *   512         64 bytes, fused multiply-add, 32 registers    AVX-512 F, BW, DQ, VL
 *   256         32 bytes, fused multiply-add, 16 registers    AVX2, FMA
 *   128         16 bytes                                      gcc or clang, for x86-64 or arm64
 *   0           one number                                    any C99 compiler */

#if GRUC_SIMD == 0
#define vec real
#define uvec ureal
#define LANES 1
#define ROWS 4
#else
#define vec GRUC(vec)
#define uvec GRUC(uvec)
typedef real vec __attribute__((vector_size(GRUC_SIMD / 8)));
typedef ureal uvec __attribute__((vector_size(GRUC_SIMD / 8)));
#define LANES ((size_t)(GRUC_SIMD / GRUC_BITS))
#if GRUC_SIMD == 512 || defined(__aarch64__)
#define ROWS 8
#else
#define ROWS 4
#endif
#endif

/* A value as it was rounded, whatever flags let the compiler put in its place what is equal to it in exact
 * arithmetic: it does not look through an empty piece of assembler. Registers that hold numbers are named in
 * many ways. */
#if !defined(__GNUC__) /* portability.h refuses the flags that are known */
#define GRUC_ROUNDED(v) ((void)0)
#elif GRUC_SIMD == 512
#define GRUC_ROUNDED(v) __asm__("" : "+v"(v))
#elif defined(__x86_64__) || defined(__SSE2_MATH__)
#define GRUC_ROUNDED(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__) || (defined(__arm__) && defined(__ARM_FP) && !defined(__SOFTFP__))
#define GRUC_ROUNDED(v) __asm__("" : "+w"(v))
#elif defined(__arm__) || defined(__AVR__)
#define GRUC_ROUNDED(v) __asm__("" : "+r"(v))
#else /* through memory, where x87 leaves the digits that must go */
#define GRUC_ROUNDED(v) __asm__("" : "+m"(v))
#endif

/* The same for a sum of GRUC(fma), which compilers leave as it is where it is one instruction by name */
#if GRUC_SIMD == 512 || GRUC_SIMD == 256 || (GRUC_SIMD == 128 && defined(__aarch64__))
#define GRUC_ROUNDED_SUM(v) ((void)0)
#else
#define GRUC_ROUNDED_SUM(v) GRUC_ROUNDED(v)
#endif

/* Numbers one by one are aligned, and a compiler that knows it loads them to where floats are. */
#if GRUC_SIMD == 0
GRUC_INLINE vec GRUC(load)(const real *p) { return *p; }
GRUC_INLINE void GRUC(store)(real *p, vec v) { *p = v; }
#else
GRUC_INLINE vec GRUC(load)(const real *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
GRUC_INLINE void GRUC(store)(real *p, vec v) { memcpy(p, &v, sizeof v); }
#endif

GRUC_INLINE uvec GRUC(bits)(vec v)
{
    uvec u;
    memcpy(&u, &v, sizeof u);
    return u;
}

GRUC_INLINE vec GRUC(from_bits)(uvec u)
{
    vec v;
    memcpy(&v, &u, sizeof v);
    return v;
}

#include "stored.body.h"

/* x in every lane */
GRUC_INLINE vec GRUC(splat)(real x)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_set1_ps(x);
#elif GRUC_SIMD == 512
    return (vec)_mm512_set1_pd(x);
#elif GRUC_SIMD == 256 && GRUC_BITS == 32
    return (vec)_mm256_set1_ps(x);
#elif GRUC_SIMD == 256
    return (vec)_mm256_set1_pd(x);
#elif GRUC_SIMD == 128 && GRUC_BITS == 32
    vec v = {x, x, x, x};
    return v;
#elif GRUC_SIMD == 128
    vec v = {x, x};
    return v;
#else
    return x;
#endif
}

/* a * b + c, rounded once where the instruction set has it, twice where not (unless a compiler fuses of
 * itself, as gcc does where it is not told -std=c99 or -ffp-contract=off) */
GRUC_INLINE vec GRUC(fma)(vec a, vec b, vec c)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif GRUC_SIMD == 512
    return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif GRUC_SIMD == 256 && GRUC_BITS == 32
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif GRUC_SIMD == 256
    return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif GRUC_SIMD == 128 && GRUC_BITS == 32 && defined(__aarch64__)
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif GRUC_SIMD == 128 && defined(__aarch64__)
    return (vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#elif GRUC_SIMD == 0 && GRUC_BITS == 32 && defined(__ARM_FEATURE_FMA)
    return fmaf(a, b, c); /* one instruction of a Cortex-M4 and its likes */
#else
    return a * b + c;
#endif
}

GRUC_INLINE vec GRUC(sqrt)(vec x)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_sqrt_ps((__m512)x);
#elif GRUC_SIMD == 512
    return (vec)_mm512_sqrt_pd((__m512d)x);
#elif GRUC_SIMD == 256 && GRUC_BITS == 32
    return (vec)_mm256_sqrt_ps((__m256)x);
#elif GRUC_SIMD == 256
    return (vec)_mm256_sqrt_pd((__m256d)x);
#elif GRUC_SIMD == 0
    return GRUC_SQRT(x);
#else
    for (size_t i = 0; i < LANES; i++) x[i] = GRUC_SQRT(x[i]);
    return x;
#endif
}

/* The larger, or the smaller, of two numbers: the second where either is NaN */
GRUC_INLINE vec GRUC(larger)(vec a, vec b)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif GRUC_SIMD == 512
    return (vec)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif GRUC_SIMD == 256 && GRUC_BITS == 32
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif GRUC_SIMD == 256
    return (vec)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif GRUC_SIMD == 128 && GRUC_BITS == 32 && !defined(__aarch64__)
    return (vec)_mm_max_ps((__m128)a, (__m128)b);
#elif GRUC_SIMD == 128 && !defined(__aarch64__)
    return (vec)_mm_max_pd((__m128d)a, (__m128d)b);
#elif GRUC_SIMD == 0
    return a > b ? a : b;
#else
    uvec of_a = (uvec)(a > b);
    return GRUC(from_bits)((of_a & GRUC(bits)(a)) | (~of_a & GRUC(bits)(b)));
#endif
}

GRUC_INLINE vec GRUC(smaller)(vec a, vec b)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif GRUC_SIMD == 512
    return (vec)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif GRUC_SIMD == 256 && GRUC_BITS == 32
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#elif GRUC_SIMD == 256
    return (vec)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif GRUC_SIMD == 128 && GRUC_BITS == 32 && !defined(__aarch64__)
    return (vec)_mm_min_ps((__m128)a, (__m128)b);
#elif GRUC_SIMD == 128 && !defined(__aarch64__)
    return (vec)_mm_min_pd((__m128d)a, (__m128d)b);
#elif GRUC_SIMD == 0
    return a < b ? a : b;
#else
    uvec of_a = (uvec)(a < b);
    return GRUC(from_bits)((of_a & GRUC(bits)(a)) | (~of_a & GRUC(bits)(b)));
#endif
}

/* The same of x and a bound; NaN where x is NaN */
GRUC_INLINE vec GRUC(at_least)(vec x, real bound) { return GRUC(larger)(GRUC(splat)(bound), x); }
GRUC_INLINE vec GRUC(at_most)(vec x, real bound) { return GRUC(smaller)(GRUC(splat)(bound), x); }

/* x where a equals b, else 0 */
GRUC_INLINE vec GRUC(where_equal)(vec a, vec b, vec x)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_maskz_mov_ps(_mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ), (__m512)x);
#elif GRUC_SIMD == 512
    return (vec)_mm512_maskz_mov_pd(_mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_EQ_OQ), (__m512d)x);
#elif GRUC_SIMD == 0
    return a == b ? x : 0;
#else
    return GRUC(from_bits)((uvec)(a == b) & GRUC(bits)(x));
#endif
}

/* x, but 0 where |x| < bound, which is positive; NaN where x is NaN. Bits are compared as whole numbers:
 * where software does floats it is faster, and no flag of the compiler changes what becomes of NaN. */
GRUC_INLINE real GRUC(scalar_zero_below)(real x, real bound)
{
    ureal magnitude, least;
    memcpy(&magnitude, &x, sizeof magnitude);
    memcpy(&least, &bound, sizeof least);
    return (magnitude & ~((ureal)1 << (GRUC_BITS - 1))) < least ? (real)0 : x;
}

/* x, but 0 where x is subnormal */
GRUC_INLINE real GRUC(flushed)(real x) { return GRUC(scalar_zero_below)(x, GRUC_LEAST_NORMAL); }

/* x, but 0 where |x| < GRUC_LEAST_STATE; NaN where x is NaN. From that power of two on, one of the two highest
 * bits of the exponent is set. */
GRUC_INLINE vec GRUC(without_silence)(vec x)
{
#if GRUC_SIMD == 0
    return GRUC(scalar_zero_below)(x, GRUC_LEAST_STATE);
#else
    const ureal either = (ureal)3 << (GRUC_BITS - 3);
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    __m512i bits = (__m512i)x;
    return (vec)_mm512_maskz_mov_epi32(_mm512_test_epi32_mask(bits, _mm512_set1_epi32((int)either)), bits);
#elif GRUC_SIMD == 512
    __m512i bits = (__m512i)x;
    return (vec)_mm512_maskz_mov_epi64(
        _mm512_test_epi64_mask(bits, _mm512_set1_epi64((long long)either)), bits);
#else
    uvec silent = (uvec)((GRUC(bits)(x) & either) == 0);
    return GRUC(from_bits)(GRUC(bits)(x) & ~silent);
#endif
#endif
}

/* 1 / x for x from 1 to the largest number whose reciprocal is normal, to within an ulp. On AVX-512 in float
 * by an estimate of 14 bits and a step of Newton: the divider would be what all else waits for. */
GRUC_INLINE vec GRUC(reciprocal)(vec x)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    __m512 y = _mm512_rcp14_ps((__m512)x);
    return (vec)_mm512_fmadd_ps(y, _mm512_fnmadd_ps((__m512)x, y, _mm512_set1_ps(1)), y);
#else
    return (real)1 / x;
#endif
}

/* a / x, for such x, in the same way */
GRUC_INLINE vec GRUC(quotient)(vec a, vec x)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    __m512 y = _mm512_rcp14_ps((__m512)x), q = _mm512_mul_ps((__m512)a, y);
    return (vec)_mm512_fmadd_ps(q, _mm512_fnmadd_ps((__m512)x, y, _mm512_set1_ps(1)), q);
#else
    return a / x;
#endif
}

/* The first n lanes, 0 < n <= LANES: nothing beyond is read (the other lanes are 0) or written */
GRUC_INLINE vec GRUC(load_part)(const real *p, size_t n)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif GRUC_SIMD == 512
    return (vec)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
#elif GRUC_SIMD == 0
    (void)n; /* 1 */
    return *p;
#else
    if (n == LANES) return GRUC(load)(p);
    real lanes[LANES] = {0};
    for (size_t i = 0; i < n; i++) lanes[i] = p[i];
    return GRUC(load)(lanes);
#endif
}

/* The same of a table of an exported model; one number of such a table */
#if defined(GRUC_EXPORTED) && defined(__AVR__)
GRUC_INLINE vec GRUC(load_table)(const real *p, size_t n)
{
    (void)n;
    return pgm_read_float(p);
}
GRUC_INLINE outside GRUC(in_table)(const void *table, size_t i)
{
    return pgm_read_float((const outside *)table + i);
}
#else
GRUC_INLINE vec GRUC(load_table)(const real *p, size_t n) { return GRUC(load_part)(p, n); }
GRUC_INLINE outside GRUC(in_table)(const void *table, size_t i) { return ((const outside *)table)[i]; }
#endif

GRUC_INLINE void GRUC(store_part)(real *p, vec v, size_t n)
{
#if GRUC_SIMD == 512 && GRUC_BITS == 32
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif GRUC_SIMD == 512
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
#elif GRUC_SIMD == 0
    (void)n;
    *p = v;
#else
    if (n == LANES) {
        GRUC(store)(p, v);
        return;
    }
    real lanes[LANES];
    GRUC(store)(lanes, v);
    for (size_t i = 0; i < n; i++) p[i] = lanes[i];
#endif
}

/* How many of `left` numbers go into one vector */
GRUC_INLINE size_t GRUC(lanes)(size_t left) { return left < LANES ? left : LANES; }
