/* Gradients of weights on tiles of bfloat16: sums of outer products, as outer.body.h has them. Body over `real`, a
 * float, and `vec`; see real.h, tile_product.body.h, whose contract holds here, k being the rows. */

/* Elements of what add_outer_with is lent */
GRUC_STATIC size_t GRUC(outer_work)(size_t K, size_t M, size_t n)
{
    if (K > GRUC(ROWS_AT_ONCE)) K = GRUC(ROWS_AT_ONCE);
    return (GRUC(tiles_across)(M) + GRUC(tiles_across)(n)) * GRUC(blocks)(K) * 2 * GRUC(TILE_WORDS);
}

/* A' as tiles of rows, from A (K, M) */
GRUC_STATIC void GRUC(round_columns)(
    uint32_t *GRUC_RESTRICT tiles, const real *GRUC_RESTRICT A, size_t ld_A, size_t K, size_t M, int parts)
{
    uint32_t tile[GRUC(TILE_WORDS)];
    for (size_t i = 0; i < M; i += GRUC(TILE_ROWS))
        for (size_t k = 0; k < K; k += GRUC(DEPTH))
            for (int part = 0; part < parts; part++, tiles += GRUC(TILE_WORDS)) {
                GRUC(pack_tile)(tile, A, ld_A, k, i, K, M, part);
                for (size_t r = 0; r < GRUC(TILE_ROWS); r++)
                    for (size_t c = 0; c < GRUC(TILE_ROWS); c++)
                        tiles[c * GRUC(TILE_ROWS) + r] = tile[r * GRUC(TILE_ROWS) + c];
            }
}

/* C += A' B, of at most ROWS_AT_ONCE rows */
GRUC_STATIC void GRUC(add_outer_of)(
    real *GRUC_RESTRICT C, size_t ld_C, const real *GRUC_RESTRICT A, size_t ld_A, const real *GRUC_RESTRICT B,
    size_t ld_B, size_t K, size_t M, size_t n, const gruc_work *work)
{
    real sums[GRUC(TILE_WORDS) * GRUC(TILES_AT_ONCE)];
    const int parts = work->parts;
    const size_t blocks = GRUC(blocks)(K), step = (size_t)parts * GRUC(TILE_WORDS);
    uint32_t *rows = (uint32_t *)work->memory, *tiles = rows + GRUC(tiles_across)(M) * blocks * step;
    GRUC(round_columns)(rows, A, ld_A, K, M, parts);
    for (size_t j = 0, at = 0; j < n; j += GRUC(TILE_ROWS))
        for (size_t k = 0; k < K; k += GRUC(DEPTH))
            for (int part = 0; part < parts; part++, at += GRUC(TILE_WORDS))
                GRUC(pack_tile)(tiles + at, B, ld_B, k, j, K, n, part);
    size_t left = GRUC(tiles_across)(n), taken;
    for (size_t j = 0; left > 0; left -= taken, j += taken * GRUC(TILE_ROWS)) {
        const uint32_t *b[GRUC(TILES_AT_ONCE)];
        taken = left < GRUC(TILES_AT_ONCE) ? left : GRUC(TILES_AT_ONCE);
        for (size_t c = 0; c < taken; c++) b[c] = tiles + (j / GRUC(TILE_ROWS) + c) * blocks * step;
        for (size_t i = 0; i < M; i += GRUC(TILE_ROWS)) {
            GRUC(tile_sums)(
                taken, sums, rows + i / GRUC(TILE_ROWS) * blocks * step, b, blocks, step, GRUC(TILE_WORDS),
                parts);
            for (size_t r = 0; r < GRUC(TILE_ROWS) && i + r < M; r++)
                for (size_t c = 0; c < taken * GRUC(TILE_ROWS) && j + c < n; c += LANES) {
                    real *to = C + (i + r) * ld_C + j + c;
                    size_t width = GRUC(lanes)(n - j - c);
                    vec sum = GRUC(load)(sums + r * taken * GRUC(TILE_ROWS) + c);
                    GRUC(store_part)(to, GRUC(load_part)(to, width) + sum, width);
                }
        }
    }
}

/* C += A' B: the sums of ROWS_AT_ONCE rows are added to C, then those of the next */
GRUC_STATIC void GRUC(add_outer_with)(
    real *GRUC_RESTRICT C, size_t ld_C,       /* (M, n) IN/OUT: added to */
    const real *GRUC_RESTRICT A, size_t ld_A, /* (K, M) */
    const real *GRUC_RESTRICT B, size_t ld_B, /* (K, n) */
    size_t K, size_t M, size_t n, const gruc_work *work)
{
    for (size_t k = 0, now; k < K; k += now) {
        now = K - k < GRUC(ROWS_AT_ONCE) ? K - k : GRUC(ROWS_AT_ONCE);
        GRUC(add_outer_of)(C, ld_C, A + k * ld_A, ld_A, B + k * ld_B, ld_B, now, M, n, work);
    }
}
