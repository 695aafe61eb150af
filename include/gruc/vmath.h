/* exp, sigmoid and tanh without branches, so that a compiler maps a loop over
 * them to vectors of any width. Body over `real`; see real.h.
 *
 * All three reduce their argument to r in [-ln2/2, ln2/2] by x = n ln2 + r and
 * use one polynomial for exp(r) - 1, which keeps its relative accuracy down to
 * r = 0. Largest errors found (tests/kernels/test_vmath.py holds 4 ulp wherever
 * the result is a normal number; measured by tools/vmath_error.c over every
 * float and over 2e8 doubles):
 *
 *              float    double
 *   exp        1.05     1.05   ulp    exp(inf) = inf, exp(-inf) = 0
 *   sigmoid    2.49     2.42          sigmoid(inf) = 1, sigmoid(-inf) = 0
 *   tanh       2.50     2.59          tanh(+-inf) = +-1, tanh(-0) = -0
 *
 * NaN in gives NaN out. Results below the smallest normal number lose digits
 * gradually, as IEEE 754 has it. */

#if GRUC_BITS == 32
#define GRUC_LOG2E 1.44269504f
#define GRUC_LN2_HI 0.693359375f      /* 9 bits, so that n * LN2_HI is exact */
#define GRUC_LN2_LO (-2.12194440e-4f) /* LN2_HI + LN2_LO = ln 2 */
#define GRUC_ROUND 12582912.0f        /* 1.5 * 2^23: adding it rounds to an integer */
#define GRUC_MANTISSA 23
#define GRUC_BIAS 127u
#define GRUC_EXP_MAX 89.0f   /* exp overflows above */
#define GRUC_EXP_MIN -104.0f /* exp is 0 below */
#define GRUC_TANH_MIN -40.0f /* tanh(x) rounds to 1 where -2x is below */
#else
#define GRUC_LOG2E 1.4426950408889634
#define GRUC_LN2_HI 6.93147180369123816490e-01 /* 33 bits */
#define GRUC_LN2_LO 1.90821492927058770002e-10
#define GRUC_ROUND 6755399441055744.0 /* 1.5 * 2^52 */
#define GRUC_MANTISSA 52
#define GRUC_BIAS 1023u
#define GRUC_EXP_MAX 710.0
#define GRUC_EXP_MIN -746.0
#define GRUC_TANH_MIN -40.0
#endif

GRUC_KERNEL ureal GRUC(bits)(real x)
{
    ureal u;
    memcpy(&u, &x, sizeof u);
    return u;
}

GRUC_KERNEL real GRUC(from_bits)(ureal u)
{
    real x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* exp(r) - 1 for |r| <= ln2/2; relative error of the polynomial 2.5e-8 (float)
 * and 4.1e-17 (double): Chebyshev fit of (exp(r) - 1 - r) / r^2. */
GRUC_KERNEL real GRUC(expm1_reduced)(real r)
{
#if GRUC_BITS == 32
    real q = 0.001392625f;
    q = q * r + 0.008363233f;
    q = q * r + 0.041666552f;
    q = q * r + 0.16666576f;
    q = q * r + 0.5f;
#else
    real q = 2.5100472505694996e-08;
    q = q * r + 2.7620201591031547e-07;
    q = q * r + 2.7557268276905696e-06;
    q = q * r + 2.4801521057868204e-05;
    q = q * r + 0.00019841269863171557;
    q = q * r + 0.0013888888917367081;
    q = q * r + 0.008333333333330039;
    q = q * r + 0.041666666666623824;
    q = q * r + 0.16666666666666669;
    q = q * r + 0.5000000000000001;
#endif
    return r + r * r * q;
}

/* 2^n for a normal result; n in two's complement. */
GRUC_KERNEL real GRUC(pow2)(ureal n) { return GRUC(from_bits)((ureal)(n + GRUC_BIAS) << GRUC_MANTISSA); }

GRUC_KERNEL real GRUC(exp)(real x)
{
    /* both comparisons are false for NaN, which therefore passes through */
    real a = x > GRUC_EXP_MAX ? GRUC_EXP_MAX : x;
    a = a < GRUC_EXP_MIN ? GRUC_EXP_MIN : a;
    real rounded = a * GRUC_LOG2E + GRUC_ROUND;
    real n = rounded - GRUC_ROUND;
    real r = (a - n * GRUC_LN2_HI) - n * GRUC_LN2_LO;
    /* 2^n in two normal factors: n reaches past both ends of the exponent.
     * The even offset keeps the halving of n unsigned. */
    ureal shifted = (ureal)(GRUC(bits)(rounded) - GRUC(bits)(GRUC_ROUND)) + 4096u;
    ureal half = shifted >> 1;
    real scale = GRUC(pow2)((ureal)(half - 2048u));
    real rest = GRUC(pow2)((ureal)(shifted - half - 2048u));
    return ((real)1 + GRUC(expm1_reduced)(r)) * scale * rest;
}

GRUC_KERNEL real GRUC(sigmoid)(real x) { return (real)1 / ((real)1 + GRUC(exp)(-x)); }

/* With e = exp(-2|x|) - 1 in (-1, 0]:  tanh|x| = |e / (e + 2)|. */
GRUC_KERNEL real GRUC(tanh)(real x)
{
    const ureal sign_bit = (ureal)1 << (GRUC_BITS - 1);
    real a = (real)-2 * GRUC(from_bits)(GRUC(bits)(x) & ~sign_bit);
    a = a < GRUC_TANH_MIN ? GRUC_TANH_MIN : a;
    real rounded = a * GRUC_LOG2E + GRUC_ROUND;
    real n = rounded - GRUC_ROUND;
    real r = (a - n * GRUC_LN2_HI) - n * GRUC_LN2_LO;
    real scale = GRUC(pow2)((ureal)(GRUC(bits)(rounded) - GRUC(bits)(GRUC_ROUND)));
    real e = scale * GRUC(expm1_reduced)(r) + (scale - (real)1);
    real y = e / (e + (real)2);
    return GRUC(from_bits)((GRUC(bits)(y) & ~sign_bit) | (GRUC(bits)(x) & sign_bit));
}

/* The same over arrays: out[i] = f(x[i]). */
GRUC_KERNEL void GRUC(map_exp)(real *GRUC_RESTRICT out, const real *GRUC_RESTRICT x, size_t size)
{
    for (size_t i = 0; i < size; i++) out[i] = GRUC(exp)(x[i]);
}

GRUC_KERNEL void GRUC(map_sigmoid)(real *GRUC_RESTRICT out, const real *GRUC_RESTRICT x, size_t size)
{
    for (size_t i = 0; i < size; i++) out[i] = GRUC(sigmoid)(x[i]);
}

GRUC_KERNEL void GRUC(map_tanh)(real *GRUC_RESTRICT out, const real *GRUC_RESTRICT x, size_t size)
{
    for (size_t i = 0; i < size; i++) out[i] = GRUC(tanh)(x[i]);
}

#undef GRUC_LOG2E
#undef GRUC_LN2_HI
#undef GRUC_LN2_LO
#undef GRUC_ROUND
#undef GRUC_MANTISSA
#undef GRUC_BIAS
#undef GRUC_EXP_MAX
#undef GRUC_EXP_MIN
#undef GRUC_TANH_MIN
