/* Loads of weights as they are kept: a part of simd.body.h, which includes it. */

/* Weights as they are kept, in `real`; of int8 without their scales */
#if defined(GRUC_INT8)
GRUC_INLINE vec GRUC(load_stored)(const int8_t *p)
{
#if GRUC_SIMD == 0 && defined(__AVR__)
    return (real)(int8_t)pgm_read_byte(p);
#elif GRUC_SIMD == 0
    return (real)*p;
#elif GRUC_SIMD == 512
    return (vec)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
#elif GRUC_SIMD == 256
    return (vec)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
#else
    int32_t bits;
    memcpy(&bits, p, sizeof bits);
#if defined(__SSE2__)
    __m128i four = _mm_cvtsi32_si128(bits); /* each to the highest of four bytes, and down again */
    four = _mm_unpacklo_epi8(four, four);
    return (vec)_mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16(four, four), 24));
#else
    int8x8_t four = vreinterpret_s8_s32(vdup_n_s32(bits));
    return (vec)vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(four))));
#endif
#endif
}
#elif defined(GRUC_BFLOAT)
GRUC_INLINE vec GRUC(load_stored)(const uint16_t *p)
{
#if GRUC_SIMD == 0
    uvec bits = GRUC_READ_16(p);
#elif GRUC_SIMD == 128 && defined(__SSE2__)
    return (vec)_mm_unpacklo_epi16(_mm_setzero_si128(), _mm_loadl_epi64((const __m128i *)(const void *)p));
#else
    typedef uint16_t halves __attribute__((vector_size(GRUC_SIMD / 16)));
    halves half;
    memcpy(&half, p, sizeof half);
#if GRUC_SIMD == 512
    uvec bits = (uvec)_mm512_cvtepu16_epi32((__m256i)half);
#elif GRUC_SIMD == 256
    uvec bits = (uvec)_mm256_cvtepu16_epi32((__m128i)half);
#else
    uvec bits = __builtin_convertvector(half, uvec);
#endif
#endif
#if GRUC_SIMD != 128 || !defined(__SSE2__)
    return GRUC(from_bits)(bits << 16);
#endif
}
#elif !defined(GRUC_HALF) && defined(GRUC_EXPORTED) && defined(__AVR__)
GRUC_INLINE vec GRUC(load_stored)(const real *p) { return pgm_read_float(p); }
#elif !defined(GRUC_HALF)
GRUC_INLINE vec GRUC(load_stored)(const real *p) { return GRUC(load)(p); }
#elif GRUC_SIMD == 0 && defined(__ARM_FP16_FORMAT_IEEE)
GRUC_INLINE real GRUC(load_stored)(const uint16_t *p)
{
    __fp16 half;
    memcpy(&half, p, sizeof half);
    return (real)half;
}
#else
/* By an instruction where there is one. Else the bits of a float16 are those of a float32 that is 2^112 times
 * too small, 13 places further to the right; infinity and NaN are not among weights. */
GRUC_INLINE vec GRUC(load_stored)(const uint16_t *p)
{
#if GRUC_SIMD == 0
#if defined(__AVR__)
    uvec bits = pgm_read_word(p);
#else
    uvec bits = *p;
#endif
#else
    typedef uint16_t halves __attribute__((vector_size(GRUC_SIMD / 16)));
    halves half;
    memcpy(&half, p, sizeof half);
#endif
#if GRUC_SIMD == 512
    return (vec)_mm512_cvtph_ps((__m256i)half);
#elif GRUC_SIMD == 256 && defined(__F16C__)
    return (vec)_mm256_cvtph_ps((__m128i)half);
#elif GRUC_SIMD == 128 && defined(__aarch64__)
    return (vec)vcvt_f32_f16((float16x4_t)half);
#else
#if GRUC_SIMD != 0
    uvec bits = __builtin_convertvector(half, uvec);
#endif
    vec magnitude = GRUC(from_bits)((bits & 0x7fffu) << 13) * 5.192296858534827628530496329220096e33f;
    return GRUC(from_bits)(GRUC(bits)(magnitude) | (bits & 0x8000u) << 16);
#endif
}
#endif
