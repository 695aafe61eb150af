/* Products of tile_kernels.h by themselves, for the GRUC_ISA and GRUC_SIMD that it was included with: for tests. */
#define GRUC_BITS 32
#include "gruc/base/real.h"
#define vec GRUC(vec)

GRUC_STATIC void GRUC(tile_dot_of)(void *c, const void *a, const void *b)
{
    const uint32_t *tiles[1] = {(const uint32_t *)b};
    float sums[256], *to = (float *)c;
    GRUC(tiles_begin)();
    GRUC(tile_sums)(1, sums, (const uint32_t *)a, tiles, 1, 0, 0, 1);
    GRUC(tiles_end)();
    memcpy(to, sums, sizeof sums);
}

GRUC_STATIC void GRUC(parts_of)(float *parts, const float *x, size_t n)
{
    uint16_t halves[64];
    for (size_t i = 0; i < n; i += 32) {
        GRUC(round_block)(halves, 32, x + i, n - i, 2);
        for (size_t j = 0; j < 64; j++) {
            uint32_t bits = (uint32_t)halves[j] << 16;
            if (i + j % 32 < n) memcpy(parts + j / 32 * n + i + j % 32, &bits, sizeof bits);
        }
    }
}

GRUC_STATIC void GRUC(product_of)(
    float *out, const float *A, const float *W, size_t m, size_t K, size_t n, int transposed, float *packed,
    const gruc_work *work)
{
    if (transposed)
        GRUC(pack_rotated)(packed, W, K, K, n, K / 3);
    else
        GRUC(pack)(packed, W, n, K, 1, n);
    GRUC(tiles_begin)();
    GRUC(affine_with)(out, n, A, K, packed, NULL, m, K, n, work);
    GRUC(tiles_end)();
}

GRUC_STATIC void GRUC(outer_of)(
    float *C, const float *A, const float *B, size_t K, size_t M, size_t n, const gruc_work *work)
{
    GRUC(tiles_begin)();
    GRUC(add_outer_with)(C, n, A, M, B, n, K, M, n, work);
    GRUC(tiles_end)();
}

#undef vec
#include "gruc/base/end_real.h"
