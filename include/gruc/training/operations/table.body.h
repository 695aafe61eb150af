/* The table of operations in training, a row a kind. Body over `real`; see real.h, operations.h. */

#define GRUC_CELL                                                                                            \
    {.packed_size = GRUC(cell_packed_size),                                                                  \
     .kept_size = GRUC(cell_kept_size),                                                                      \
     .scratch_size = GRUC(cell_scratch_size),                                                                \
     .pack = GRUC(cell_pack),                                                                                \
     .draw_masks = GRUC(cell_draw_masks),                                                                    \
     .forward = GRUC(cell_forward),                                                                          \
     .backward = GRUC(cell_backward)}

#define GRUC_ATTENDING_CELL                                                                                  \
    {.packed_size = GRUC(attending_op_packed),                                                               \
     .kept_size = GRUC(attending_op_kept),                                                                   \
     .scratch_size = GRUC(attending_op_scratch),                                                             \
     .pack = GRUC(attending_op_pack),                                                                        \
     .draw_masks = GRUC(cell_draw_masks),                                                                    \
     .forward = GRUC(attending_op_forward),                                                                  \
     .backward = GRUC(attending_op_backward)}

#define GRUC_CONVOLUTION                                                                                     \
    {.packed_size = GRUC(conv_op_packed),                                                                    \
     .kept_size = GRUC(conv_op_kept),                                                                        \
     .scratch_size = GRUC(conv_op_scratch),                                                                  \
     .pack = GRUC(conv_op_pack),                                                                             \
     .forward = GRUC(conv_op_forward),                                                                       \
     .backward = GRUC(conv_op_backward)}

#define GRUC_DENSE_LAYER                                                                                     \
    {.packed_size = GRUC(dense_op_packed_size),                                                              \
     .scratch_size = GRUC(dense_op_scratch),                                                                 \
     .pack = GRUC(dense_op_pack),                                                                            \
     .forward = GRUC(dense_op_forward),                                                                      \
     .backward = GRUC(dense_op_backward),                                                                    \
     .through_loss = GRUC(dense_op_loss)}

static const gruc_operation GRUC(operations)[GRUC_N_KINDS] = {
    [GRUC_GRU] = GRUC_CELL,
    [GRUC_GRU_RESET_BEFORE] = GRUC_CELL,
    [GRUC_FIO] = GRUC_CELL,
    [GRUC_GRU_ATTENDING] = GRUC_ATTENDING_CELL,
    [GRUC_GRU_ATTENDING_RESET_BEFORE] = GRUC_ATTENDING_CELL,
    [GRUC_KEYS] =
        {.packed_size = GRUC(keys_op_packed),
         .scratch_size = GRUC(keys_op_scratch),
         .pack = GRUC(keys_op_pack),
         .forward = GRUC(keys_op_forward),
         .backward = GRUC(keys_op_backward)},
    [GRUC_MEAN] = {.forward = GRUC(mean_op_forward), .backward = GRUC(mean_op_backward)},
    [GRUC_MAX] = {.forward = GRUC(max_op_forward), .backward = GRUC(max_op_backward)},
    [GRUC_ATTENTION] =
        {.kept_size = GRUC(attention_op_kept),
         .scratch_size = GRUC(attention_op_scratch),
         .forward = GRUC(attention_op_forward),
         .backward = GRUC(attention_op_backward)},
    [GRUC_DENSE] = GRUC_DENSE_LAYER,
    [GRUC_DENSE_TABLE] = GRUC_DENSE_LAYER,
    [GRUC_DENSE_SAMPLED] = {.scratch_size = GRUC(sampled_op_scratch), .through_loss = GRUC(sampled_op_loss)},
    [GRUC_DROPOUT] =
        {.kept_size = GRUC(dropout_op_kept),
         .draw_masks = GRUC(dropout_op_draw_masks),
         .forward = GRUC(dropout_op_forward),
         .backward = GRUC(dropout_op_backward)},
    [GRUC_EMBED] =
        {.kept_size = GRUC(embed_op_kept),
         .scratch_size = GRUC(embed_op_scratch),
         .draw_masks = GRUC(embed_op_draw_masks),
         .forward = GRUC(embed_op_forward),
         .backward = GRUC(embed_op_backward)},
    [GRUC_EMBED_SHARED] =
        {.kept_size = GRUC(embed_op_kept),
         .scratch_size = GRUC(embed_op_scratch),
         .draw_masks = GRUC(embed_op_draw_masks),
         .forward = GRUC(embed_op_forward),
         .backward = GRUC(embed_shared_op_backward)},
    [GRUC_PERMUTE] = {.forward = GRUC(permute_op_forward), .backward = GRUC(permute_op_backward)},
    [GRUC_ATTEND] =
        {.kept_size = GRUC(attend_op_kept),
         .scratch_size = GRUC(attend_op_scratch),
         .forward = GRUC(attend_op_forward),
         .backward = GRUC(attend_op_backward)},
    [GRUC_ATTEND_GENERAL] =
        {.packed_size = GRUC(general_op_packed),
         .kept_size = GRUC(general_op_kept),
         .scratch_size = GRUC(general_op_scratch),
         .pack = GRUC(general_op_pack),
         .forward = GRUC(general_op_forward),
         .backward = GRUC(general_op_backward)},
    [GRUC_CONV] = GRUC_CONVOLUTION,
    [GRUC_CONV_POOL] = GRUC_CONVOLUTION,
    [GRUC_COPY] = {.forward = GRUC(copy_op_forward), .backward = GRUC(copy_op_backward)},
};
#undef GRUC_CELL
#undef GRUC_CONVOLUTION
#undef GRUC_DENSE_LAYER
#undef GRUC_ATTENDING_CELL
