/* exp, sigmoid and tanh of vectors, without branches. Body over `real` and `vec`;
 * see real.h and simd.body.h.
 *
 * All three write their argument as n ln2 + r, |r| <= ln2/2, and need a polynomial of r and a power
 * of two, which is an addition to the exponent. Largest errors found (tests/kernels/test_vmath.py holds 4 ulp
 * wherever the result is a normal number; measured as tools/vmath_error.c does, over every
 * float and 2e6 doubles, with AVX-512, AVX2 and the baseline, the largest of the three):
 *
 *              float    double
 *   exp        1.09     1.06   ulp    exp(inf) = inf, exp(-inf) = 0
 *   sigmoid    3.86     2.12          sigmoid(inf) = 1, never below the smallest normal number
 *   tanh       3.08     2.80          tanh(+-inf) = +-1, tanh(-0) = -0, never beyond 1
 *
 * NaN in gives NaN out. Where the result of exp is below the smallest normal number, it
 * loses digits gradually, as IEEE 754 has it. */

#if GRUC_BITS == 32
#define GRUC_LOG2E 1.44269504f
#define GRUC_LN2_HI 0.693359375f      /* 9 bits, so that n * LN2_HI is exact */
#define GRUC_LN2_LO (-2.12194440e-4f) /* LN2_HI + LN2_LO = ln 2 */
#define GRUC_LN2 0.693147181f
#define GRUC_ROUND 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define GRUC_ROUND_BITS 0x4B400000u
#define GRUC_MANTISSA 23
#define GRUC_EXP_MAX 89.0f   /* exp overflows above */
#define GRUC_EXP_MIN -104.0f /* exp is 0 below */
#define GRUC_LARGE 87.33654f /* 126 ln2: 1 / (1 + exp(x)) is normal up to here */
#define GRUC_TANH_IS_1 9.2f  /* from here on tanh rounds to 1 */
#else
#define GRUC_LOG2E 1.4426950408889634
#define GRUC_LN2_HI 6.93147180369123816490e-01 /* 33 bits */
#define GRUC_LN2_LO 1.90821492927058770002e-10
#define GRUC_LN2 0.6931471805599453
#define GRUC_ROUND 6755399441055744.0 /* 1.5 * 2^52 */
#define GRUC_ROUND_BITS 0x4338000000000000u
#define GRUC_MANTISSA 52
#define GRUC_EXP_MAX 710.0
#define GRUC_EXP_MIN -746.0
#define GRUC_LARGE 708.3964185322641 /* 1022 ln2 */
#define GRUC_TANH_IS_1 19.4
#endif
#define GRUC_SIGN ((ureal)1 << (GRUC_BITS - 1))
#define GRUC_MOST_VECTORS 4
#define GRUC_EACH GRUC_UNROLL for (size_t i = 0; i < n; i++)

/* Of each x[i]: whole[i], x[i] * slope rounded to an integer, which is also in the low bits of shifted[i] */
GRUC_INLINE void GRUC(integers)(vec *whole, uvec *shifted, const vec *x, real slope, size_t n)
{
    GRUC_EACH
    {
        vec rounded = GRUC(fma)(x[i], GRUC(splat)(slope), GRUC(splat)(GRUC_ROUND));
#if FLT_EVAL_METHOD != 0 /* x87 keeps the digits that must go, unless they are stored */
        rounded = GRUC(from_bits)(GRUC(bits)(rounded));
#endif
        GRUC_ROUNDED_SUM(rounded);
        shifted[i] = GRUC(bits)(rounded);
        whole[i] = rounded - GRUC_ROUND;
    }
}

/* x + whole ln2, where the sum is small; ln 2 in two parts, which have more digits than one */
GRUC_INLINE void GRUC(reduce)(vec *r, const vec *whole, const vec *x, real sign, size_t n)
{
    GRUC_EACH
    {
        r[i] = GRUC(fma)(whole[i], GRUC(splat)(sign * GRUC_LN2_HI), x[i]);
        GRUC_ROUNDED_SUM(r[i]);
    }
    GRUC_EACH r[i] = GRUC(fma)(whole[i], GRUC(splat)(sign * GRUC_LN2_LO), r[i]);
}

/* y 2^k, y and the result being normal numbers; k in the low bits of `shifted` */
GRUC_INLINE vec GRUC(times_pow2)(vec y, uvec shifted)
{
    return GRUC(from_bits)(GRUC(bits)(y) + (shifted << GRUC_MANTISSA));
}

/* (exp(s r) - 1 - s r) / r^2 for |s r| <= ln2/2, s a constant, a power of two; relative error of exp(s r) - 1
 * by it 2.5e-8 (float) and 4.1e-17 (double): Chebyshev fit */
GRUC_INLINE void GRUC(curvature)(vec *q, const vec *r, real s, size_t n)
{
    const real s2 = s * s, s3 = s2 * s, s4 = s2 * s2, s5 = s4 * s, s6 = s4 * s2;
#if GRUC_BITS == 32
    GRUC_EACH q[i] = GRUC(fma)(GRUC(splat)(0.001392625f * s6), r[i], GRUC(splat)(0.008363233f * s5));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.041666552f * s4));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.16666576f * s3));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.5f * s2));
#else
    const real s7 = s4 * s3, s8 = s4 * s4, s9 = s5 * s4, s10 = s5 * s5, s11 = s6 * s5;
    GRUC_EACH q[i] =
        GRUC(fma)(GRUC(splat)(2.5100472505694996e-08 * s11), r[i], GRUC(splat)(2.7620201591031547e-07 * s10));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(2.7557268276905696e-06 * s9));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(2.4801521057868204e-05 * s8));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.00019841269863171557 * s7));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.0013888888917367081 * s6));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.008333333333330039 * s5));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.041666666666623824 * s4));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.16666666666666669 * s3));
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(0.5000000000000001 * s2));
#endif
}

