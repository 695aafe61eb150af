/* Largest error of gruc's exp, sigmoid and tanh in ulp: over every n-th float
 * against libm's double, and over random doubles against libm's long double
 * (64-bit mantissa: x86 only). Where the result is a normal number.
 *
 *   cc -O3 -fopenmp -ffp-contract=off -Iinclude tools/vmath_error.c -lm -o /tmp/vmath_error
 *   /tmp/vmath_error 20000000 13      doubles, and n
 *
 * With -mavx2 -mfma or -mavx512f -mavx512bw -mavx512dq -mavx512vl the kernels of those. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "gruc/gruc.h"

static double exact_sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }

static long double exact_sigmoidl(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

static double ulps_f32(float y, double exact)
{
    int e;
    frexp(exact, &e);
    return fabs(y - exact) / ldexp(1, e - 24);
}

static double ulps_f64(double y, long double exact)
{
    int e;
    frexpl(exact, &e);
    return (double)(fabsl(y - exact) / ldexpl(1, e - 53));
}

static uint64_t next_random(uint64_t *state)
{ /* splitmix64 (Steele, Lea and Flood 2014) */
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 10000000, stride = argc > 2 ? atol(argv[2]) : 1;
    double e32 = 0, s32 = 0, t32 = 0, e64 = 0, s64 = 0, t64 = 0;
#pragma omp parallel for reduction(max : e32, s32, t32)
    for (int64_t i = 0; i < UINT32_MAX; i += stride) {
        uint32_t u = (uint32_t)i;
        float x, y[3];
        memcpy(&x, &u, sizeof x);
        if (!isfinite(x)) continue;
        double e = exp(x), s = exact_sigmoid(x), t = tanh(x);
        gruc_map_exp_f32(y, &x, 1);
        gruc_map_sigmoid_f32(y + 1, &x, 1);
        gruc_map_tanh_f32(y + 2, &x, 1);
        if (e >= FLT_MIN && e <= FLT_MAX) e32 = fmax(e32, ulps_f32(y[0], e));
        if (s >= FLT_MIN) s32 = fmax(s32, ulps_f32(y[1], s));
        if (fabs(t) >= FLT_MIN) t32 = fmax(t32, ulps_f32(y[2], t));
    }
#pragma omp parallel for reduction(max : e64, s64, t64)
    for (long i = 0; i < n; i++) {
        uint64_t state = (uint64_t)i;
        double unit = (double)(next_random(&state) >> 11) * 0x1p-53 * 2 - 1;
        /* a third uniform over the whole range, a third near zero, a third log-uniform */
        double x = i % 3 == 0   ? unit * 745
                   : i % 3 == 1 ? unit * 4
                                : ldexp(unit, -(int)(next_random(&state) % 60));
        double y[3];
        gruc_map_exp_f64(y, &x, 1);
        gruc_map_sigmoid_f64(y + 1, &x, 1);
        gruc_map_tanh_f64(y + 2, &x, 1);
        long double e = expl(x), s = exact_sigmoidl(x), t = tanhl(x);
        if (e >= DBL_MIN && e <= DBL_MAX) e64 = fmax(e64, ulps_f64(y[0], e));
        if (s >= DBL_MIN) s64 = fmax(s64, ulps_f64(y[1], s));
        if (fabsl(t) >= DBL_MIN) t64 = fmax(t64, ulps_f64(y[2], t));
    }
    printf(
        "ulp       float  double\nexp      %6.3f  %6.3f\nsigmoid  %6.3f  %6.3f\ntanh     %6.3f  %6.3f\n", e32,
        e64, s32, s64, t32, t64);
    return 0;
}
