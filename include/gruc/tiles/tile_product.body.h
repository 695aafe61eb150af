/* Products of matrices on tiles of bfloat16: what product.body.h does over panels, less exactly and several times
 * faster. Body over `real`, a float, and `vec`; see real.h, tiles/tiles.body.h.
 *
 * A number stands as bfloat16, or as the sum of two: the one next to it, and the one next to what that leaves.
 * Products of the second ones with each other are left out:
 *
 *   1 part   a b = a1 b1                  8 bits of a number count
 *   2 parts  a b = a1 b1 + a2 b1 + a1 b2  16 bits
 *
 * The order of additions is part of the contract. k goes in blocks of 32, the last one filled up with zeros; a block
 * takes, of 1 part, one TDPBF16PS, of 2 parts three, in the order above, each of which adds its 16 even products, adds
 * its 16 odd ones, and joins the sum of both to the sum so far. Where a row stands in a tile, and what stands beside
 * it, changes nothing.
 *
 * A matrix (K, gates n) is packed in tiles that have the words of k and k + 1 in their rows,
 *
 *   [ for each 16 units, each block of k, each of both parts, each gate: a tile ]
 *
 * of which products of 1 part read half. Rows to be multiplied with it lie in the same way, after 16 rows the next 16,
 * in tiles whose rows are the rows. */

enum { GRUC(DEPTH) = 32, GRUC(TILES_AT_ONCE) = 4, GRUC(ROWS_AT_ONCE) = 256, GRUC(MOST_GATES) = 3 };

/* Numbers rounded up to whole cache lines */
GRUC_STATIC size_t GRUC(lines)(size_t n) { return (n + 15) / 16 * 16; }

/* Blocks of k; tiles across n units or rows; vectors across n units */
GRUC_STATIC size_t GRUC(blocks)(size_t K) { return (K + GRUC(DEPTH) - 1) / GRUC(DEPTH); }
GRUC_STATIC size_t GRUC(tiles_across)(size_t n) { return (n + GRUC(TILE_ROWS) - 1) / GRUC(TILE_ROWS); }
GRUC_STATIC size_t GRUC(panels)(size_t n) { return (n + LANES - 1) / LANES; }

/* Room for a matrix of n units with K numbers each, those of all gates counted: each gate's end a block */
GRUC_STATIC size_t GRUC(panel_size)(size_t n, size_t K)
{
    return GRUC(tiles_across)(n) * (K / GRUC(DEPTH) + GRUC(MOST_GATES)) * 2 * GRUC(TILE_WORDS);
}

/* A vector of row k of W (K, n) from column j on; zeros beyond its ends */
GRUC_INLINE vec GRUC(load_within)(const real *W, size_t ld_W, size_t k, size_t j, size_t K, size_t n)
{
    if (k >= K || j >= n) return GRUC(splat)(0);
    return GRUC(load_part)(W + k * ld_W + j, GRUC(lanes)(n - j));
}

/* A tile of words of rows k, k + 1, ... of W (K, n), columns j to j + 16 */
GRUC_INLINE void GRUC(pack_tile)(
    uint32_t *tile, const real *W, size_t ld_W, size_t k, size_t j, size_t K, size_t n, int part)
{
    for (size_t end = k + GRUC(DEPTH); k < end; k += 2)
        for (size_t c = 0; c < GRUC(TILE_ROWS); c += LANES) {
            vec a = GRUC(load_within)(W, ld_W, k, j + c, K, n);
            vec b = GRUC(load_within)(W, ld_W, k + 1, j + c, K, n);
            if (part > 0) {
                a = GRUC(left_by_bfloat)(a);
                b = GRUC(left_by_bfloat)(b);
            }
            uvec words = GRUC(pairs)(a, b);
            memcpy(tile, &words, sizeof words);
            tile += LANES;
        }
}

/* W (K, gates n), its gate blocks n columns each, of rows ld_W apart */
GRUC_STATIC void GRUC(pack)(
    real *GRUC_RESTRICT matrix, const real *GRUC_RESTRICT W, size_t ld_W, size_t K, size_t gates, size_t n)
{
    uint32_t *tile = (uint32_t *)(void *)matrix;
    for (size_t j = 0; j < n; j += GRUC(TILE_ROWS))
        for (size_t k = 0; k < K; k += GRUC(DEPTH))
            for (int part = 0; part < 2; part++)
                for (size_t g = 0; g < gates; g++, tile += GRUC(TILE_WORDS))
                    GRUC(pack_tile)(tile, W + g * n, ld_W, k, j, K, n, part);
}

/* 32 numbers side by side, as so many parts of 32 halves each, `apart` from one another */
GRUC_INLINE void GRUC(round_block)(uint16_t *to, size_t apart, const real *from, size_t left, int parts)
{
    for (size_t c = 0; c < GRUC(DEPTH); c += LANES) {
        vec x = GRUC(splat)(0);
        if (c < left) x = GRUC(load_part)(from + c, GRUC(lanes)(left - c));
        GRUC(store_bfloats)(to + c, x);
        if (parts > 1) GRUC(store_bfloats)(to + apart + c, GRUC(left_by_bfloat)(x));
    }
}

