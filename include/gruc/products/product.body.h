/* Products of matrices on registers. Body over `real` and `vec`; see real.h, simd.body.h.
 *
 * The order of additions is part of the contract: every element is
 *
 *     out[i, j] = ((A[i, 0] B[0, j]) + A[i, 1] B[1, j]) + ...
 *
 * one fused multiply-add after the other where the instruction set has them, for
 * every number of rows and place in a tile, so that a row's result never depends on
 * the rows beside it. BLAS does not promise this. Sums are split over j only.
 *
 * B lies in panels, each the columns of LANES units with all their rows below each
 * other, so that a product reads memory in one direction. Where a unit has `gates`
 * columns (r, z and n), they stand side by side: a panel is (K, gates, LANES). The
 * last panel is filled up with zeros. */

enum { GRUC(TILE) = 3 * ROWS }; /* vectors of sums: with three of B and one of A what registers hold */

/* Numbers rounded up to whole cache lines: vectors that begin there lie across no two */
GRUC_STATIC size_t GRUC(lines)(size_t n) { return (n + 15) / 16 * 16; }

/* Whole panels for n units; numbers in them */
GRUC_STATIC size_t GRUC(panels)(size_t n) { return (n + LANES - 1) / LANES; }
GRUC_STATIC size_t GRUC(panel_size)(size_t n, size_t K) { return GRUC(panels)(n) * LANES * K; }

/* Panels of W (K, gates n), its gate blocks n columns each, of rows ld_W apart */
GRUC_APART void GRUC(pack)(
    real *GRUC_RESTRICT panel, const real *GRUC_RESTRICT W, size_t ld_W, size_t K, size_t gates, size_t n)
{
    for (size_t j = 0; j < n; j += LANES) {
        size_t width = GRUC(lanes)(n - j);
        for (size_t k = 0; k < K; k++)
            for (size_t g = 0; g < gates; g++) {
                GRUC(store)(panel, GRUC(load_part)(W + k * ld_W + g * n + j, width));
                panel += LANES;
            }
    }
}

/* Panels of W' (K, n), W being (n, K) of rows ld_W apart */
GRUC_APART void GRUC(pack_transposed)(
    real *GRUC_RESTRICT panel, const real *GRUC_RESTRICT W, size_t ld_W, size_t K, size_t n)
{
    for (size_t j = 0; j < n; j += LANES) {
        size_t width = GRUC(lanes)(n - j);
        if (width < LANES) memset(panel, 0, K * LANES * sizeof(real));
        for (size_t l = 0; l < width; l++)
            for (size_t k = 0; k < K; k++) panel[k * LANES + l] = W[(j + l) * ld_W + k];
        panel += K * LANES;
    }
}

/* The same, its first row being column `first` of W, and column 0 following the last */
GRUC_STATIC void GRUC(pack_rotated)(
    real *GRUC_RESTRICT panel, const real *GRUC_RESTRICT W, size_t ld_W, size_t K, size_t n, size_t first)
{
    for (size_t j = 0; j < n; j += LANES) {
        size_t width = GRUC(lanes)(n - j);
        GRUC(pack_transposed)(panel, W + j * ld_W + first, ld_W, K - first, width);
        GRUC(pack_transposed)(panel + (K - first) * LANES, W + j * ld_W, ld_W, first, width);
        panel += K * LANES;
    }
}

/* sums[i, c] = sum_k A[i, k] B[k, c] for R rows and C vectors of columns, R and C constants.
 * Column c is vector c % gates of panel c / gates. */
GRUC_INLINE void GRUC(tile_of)(
    size_t R, size_t C, size_t gates, vec *sums,   /* (R, C) OUT */
    const real *A, size_t row_of_A, size_t k_of_A, /* A[i, k] at A[i * row_of_A + k * k_of_A] */
    const real *B, size_t k_of_B, size_t panel_of_B, size_t K)
{
    vec sum[GRUC(TILE)], b[GRUC(TILE)];
    GRUC_UNROLL
    for (size_t c = 0; c < R * C; c++) sum[c] = GRUC(splat)(0);
    for (size_t k = 0; k < K; k++) {
        GRUC_UNROLL
        for (size_t c = 0; c < C; c++) b[c] = GRUC(load)(B + c / gates * panel_of_B + c % gates * LANES);
        GRUC_UNROLL
        for (size_t i = 0; i < R; i++) {
            vec a = GRUC(splat)(A[i * row_of_A]);
            GRUC_UNROLL
            for (size_t c = 0; c < C; c++) sum[i * C + c] = GRUC(fma)(a, b[c], sum[i * C + c]);
        }
        A += k_of_A;
        B += k_of_B;
    }
    GRUC_UNROLL
    for (size_t c = 0; c < R * C; c++) sums[c] = sum[c];
}

/* A product holds this many panels at once: few rows take several, since some eight
 * sums must be under way to keep the multipliers busy. */
