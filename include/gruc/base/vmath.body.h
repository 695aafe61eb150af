/* exp, sigmoid and tanh of vectors, without branches. Body over `real` and `vec`;
 * see real.h and simd.body.h.
 *
 * All three reduce their argument to r in [-ln2/2, ln2/2] by x = n ln2 + r and
 * use one polynomial for exp(r) - 1, which keeps its relative accuracy down to
 * r = 0. Largest errors found (tests/kernels/test_vmath.py holds 4 ulp wherever
 * the result is a normal number; measured by tools/vmath_error.c over every 13th
 * float and 2e7 doubles, with AVX-512 and with the baseline, the larger of both):
 *
 *              float    double
 *   exp        1.07     1.07   ulp    exp(inf) = inf, exp(-inf) = 0
 *   sigmoid    2.48     2.24          sigmoid(inf) = 1, never below the smallest normal number
 *   tanh       2.99     3.15          tanh(+-inf) = +-1, tanh(-0) = -0
 *
 * NaN in gives NaN out. Where the result of exp is below the smallest normal number, it
 * loses digits gradually, as IEEE 754 has it. */

#if GRUC_BITS == 32
#define GRUC_LOG2E 1.44269504f
#define GRUC_LN2_HI 0.693359375f      /* 9 bits, so that n * LN2_HI is exact */
#define GRUC_LN2_LO (-2.12194440e-4f) /* LN2_HI + LN2_LO = ln 2 */
#define GRUC_ROUND 12582912.0f        /* 1.5 * 2^23: adding it rounds to an integer */
#define GRUC_ROUND_BITS 0x4B400000u
#define GRUC_MANTISSA 23
#define GRUC_BIAS 127u
#define GRUC_EXP_MAX 89.0f   /* exp overflows above */
#define GRUC_EXP_MIN -104.0f /* exp is 0 below */
#define GRUC_LARGE 87.33654f /* 126 ln2: 1 / (1 + exp(x)) is normal up to here */
#else
#define GRUC_LOG2E 1.4426950408889634
#define GRUC_LN2_HI 6.93147180369123816490e-01 /* 33 bits */
#define GRUC_LN2_LO 1.90821492927058770002e-10
#define GRUC_ROUND 6755399441055744.0 /* 1.5 * 2^52 */
#define GRUC_ROUND_BITS 0x4338000000000000u
#define GRUC_MANTISSA 52
#define GRUC_BIAS 1023u
#define GRUC_EXP_MAX 710.0
#define GRUC_EXP_MIN -746.0
#define GRUC_LARGE 708.3964185322641 /* 1022 ln2 */
#endif
#define GRUC_SMALL -40.0 /* 1 + exp(x) and 1 - exp(x) round to 1 below */
#define GRUC_SIGN ((ureal)1 << (GRUC_BITS - 1))

/* x = n ln2 + r, n an integer: returns r, and n in the low bits of *shifted */
GRUC_INLINE vec GRUC(reduce)(uvec *shifted, vec x)
{
    vec rounded = GRUC(fma)(x, GRUC(splat)(GRUC_LOG2E), GRUC(splat)(GRUC_ROUND));
#if FLT_EVAL_METHOD != 0 /* x87 keeps the digits that must go, unless they are stored */
    rounded = GRUC(from_bits)(GRUC(bits)(rounded));
#endif
    GRUC_ROUNDED_SUM(rounded);
    vec n = rounded - GRUC_ROUND;
    *shifted = GRUC(bits)(rounded) - (ureal)GRUC_ROUND_BITS;
    vec r = GRUC(fma)(n, GRUC(splat)(-GRUC_LN2_HI), x);
    GRUC_ROUNDED_SUM(r); /* ln 2 in two parts has more digits than in one */
    return GRUC(fma)(n, GRUC(splat)(-GRUC_LN2_LO), r);
}

/* exp(r) - 1 for |r| <= ln2/2; relative error of the polynomial 2.5e-8 (float)
 * and 4.1e-17 (double): Chebyshev fit of (exp(r) - 1 - r) / r^2. */
