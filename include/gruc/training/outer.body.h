/* Gradients of weights: sums of outer products. Body over `real` and `vec`; see
 * real.h, simd.body.h. A tile of the result stays in registers over all K rows. */

/* tile_of with A transposed: sums[i, c] = sum_k A[k, i] B[k, c], C vectors c side by side */
GRUC_STATIC void GRUC(outer_tile)(
    vec *sums, size_t rows, size_t vectors, const real *A, size_t ld_A, const real *B, size_t ld_B, size_t K)
{
#define GRUC_OUTER_ROWS(R)                                                                                   \
    case R:                                                                                                  \
        if (vectors == 3)                                                                                    \
            GRUC(tile_of)(R, 3, 3, sums, A, 1, ld_A, B, ld_B, 0, K);                                         \
        else if (vectors == 2)                                                                               \
            GRUC(tile_of)(R, 2, 2, sums, A, 1, ld_A, B, ld_B, 0, K);                                         \
        else                                                                                                 \
            GRUC(tile_of)(R, 1, 1, sums, A, 1, ld_A, B, ld_B, 0, K);                                         \
        break;
    switch (rows) {
        GRUC_OUTER_ROWS(1)
        GRUC_OUTER_ROWS(2)
        GRUC_OUTER_ROWS(3)
        GRUC_OUTER_ROWS(4)
#if ROWS == 8
        GRUC_OUTER_ROWS(5)
        GRUC_OUTER_ROWS(6)
        GRUC_OUTER_ROWS(7)
        GRUC_OUTER_ROWS(8)
#endif
    }
#undef GRUC_OUTER_ROWS
}

/* C += A' B. Whole vectors of B are read: after its last number there must be room for
 * LANES - 1 more, whose values do not matter. */
GRUC_APART void GRUC(add_outer)(
    real *GRUC_RESTRICT C, size_t ld_C,       /* (M, n) IN/OUT: added to */
    const real *GRUC_RESTRICT A, size_t ld_A, /* (K, M) */
    const real *GRUC_RESTRICT B, size_t ld_B, /* (K, n) */
    size_t K, size_t M, size_t n)
{
    vec sums[GRUC(TILE)];
    for (size_t j = 0, left = GRUC(panels)(n), vectors; left > 0; left -= vectors, j += vectors * LANES) {
        vectors = left == 4 ? 2 : left < 3 ? left : 3;
        for (size_t i = 0, rows, blocks = (M + ROWS - 1) / ROWS; blocks > 0; blocks--, i += rows) {
            rows = (M - i + blocks - 1) / blocks;
            for (size_t r = 0; r < rows; r++) /* a tile of C is a few lines in each of as many rows */
                for (size_t c = 0; c < vectors; c++) GRUC_PREFETCH(C + (i + r) * ld_C + j + c * LANES);
            GRUC(outer_tile)(sums, rows, vectors, A + i, ld_A, B + j, ld_B, K);
            for (size_t r = 0; r < rows; r++)
                for (size_t c = 0; c < vectors; c++) {
                    size_t column = j + c * LANES, width = GRUC(lanes)(n - column);
                    real *to = C + (i + r) * ld_C + column;
                    GRUC(store_part)(to, GRUC(load_part)(to, width) + sums[r * vectors + c], width);
                }
        }
    }
}

/* The same; on tiles it is lent memory (tile_outer.body.h) */
GRUC_INLINE void GRUC(add_outer_with)(
    real *GRUC_RESTRICT C, size_t ld_C, const real *GRUC_RESTRICT A, size_t ld_A, const real *GRUC_RESTRICT B,
    size_t ld_B, size_t K, size_t M, size_t n, const gruc_work *work)
{
    (void)work;
    GRUC(add_outer)(C, ld_C, A, ld_A, B, ld_B, K, M, n);
}