GRUC_STATIC size_t GRUC(panels_at_once)(size_t rows, size_t gates)
{
    size_t panels = rows == 1 ? 4 : rows == 2 ? 2 : 1;
    return gates == 1 ? 2 * panels : panels;
}

/* tile_of for up to ROWS rows of A; `panels` is panels_at_once of as many or more rows, or 1 */
GRUC_INLINE void GRUC(tile_for)(
    size_t gates, /* a constant */
    vec *sums, size_t rows, size_t panels, const real *A, size_t ld_A, const real *B, size_t K)
{
    const size_t k_of_B = gates * LANES, panel_of_B = K * gates * LANES;
#define GRUC_TILE(R, P) GRUC(tile_of)(R, (P) * gates, gates, sums, A, ld_A, 1, B, k_of_B, panel_of_B, K)
    switch (rows) {
    case 1:
        if (gates == 1 && panels == 8)
            GRUC_TILE(1, gates == 1 ? 8 : 1);
        else if (panels == 4)
            GRUC_TILE(1, 4);
        else if (panels == 2)
            GRUC_TILE(1, 2);
        else
            GRUC_TILE(1, 1);
        break;
    case 2:
        if (gates == 1 && panels == 4)
            GRUC_TILE(2, gates == 1 ? 4 : 1);
        else if (panels == 2)
            GRUC_TILE(2, 2);
        else
            GRUC_TILE(2, 1);
        break;
#define GRUC_TILE_ROWS(R)                                                                                    \
    case R:                                                                                                  \
        if (gates == 1 && panels == 2)                                                                       \
            GRUC_TILE(R, gates == 1 ? 2 : 1);                                                                \
        else                                                                                                 \
            GRUC_TILE(R, 1);                                                                                 \
        break;
        GRUC_TILE_ROWS(3)
        GRUC_TILE_ROWS(4)
#if ROWS == 8
        GRUC_TILE_ROWS(5)
        GRUC_TILE_ROWS(6)
        GRUC_TILE_ROWS(7)
        GRUC_TILE_ROWS(8)
#endif
    }
#undef GRUC_TILE_ROWS
#undef GRUC_TILE
}

GRUC_STATIC void GRUC(tile_1)(
    vec *sums, size_t rows, size_t panels, const real *A, size_t ld_A, const real *B, size_t K)
{
    GRUC(tile_for)(1, sums, rows, panels, A, ld_A, B, K);
}

GRUC_STATIC void GRUC(tile_2)(
    vec *sums, size_t rows, size_t panels, const real *A, size_t ld_A, const real *B, size_t K)
{
    GRUC(tile_for)(2, sums, rows, panels, A, ld_A, B, K);
}

GRUC_STATIC void GRUC(tile_3)(
    vec *sums, size_t rows, size_t panels, const real *A, size_t ld_A, const real *B, size_t K)
{
    GRUC(tile_for)(3, sums, rows, panels, A, ld_A, B, K);
}

/* What becomes of a tile of A B: rows i, i + 1, ... and the units of panels from j on;
 * sums (rows, panels, gates). */
typedef void GRUC(finish)(const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels);

/* A (m, K) times panels B of n units, handed tile by tile to `finish`. A panel is taken
 * for all rows before the next: it stays in the nearest cache, and so do the rows. */
GRUC_INLINE void GRUC(product)(
    size_t gates, /* a constant */
    GRUC(finish) * finish, const void *what, const real *A, size_t ld_A, const real *B, size_t m, size_t K,
    size_t n)
{
    vec sums[GRUC(TILE)];
    size_t blocks = (m + ROWS - 1) / ROWS; /* of nearly equal size: 9 rows are 5 and 4 */
    size_t left = GRUC(panels)(n), panels = GRUC(panels_at_once)((m + blocks - 1) / blocks, gates);
    for (size_t j = 0; j < n; j += panels * LANES, left -= panels) {
        if (left < panels) panels = 1;
        for (size_t i = 0, rows, block = blocks; block > 0; block--, i += rows) {
            rows = (m - i + block - 1) / block;
            const real *A_i = A + i * ld_A;
            if (gates == 1)
                GRUC(tile_1)(sums, rows, panels, A_i, ld_A, B, K);
            else if (gates == 2)
                GRUC(tile_2)(sums, rows, panels, A_i, ld_A, B, K);
            else
                GRUC(tile_3)(sums, rows, panels, A_i, ld_A, B, K);
            finish(what, sums, i, rows, j, panels);
        }
        B += panels * K * gates * LANES;
    }
}

/* The same; products on tiles are lent memory (tile_product.body.h) */
GRUC_INLINE void GRUC(product_with)(
    size_t gates, GRUC(finish) * finish, const void *what, const real *A, size_t ld_A, const real *B,
    size_t m, size_t K, size_t n, const gruc_work *work)
{
    (void)work;
    GRUC(product)(gates, finish, what, A, ld_A, B, m, K, n);
}