/* W' (K, n), W being (n, K) of rows ld_W apart; its first row is column `first` of W, and column 0 follows the last */
GRUC_STATIC void GRUC(pack_rotated)(
    real *GRUC_RESTRICT matrix, const real *GRUC_RESTRICT W, size_t ld_W, size_t K, size_t n, size_t first)
{
    uint32_t *tiles = (uint32_t *)(void *)matrix;
    const size_t step = 2 * GRUC(TILE_WORDS);
    uint16_t halves[2 * GRUC(DEPTH)];
    real block[GRUC(DEPTH)];
    for (size_t j = 0; j < n; j += GRUC(TILE_ROWS))
        for (size_t k = 0; k < K; k += GRUC(DEPTH), tiles += step) {
            memset(tiles, 0, step * sizeof *tiles);
            for (size_t c = 0; c < GRUC(TILE_ROWS) && j + c < n; c++) {
                size_t left = K - k < GRUC(DEPTH) ? K - k : GRUC(DEPTH);
                for (size_t i = 0, at = (first + k) % K; i < left; i++, at = at + 1 < K ? at + 1 : 0)
                    block[i] = W[(j + c) * ld_W + at];
                GRUC(round_block)(halves, GRUC(DEPTH), block, left, 2);
                for (size_t word = 0; word < 2 * GRUC(TILE_ROWS); word++)
                    memcpy(tiles + word * GRUC(TILE_ROWS) + c, halves + 2 * word, sizeof *tiles);
            }
        }
}

