/* Attention over a second sequence, back. Body over `real` and `vec`; see real.h. Letters as in attend.body.h.
 *
 *   da_ij = dc_i . h_j     ds_ij = a_ij (da_ij - sum_k a_ik da_ik)
 *   dq_i = sum_j ds_ij h_j     dh_j = sum_i a_ij dc_i + ds_ij q_i */
GRUC_STATIC void GRUC(attend_backward)(const gruc_attend_batch *batch) /* after attend_forward */
{
    const gruc_clock *queries = batch->queries, *source = batch->source;
    size_t F = batch->F, T = source->T;
    GRUC(attend_parts) p = GRUC(attend_parts_of)(batch->scratch, queries->T, T, F);
    GRUC_FLUSH_SUBNORMALS();
    for (size_t b = 0; b < queries->B; b++) {
        size_t Q = (size_t)queries->lengths[b], S = GRUC(attend_source)(batch, &p, b);
        GRUC(gather_rows)(p.q, F, batch->q, batch->ld_q, queries, b, F);
        GRUC(gather_rows)(p.c, F, batch->dc, batch->ld_dc, queries, b, F);
        GRUC(gather_rows)(p.a, S, batch->a, T, queries, b, S);
        GRUC(affine)(p.da, S, p.c, F, p.panels_T, NULL, Q, F, S);
        memset(p.dh, 0, S * F * sizeof(real));
        GRUC(add_outer)(p.dh, F, p.a, S, p.c, F, Q, S, F);
        for (size_t i = 0; i < Q; i++) {
            real *a = p.a + i * S, *da = p.da + i * S, mean = 0;
            for (size_t j = 0; j < S; j++) mean += a[j] * da[j];
            for (size_t j = 0; j < S; j++) da[j] = a[j] * (da[j] - mean); /* ds */
        }
        GRUC(add_outer)(p.dh, F, p.da, S, p.q, F, Q, S, F);
        GRUC(affine)(p.c, F, p.da, S, p.panels, NULL, Q, S, F); /* dq in place of dc */
        GRUC(scatter_rows)(batch->dq, batch->ld_dq, p.c, F, queries, b, F, batch->add_to_dq);
        size_t place = gruc_place(b, queries, source);
        if (batch->dh)
            GRUC(scatter_rows)(batch->dh, batch->ld_dh, p.dh, F, source, place, F, batch->add_to_dh);
    }
    GRUC_KEEP_SUBNORMALS();
}
