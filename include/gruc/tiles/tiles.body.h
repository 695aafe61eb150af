/* Tiles of bfloat16: the instructions of Intel's AMX, or the same in plain C. Body over `real`, a float, and
 * `vec`; see real.h, simd.body.h. Defines nothing unless GRUC_TILES says which of the two.
 *
 * A tile is a register of 16 rows of 64 bytes: 16 float numbers a row, or 16 words of two bfloat16 each. There are
 * eight, and each operation names them by constants:
 *
 *   GRUC_TILE_ZERO(t, c)               c = 0
 *   GRUC_TILE_LOAD(t, c, from)         16 rows, one behind the other in memory
 *   GRUC_TILE_DOT(t, c, a, b)          c += a b, of words of a and b, as below
 *   GRUC_TILE_STORE(t, c, to, bytes)   rows so many bytes apart
 *
 * between tiles_begin() and tiles_end(), which belong to a thread. `t` is a GRUC(tiles), of no use to the processor.
 *
 * GRUC_TILE_DOT is TDPBF16PS: of each row i of a and column j of b
 *
 *   even = odd = 0
 *   for k = 0 ... 15:  even = fma(low half of a[i, k], low half of b[k, j], even),  odd the same of high halves
 *   c[i, j] = c[i, j] + (even + odd)
 *
 * in float, rounded to nearest even, where subnormal numbers, read or made, are 0. */

#define GRUC_TILES_EMULATED 1
#define GRUC_TILES_OF_PROCESSOR 2

enum { GRUC(TILE_ROWS) = 16, GRUC(TILE_WORDS) = 256 };

/* ---- numbers as bfloat16: rounded to nearest even, subnormal ones to 0 --------------------------- */

#if GRUC_TILES == GRUC_TILES_OF_PROCESSOR

/* Words of two: a in the low halves, b in the high ones */
GRUC_INLINE uvec GRUC(pairs)(vec a, vec b)
{
    const __m512i in_turn = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18,
        2, 17, 1, 16, 0);
    return (uvec)_mm512_permutexvar_epi16(in_turn, (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a));
}

GRUC_INLINE vec GRUC(as_bfloat)(vec x)
{
    __m256i halves = (__m256i)_mm512_cvtneps_pbh((__m512)x);
    return (vec)_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

GRUC_INLINE void GRUC(store_bfloats)(uint16_t *to, vec x)
{
    _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh((__m512)x));
}

#else

GRUC_INLINE vec GRUC(as_bfloat)(vec x)
{
    uvec u = GRUC(bits)(x), magnitude = u & 0x7fffffffu;
    uvec rounded = (u + 0x7fffu + ((u >> 16) & 1u)) & 0xffff0000u;
    uvec is_nan = (uvec)(magnitude > 0x7f800000u), is_normal = (uvec)(magnitude >= 0x00800000u);
    rounded = (rounded & is_normal) | (u & 0x80000000u & ~is_normal);
    return GRUC(from_bits)((rounded & ~is_nan) | ((u | 0x00400000u) & 0xffff0000u & is_nan));
}

GRUC_INLINE uvec GRUC(pairs)(vec a, vec b)
{
    return GRUC(bits)(GRUC(as_bfloat)(a)) >> 16 | GRUC(bits)(GRUC(as_bfloat)(b));
}

GRUC_INLINE void GRUC(store_bfloats)(uint16_t *to, vec x)
{
    uvec rounded = GRUC(bits)(GRUC(as_bfloat)(x));
    for (size_t l = 0; l < LANES; l++) to[l] = (uint16_t)(rounded[l] >> 16);
}

#endif

/* What bfloat16 leaves of x, for a second one to take */
GRUC_INLINE vec GRUC(left_by_bfloat)(vec x) { return x - GRUC(as_bfloat)(x); }

/* ---- tiles -------------------------------------------------------------------------------------- */

#if GRUC_TILES == GRUC_TILES_OF_PROCESSOR

typedef int GRUC(tiles);

#define GRUC_TILE_ZERO(t, c) _tile_zero(c)
#define GRUC_TILE_LOAD(t, c, from) _tile_loadd(c, from, 64)
#define GRUC_TILE_DOT(t, c, a, b) _tile_dpbf16ps(c, a, b)
#define GRUC_TILE_STORE(t, c, to, bytes) _tile_stored(c, to, bytes)

/* What was written before is in memory when tiles are loaded from there: compilers do not know that they are. */
#define GRUC_TILES_IN_MEMORY() __asm__ volatile("" ::: "memory")

/* Eight tiles of their full size. A thread that has called this has 8 kB more of registers to be saved when it
 * yields to another, until tiles_end. */
GRUC_STATIC void GRUC(tiles_begin)(void)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes_of_row[16];
        uint8_t rows[16];
    } shapes;
    memset(&shapes, 0, sizeof shapes);
    shapes.palette = 1;
    for (int i = 0; i < 8; i++) {
        shapes.bytes_of_row[i] = 64;
        shapes.rows[i] = 16;
    }
    __asm__ volatile("" ::"r"(&shapes) : "memory"); /* gcc's intrinsic says that it reads 8 bytes only */
    _tile_loadconfig(&shapes);
}

GRUC_STATIC void GRUC(tiles_end)(void) { _tile_release(); }

#else

typedef struct {
    uint32_t words[8][16][16];
} GRUC(tiles);

#define GRUC_TILE_ZERO(t, c) memset((t)->words[c], 0, 1024)
#define GRUC_TILE_LOAD(t, c, from) memcpy((t)->words[c], from, 1024)
#define GRUC_TILE_DOT(t, c, a, b) GRUC(tile_dot)((t)->words[c], (t)->words[a], (t)->words[b])
#define GRUC_TILE_STORE(t, c, to, bytes)                                                                     \
    for (size_t gruc_row = 0; gruc_row < 16; gruc_row++)                                                     \
    memcpy((char *)(to) + gruc_row * (bytes), (t)->words[c][gruc_row], 64)
#define GRUC_TILES_IN_MEMORY() ((void)0)

GRUC_STATIC void GRUC(tiles_begin)(void) {}
GRUC_STATIC void GRUC(tiles_end)(void) {}

/* a * b + c, rounded once on every processor */
GRUC_INLINE vec GRUC(fused)(vec a, vec b, vec c)
{
#if GRUC_SIMD == 128 && !defined(__aarch64__)
    for (size_t l = 0; l < LANES; l++) c[l] = fmaf(a[l], b[l], c[l]);
    return c;
#else
    return GRUC(fma)(a, b, c);
#endif
}

GRUC_STATIC void GRUC(tile_dot)(uint32_t (*c)[16], uint32_t (*a)[16], uint32_t (*b)[16])
{
    GRUC_FLUSH_SUBNORMALS();
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 16; j += LANES) {
            vec even = GRUC(splat)(0), odd = even, sum;
            for (size_t k = 0; k < 16; k++) {
                uvec zeros = GRUC(bits)(GRUC(splat)(0)), words;
                memcpy(&words, b[k] + j, sizeof words);
                even =
                    GRUC(fused)(GRUC(from_bits)(zeros + (a[i][k] << 16)), GRUC(from_bits)(words << 16), even);
                odd = GRUC(fused)(
                    GRUC(from_bits)(zeros + (a[i][k] & 0xffff0000u)), GRUC(from_bits)(words & 0xffff0000u),
                    odd);
            }
            memcpy(&sum, c[i] + j, sizeof sum);
            sum = sum + (even + odd);
            memcpy(c[i] + j, &sum, sizeof sum);
        }
    GRUC_KEEP_SUBNORMALS();
}

#endif