GRUC_STATIC void GRUC(pack_transposed)(
    real *GRUC_RESTRICT matrix, const real *GRUC_RESTRICT W, size_t ld_W, size_t K, size_t n)
{
    GRUC(pack_rotated)(matrix, W, ld_W, K, n, 0);
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* Elements of what a product of m rows is lent */
GRUC_STATIC size_t GRUC(product_work)(size_t m, size_t K)
{
    if (m > GRUC(ROWS_AT_ONCE)) m = GRUC(ROWS_AT_ONCE);
    return GRUC(tiles_across)(m) * GRUC(blocks)(K) * 2 * GRUC(TILE_WORDS);
}

/* Rows A (m, K), as tiles; rows up to the next 16 are zeros */
GRUC_STATIC void GRUC(round_rows)(
    uint16_t *GRUC_RESTRICT tiles, const real *GRUC_RESTRICT A, size_t ld_A, size_t m, size_t K, int parts)
{
    const size_t apart = 2 * GRUC(TILE_WORDS), step = (size_t)parts * apart, blocks = GRUC(blocks)(K);
    for (size_t i = 0; i < GRUC(tiles_across)(m) * GRUC(TILE_ROWS); i++) {
        uint16_t *to = tiles + i / GRUC(TILE_ROWS) * blocks * step + i % GRUC(TILE_ROWS) * GRUC(DEPTH);
        for (size_t k = 0; k < K; k += GRUC(DEPTH), to += step)
            GRUC(round_block)(to, apart, i < m ? A + i * ld_A + k : A, i < m ? K - k : 0, parts);
    }
}

/* ---- products ---------------------------------------------------------------------------------- */

/* Sums of `count` tiles b[0], b[1], ... with the tiles at a, over all blocks: tile c has its rows at sums + 16 c,
 * and rows are 16 count apart. Constants: count. */
GRUC_INLINE void GRUC(tile_sums_of)(
    size_t count, real *sums, const uint32_t *a, const uint32_t *const *b, size_t blocks, size_t step_of_b,
    size_t part_of_b, int parts)
{
    const uint32_t *b0 = b[0], *b1 = b[count > 1 ? 1 : 0], *b2 = b[count > 2 ? 2 : 0],
                   *b3 = b[count > 3 ? 3 : 0];
#if GRUC_TILES == GRUC_TILES_EMULATED
    GRUC(tiles) memory, *t = &memory;
#endif
    GRUC_TILES_IN_MEMORY();
    GRUC_TILE_ZERO(t, 0);
    if (count > 1) GRUC_TILE_ZERO(t, 1);
    if (count > 2) GRUC_TILE_ZERO(t, 2);
    if (count > 3) GRUC_TILE_ZERO(t, 3);
    for (size_t block = 0; block < blocks; block++) {
        for (int product = 0; product < 2 * parts - 1; product++) {
            const size_t of_b = block * step_of_b + (product == 2 ? part_of_b : 0);
            GRUC_TILE_LOAD(t, 4, a + (product == 1 ? GRUC(TILE_WORDS) : 0));
            GRUC_TILE_LOAD(t, 5, b0 + of_b);
            GRUC_TILE_DOT(t, 0, 4, 5);
            if (count > 1) {
                GRUC_TILE_LOAD(t, 6, b1 + of_b);
                GRUC_TILE_DOT(t, 1, 4, 6);
            }
            if (count > 2) {
                GRUC_TILE_LOAD(t, 7, b2 + of_b);
                GRUC_TILE_DOT(t, 2, 4, 7);
            }
            if (count > 3) {
                GRUC_TILE_LOAD(t, 5, b3 + of_b);
                GRUC_TILE_DOT(t, 3, 4, 5);
            }
        }
        a += (size_t)parts * GRUC(TILE_WORDS);
    }
    GRUC_TILE_STORE(t, 0, sums, count * 64);
    if (count > 1) GRUC_TILE_STORE(t, 1, sums + 16, count * 64);
    if (count > 2) GRUC_TILE_STORE(t, 2, sums + 32, count * 64);
    if (count > 3) GRUC_TILE_STORE(t, 3, sums + 48, count * 64);
}

GRUC_STATIC void GRUC(tile_sums)(
    size_t count, real *sums, const uint32_t *a, const uint32_t *const *b, size_t blocks, size_t step_of_b,
    size_t part_of_b, int parts)
{
    switch (count) {
    case 1:
        GRUC(tile_sums_of)(1, sums, a, b, blocks, step_of_b, part_of_b, parts);
        break;
    case 2:
        GRUC(tile_sums_of)(2, sums, a, b, blocks, step_of_b, part_of_b, parts);
        break;
    case 3:
        GRUC(tile_sums_of)(3, sums, a, b, blocks, step_of_b, part_of_b, parts);
        break;
    default:
        GRUC(tile_sums_of)(4, sums, a, b, blocks, step_of_b, part_of_b, parts);
    }
}

/* Where vectors are narrower than tiles: the sums (16, tiles, gates, 16) of tile_sums as a product hands them on,
 * (rows, panels, gates) vectors */
GRUC_INLINE void GRUC(as_vectors)(
    vec *to, const real *sums, size_t tiles, size_t gates, size_t rows, size_t panels)
{
    const size_t vectors = GRUC(TILE_ROWS) / LANES;
    for (size_t i = 0; i < rows; i++)
        for (size_t p = 0; p < panels; p++)
            for (size_t g = 0; g < gates; g++)
                *to++ = GRUC(load)(
                    sums + ((i * tiles + p / vectors) * gates + g) * GRUC(TILE_ROWS) + p % vectors * LANES);
}

typedef void GRUC(finish)(const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels);

/* A (m, K) times a packed matrix of n units, handed to `finish` as product.body.h does */
GRUC_INLINE void GRUC(product_with)(
    size_t gates, /* a constant */
    GRUC(finish) * finish, const void *what, const real *A, size_t ld_A, const real *matrix, size_t m,
    size_t K, size_t n, const gruc_work *work)
{
    vec sums[GRUC(TILE_WORDS) * GRUC(TILES_AT_ONCE) / LANES];
    real narrow[LANES < 16 ? GRUC(TILE_WORDS) * GRUC(TILES_AT_ONCE) : 1];
    real *to = LANES < 16 ? narrow : (real *)sums;
    const int parts = work->parts;
    const size_t blocks = GRUC(blocks)(K), step = (size_t)parts * GRUC(TILE_WORDS);
    const size_t part_of_b = gates * GRUC(TILE_WORDS), step_of_b = 2 * part_of_b;
    const size_t most = GRUC(TILES_AT_ONCE) / gates;
    const uint32_t *rows = (const uint32_t *)work->memory, *b[GRUC(TILES_AT_ONCE)];
    for (size_t first = 0, now; first < m; first += now) {
        now = m - first < GRUC(ROWS_AT_ONCE) ? m - first : GRUC(ROWS_AT_ONCE);
        GRUC(round_rows)((uint16_t *)work->memory, A + first * ld_A, ld_A, now, K, parts);
        const uint32_t *tiles = (const uint32_t *)(const void *)matrix;
        size_t left = GRUC(tiles_across)(n), taken;
        for (size_t j = 0; left > 0; left -= taken, j += taken * GRUC(TILE_ROWS)) {
            taken = left < most ? 1 : most;
            size_t panels =
                GRUC(panels)(n - j) < taken * 16 / LANES ? GRUC(panels)(n - j) : taken * 16 / LANES;
            for (size_t c = 0; c < taken * gates; c++)
                b[c] = tiles + c / gates * blocks * step_of_b + c % gates * GRUC(TILE_WORDS);
            for (size_t i = 0; i < now; i += GRUC(TILE_ROWS)) {
                size_t height = now - i < GRUC(TILE_ROWS) ? now - i : GRUC(TILE_ROWS);
                const uint32_t *a = rows + i / GRUC(TILE_ROWS) * blocks * step;
                GRUC(tile_sums)(taken * gates, to, a, b, blocks, step_of_b, part_of_b, parts);
                if (LANES < 16) GRUC(as_vectors)(sums, narrow, taken, gates, height, panels);
                finish(what, sums, first + i, height, j, panels);
            }
            tiles += taken * blocks * step_of_b;
        }
    }
}
