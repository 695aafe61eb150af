/* One body, two precisions, any instruction set.
 *
 * A kernel header is a body written over `real`, `ureal`, `vec`, `LANES` and
 * GRUC(name). An entry header (gruc.h, exported.h, both_precisions.h) defines GRUC_BITS as 32
 * or 64, includes this file, the bodies, and end_real.h; and then once more with the
 * other number. GRUC(sigmoid) is thus gruc_sigmoid_f32, then gruc_sigmoid_f64;
 * where instruction_sets.h also names a GRUC_ISA, gruc_sigmoid_avx2_f32.
 * This file and the bodies have no include guard: that is the point of them. */
#ifndef GRUC_BITS
#error "include gruc.h, exported.h or instruction_sets.h, not their bodies"
#endif

#if GRUC_BITS == 32
#define real float
#define ureal uint32_t /* unsigned integer of the same width, for bit patterns */
#define GRUC_SIGNED int32_t
#define GRUC_SUFFIX f32
#define GRUC_SQRT sqrtf
#define GRUC_LEAST_NORMAL FLT_MIN
#define GRUC_LEAST_STATE 1.08420217e-19f /* 2^-63: gru_step.body.h */
#elif GRUC_BITS == 64
#define real double
#define ureal uint64_t
#define GRUC_SIGNED int64_t
#define GRUC_SUFFIX f64
#define GRUC_SQRT sqrt
#define GRUC_LEAST_NORMAL DBL_MIN
#define GRUC_LEAST_STATE 1.4916681462400413e-154 /* 2^-511 */
#else
#error "GRUC_BITS is 32 or 64"
#endif

/* What weights of matrices are kept as: `real`, bit patterns of float16 or bfloat16, or integers of int8, each
 * times the scale of its column */
#if defined(GRUC_HALF) || defined(GRUC_BFLOAT)
#define stored uint16_t
#elif defined(GRUC_INT8)
#define stored int8_t
#else
#define stored real
#endif

/* What models are given and give: double, but float where a processor may have no other */
#ifdef GRUC_EXPORTED
#define outside float
#define uoutside uint32_t
#define GRUC_EXP_OUTSIDE expf
#else
#define outside double
#define uoutside uint64_t
#define GRUC_EXP_OUTSIDE exp
#endif

#ifdef GRUC_ISA
#define GRUC(name) GRUC_JOIN4(gruc, name, GRUC_ISA, GRUC_SUFFIX)
#else
#define GRUC(name) GRUC_JOIN3(gruc, name, GRUC_SUFFIX)
#endif