GRUC_INLINE vec GRUC(expm1_reduced)(vec r)
{
#if GRUC_BITS == 32
    vec q = GRUC(splat)(0.001392625f);
    q = GRUC(fma)(q, r, GRUC(splat)(0.008363233f));
    q = GRUC(fma)(q, r, GRUC(splat)(0.041666552f));
    q = GRUC(fma)(q, r, GRUC(splat)(0.16666576f));
    q = GRUC(fma)(q, r, GRUC(splat)(0.5f));
#else
    vec q = GRUC(splat)(2.5100472505694996e-08);
    q = GRUC(fma)(q, r, GRUC(splat)(2.7620201591031547e-07));
    q = GRUC(fma)(q, r, GRUC(splat)(2.7557268276905696e-06));
    q = GRUC(fma)(q, r, GRUC(splat)(2.4801521057868204e-05));
    q = GRUC(fma)(q, r, GRUC(splat)(0.00019841269863171557));
    q = GRUC(fma)(q, r, GRUC(splat)(0.0013888888917367081));
    q = GRUC(fma)(q, r, GRUC(splat)(0.008333333333330039));
    q = GRUC(fma)(q, r, GRUC(splat)(0.041666666666623824));
    q = GRUC(fma)(q, r, GRUC(splat)(0.16666666666666669));
    q = GRUC(fma)(q, r, GRUC(splat)(0.5000000000000001));
#endif
    return GRUC(fma)(r * r, q, r);
}

/* 2^n, n in two's complement, from the least normal number to the first beyond the largest, infinity */
GRUC_INLINE vec GRUC(pow2)(uvec n) { return GRUC(from_bits)((n + (ureal)GRUC_BIAS) << GRUC_MANTISSA); }

GRUC_INLINE vec GRUC(exp)(vec x)
{
    uvec n;
    vec r = GRUC(reduce)(&n, GRUC(at_least)(GRUC(at_most)(x, GRUC_EXP_MAX), GRUC_EXP_MIN));
    /* 2^n in two normal factors: n reaches past both ends of the exponent.
     * The even offset keeps the halving of n unsigned. */
    uvec half = (n + (ureal)4096) >> 1;
    vec scale = GRUC(pow2)(half - (ureal)2048);
    vec rest = GRUC(pow2)(n - half + (ureal)2048);
    vec y = ((real)1 + GRUC(expm1_reduced)(r)) * scale;
    GRUC_ROUNDED(y); /* scale * rest may be infinite, or 0 */
    return y * rest;
}

GRUC_INLINE vec GRUC(sigmoid)(vec x)
{
    uvec n;
    vec r = GRUC(reduce)(&n, GRUC(at_least)(GRUC(at_most)(-x, GRUC_LARGE), (real)GRUC_SMALL));
    vec scale = GRUC(pow2)(n);
    return GRUC(reciprocal)((real)1 + GRUC(fma)(scale, GRUC(expm1_reduced)(r), scale));
}

/* With e = exp(-2|x|) - 1 in (-1, 0]:  tanh|x| = |e / (e + 2)|. */
GRUC_INLINE vec GRUC(tanh)(vec x)
{
    uvec n;
    vec magnitude = GRUC(from_bits)(GRUC(bits)(x) & ~GRUC_SIGN);
    vec r = GRUC(reduce)(&n, GRUC(at_least)((real)-2 * magnitude, (real)GRUC_SMALL));
    vec scale = GRUC(pow2)(n);
    vec whole = scale - (real)1;
    GRUC_ROUNDED_SUM(whole); /* 1 + expm1_reduced(r) would lose the digits of a small r */
    vec e = GRUC(fma)(scale, GRUC(expm1_reduced)(r), whole);
    vec y = e * GRUC(reciprocal)(e + (real)2);
    return GRUC(from_bits)((GRUC(bits)(y) & ~GRUC_SIGN) | (GRUC(bits)(x) & GRUC_SIGN));
}

/* The same over arrays: out[i] = f(x[i]); out may be x. */
GRUC_STATIC void GRUC(map_exp)(real *out, const real *x, size_t size)
{
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        GRUC(store_part)(out + i, GRUC(exp)(GRUC(load_part)(x + i, n)), n);
    }
}

GRUC_STATIC void GRUC(map_sigmoid)(real *out, const real *x, size_t size)
{
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        GRUC(store_part)(out + i, GRUC(sigmoid)(GRUC(load_part)(x + i, n)), n);
    }
}

GRUC_STATIC void GRUC(map_tanh)(real *out, const real *x, size_t size)
{
    for (size_t i = 0; i < size; i += LANES) {
        size_t n = GRUC(lanes)(size - i);
        GRUC(store_part)(out + i, GRUC(tanh)(GRUC(load_part)(x + i, n)), n);
    }
}

#undef GRUC_LOG2E
#undef GRUC_LN2_HI
#undef GRUC_LN2_LO
#undef GRUC_ROUND
#undef GRUC_ROUND_BITS
#undef GRUC_MANTISSA
#undef GRUC_BIAS
#undef GRUC_EXP_MAX
#undef GRUC_EXP_MIN
#undef GRUC_LARGE
#undef GRUC_SMALL
#undef GRUC_SIGN