/* exp(-r) for |r| <= ln2/2 */
GRUC_INLINE void GRUC(exp_of_minus)(vec *p, const vec *r, size_t n)
{
#if GRUC_BITS == 32 /* relative error 1e-7, which a sigmoid can afford; found by search among floats */
    GRUC_EACH p[i] = GRUC(fma)(GRUC(splat)(-0.008297636f), r[i], GRUC(splat)(0.041915335f));
    GRUC_EACH p[i] = GRUC(fma)(p[i], r[i], GRUC(splat)(-0.16667438f));
    GRUC_EACH p[i] = GRUC(fma)(p[i], r[i], GRUC(splat)(0.4999897f));
    GRUC_EACH p[i] = GRUC(fma)(p[i], r[i], GRUC(splat)(-0.99999976f));
#else
    GRUC(curvature)(p, r, -1, n);
    GRUC_EACH p[i] = GRUC(fma)(p[i], r[i], GRUC(splat)(-1));
#endif
    GRUC_EACH p[i] = GRUC(fma)(p[i], r[i], GRUC(splat)(1));
}

GRUC_INLINE vec GRUC(exp)(vec x)
{
    vec whole, r, q;
    uvec k;
    x = GRUC(at_least)(GRUC(at_most)(x, GRUC_EXP_MAX), GRUC_EXP_MIN);
    GRUC(integers)(&whole, &k, &x, GRUC_LOG2E, 1);
    GRUC(reduce)(&r, &whole, &x, -1, 1);
    GRUC(curvature)(&q, &r, 1, 1);
    vec y = (real)1 + GRUC(fma)(r * r, q, r);
    /* 2^k in two normal factors: k reaches past both ends of the exponent.
     * The even offset keeps the halving of k unsigned. */
    k = k - (ureal)GRUC_ROUND_BITS;
    uvec half = (k + (ureal)4096) >> 1;
    y = GRUC(times_pow2)(y, half - (ureal)2048);
    GRUC_ROUNDED(y); /* the rest may make it infinite, or 0 */
    return y * GRUC(times_pow2)(GRUC(splat)(1), k - half + (ureal)2048);
}

/* x[i] = sigmoid(x[i]), for i < n <= GRUC_MOST_VECTORS, a constant: while one vector waits for the result of an
 * operation, another begins it */
GRUC_INLINE void GRUC(sigmoids)(vec *x, size_t n)
{
    vec whole[GRUC_MOST_VECTORS], r[GRUC_MOST_VECTORS];
    uvec k[GRUC_MOST_VECTORS];
    GRUC_EACH x[i] = GRUC(at_least)(GRUC(at_most)(x[i], GRUC_LARGE), -GRUC_LARGE);
    GRUC(integers)(whole, k, x, -GRUC_LOG2E, n);
    GRUC(reduce)(r, whole, x, 1, n);
    GRUC(exp_of_minus)(x, r, n);
    GRUC_EACH x[i] = (real)1 + GRUC(times_pow2)(x[i], k[i]);
    GRUC_EACH x[i] = GRUC(reciprocal)(x[i]);
}

/* x[i] = tanh(x[i]), in the same way. With e = 1 - exp(-2|x|) in [0, 1):  tanh|x| = e / (2 - e). ln 2 in one
 * part will do: the larger k, the smaller exp(-2|x|) is beside 1. */
GRUC_INLINE void GRUC(tanhs)(vec *x, size_t n)
{
    vec magnitude[GRUC_MOST_VECTORS], r[GRUC_MOST_VECTORS], q[GRUC_MOST_VECTORS];
    uvec k[GRUC_MOST_VECTORS];
    GRUC_EACH magnitude[i] = GRUC(at_most)(GRUC(from_bits)(GRUC(bits)(x[i]) & ~GRUC_SIGN), GRUC_TANH_IS_1);
    GRUC(integers)(r, k, magnitude, -2 * GRUC_LOG2E, n);
    GRUC_EACH r[i] = GRUC(fma)(r[i], GRUC(splat)(GRUC_LN2 / 2), magnitude[i]);
    GRUC(curvature)(q, r, -2, n);
    GRUC_EACH q[i] = GRUC(fma)(q[i], r[i], GRUC(splat)(-2)) * r[i]; /* exp(-2r) - 1 */
    GRUC_EACH
    {
        vec scale = GRUC(times_pow2)(GRUC(splat)(1), k[i]), rest = (real)1 - scale;
        GRUC_ROUNDED_SUM(rest); /* exp(-2r) would lose the digits of a small r */
        q[i] = GRUC(fma)(-scale, q[i], rest);
    }
    GRUC_EACH q[i] = GRUC(quotient)(q[i], (real)2 - q[i]);
    GRUC_EACH x[i] = GRUC(from_bits)(GRUC(bits)(q[i]) | (GRUC(bits)(x[i]) & GRUC_SIGN));
}

GRUC_INLINE vec GRUC(sigmoid)(vec x)
{
    GRUC(sigmoids)(&x, 1);
    return x;
}

GRUC_INLINE vec GRUC(tanh)(vec x)
{
    GRUC(tanhs)(&x, 1);
    return x;
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
#undef GRUC_LN2
#undef GRUC_ROUND
#undef GRUC_ROUND_BITS
#undef GRUC_MANTISSA
#undef GRUC_EXP_MAX
#undef GRUC_EXP_MIN
#undef GRUC_LARGE
#undef GRUC_TANH_IS_1
#undef GRUC_SIGN
#undef GRUC_MOST_VECTORS
#undef GRUC_EACH
