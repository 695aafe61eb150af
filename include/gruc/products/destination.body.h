/* Where sums of a product go: to be stored, or added to what is there. Body over `real` and `vec`; see real.h. */

typedef struct {
    real *out;
    size_t ld_out, n;
    const real *bias; /* (n,), or NULL for zeros */
} GRUC(destination);

GRUC_INLINE void GRUC(finish_assign)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(destination) *to = (const GRUC(destination) *)what;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++) {
            size_t column = j + p * LANES, width = GRUC(lanes)(to->n - column);
            vec sum = *sums++;
            if (to->bias) sum = sum + GRUC(load_table)(to->bias + column, width);
            GRUC(store_part)(to->out + i * to->ld_out + column, sum, width);
        }
}

GRUC_INLINE void GRUC(finish_add)(
    const void *what, const vec *sums, size_t i, size_t rows, size_t j, size_t panels)
{
    const GRUC(destination) *to = (const GRUC(destination) *)what;
    for (size_t end = i + rows; i < end; i++)
        for (size_t p = 0; p < panels; p++) {
            size_t column = j + p * LANES, width = GRUC(lanes)(to->n - column);
            real *out = to->out + i * to->ld_out + column;
            GRUC(store_part)(out, GRUC(load_part)(out, width) + *sums++, width);
        }
}
