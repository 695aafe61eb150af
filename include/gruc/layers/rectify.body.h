/* What follows a convolution's sum. Body over `real`; see real.h, conv.body.h. */

GRUC_STATIC void GRUC(rectify)(real *GRUC_RESTRICT y, size_t size)
{
    for (size_t i = 0; i < size; i++) y[i] = y[i] > 0 ? y[i] : 0;
}
