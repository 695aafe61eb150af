/* What differs between compilers, and nothing else. */
#ifndef GRUC_PORTABILITY_H
#define GRUC_PORTABILITY_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* exp and its kin round by adding a large number and taking it off again, and tell NaN from numbers.
 * Single flags of those that -ffast-math stands for change no more than last digits: where more depends on
 * a rounded value, GRUC_ROUNDED (simd.body.h) hides from the compiler how it came about. */
#if defined(__FAST_MATH__)
#error "gruc's numbers would be wrong: compile without -ffast-math and -Ofast (icx: with -fp-model=precise)"
#elif defined(_M_FP_FAST)
#error "gruc's numbers would be wrong: compile without /fp:fast"
#endif

#if defined(_MSC_VER) && defined(_M_X64)
#include <xmmintrin.h>
#endif

#if defined(_MSC_VER) || defined(__cplusplus)
#define GRUC_RESTRICT __restrict
#else
#define GRUC_RESTRICT restrict
#endif

/* Not every program that includes these headers calls every kernel. GRUC_INLINE is for
 * parts of kernels whose arguments are constants that the compiler must see, GRUC_APART for what is called
 * from several places and must not be there as often. */
#if defined(__GNUC__)
#define GRUC_APART static __attribute__((unused, noinline))
#define GRUC_STATIC static inline __attribute__((unused))
#define GRUC_INLINE static inline __attribute__((unused, always_inline))
#elif defined(_MSC_VER)
#define GRUC_APART static __declspec(noinline)
#define GRUC_STATIC static inline
#define GRUC_INLINE static __forceinline
#else
#define GRUC_APART static inline
#define GRUC_STATIC static inline
#define GRUC_INLINE static inline
#endif

/* Loops of a constant number of turns over what is to be registers */
#if defined(__clang__)
#define GRUC_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__) && __GNUC__ >= 8
#define GRUC_UNROLL _Pragma("GCC unroll 32")
#else
#define GRUC_UNROLL
#endif

/* Tables of an exported model. AVR copies constants into RAM unless it is told to leave them in flash, which
 * it then reads by instructions of its own. */
#if defined(__AVR__)
#include <avr/pgmspace.h>
#define GRUC_TABLE PROGMEM
#define GRUC_READ_16(p) pgm_read_word(p)
#define GRUC_READ_32(p) pgm_read_dword(p)
#else
#define GRUC_TABLE
#define GRUC_READ_16(p) (*(p))
#define GRUC_READ_32(p) (*(p))
#endif

/* What simd.body.h may be told as GRUC_SIMD: vectors of any kind, and whether code for other
 * processors than the flags name can be compiled beside it (instruction_sets.h). */
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(GRUC_NO_VECTORS)
#define GRUC_SIMD_BASELINE 128
#if defined(__x86_64__)
#define GRUC_X86_64
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif
#else
#define GRUC_SIMD_BASELINE 0
#endif

/* The widest vectors that the compiler's flags allow */
#if GRUC_SIMD_BASELINE && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) &&          \
    defined(__AVX512VL__)
#define GRUC_SIMD_OF_FLAGS 512
#elif GRUC_SIMD_BASELINE && defined(__AVX2__) && defined(__FMA__)
#define GRUC_SIMD_OF_FLAGS 256
#else
#define GRUC_SIMD_OF_FLAGS GRUC_SIMD_BASELINE
#endif

/* Numbers below the smallest normal one may cost a processor a hundred times as much as others. Gradients
 * that vanish on their way back through time pass there, and so may inputs that fade away. Between
 * these two calls such numbers count as 0, in this thread, where the processor can be told so; the
 * second puts back the mode that the caller had. */
#if defined(GRUC_X86_64) || (defined(_MSC_VER) && defined(_M_X64))
#define GRUC_FLUSH_SUBNORMALS()                                                                              \
    unsigned gruc_float_mode = _mm_getcsr();                                                                 \
    _mm_setcsr(gruc_float_mode | 0x8040)
#define GRUC_KEEP_SUBNORMALS() _mm_setcsr(gruc_float_mode)
#elif defined(__GNUC__) && defined(__aarch64__)
#define GRUC_FLUSH_SUBNORMALS()                                                                              \
    uint64_t gruc_float_mode;                                                                                \
    __asm__ volatile("mrs %0, fpcr" : "=r"(gruc_float_mode)::"memory");                                      \
    __asm__ volatile("msr fpcr, %0" ::"r"(gruc_float_mode | (uint64_t)1 << 24) : "memory")
#define GRUC_KEEP_SUBNORMALS() __asm__ volatile("msr fpcr, %0" ::"r"(gruc_float_mode) : "memory")
#else
#define GRUC_FLUSH_SUBNORMALS() ((void)0)
#define GRUC_KEEP_SUBNORMALS() ((void)0)
#endif

#define GRUC_JOIN3_(a, b, c) a##_##b##_##c
#define GRUC_JOIN3(a, b, c) GRUC_JOIN3_(a, b, c)
#define GRUC_JOIN4_(a, b, c, d) a##_##b##_##c##_##d
#define GRUC_JOIN4(a, b, c, d) GRUC_JOIN4_(a, b, c, d)

#endif
