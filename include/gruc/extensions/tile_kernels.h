/* Kernels whose products are made on tiles of bfloat16, once: for the GRUC_ISA, GRUC_SIMD and GRUC_TILES that are
 * defined before this is included. */
#include "../layers/gru_batch.h"
#include "../program/infer.h"
#include "../program/memory.h"
#include "../tiles/tile_provider.h"
#include "../training/cell.h"
#define GRUC_BITS 32
#include "../base/real.h"
#include "../base/simd.body.h"
#include "../base/vmath.body.h"
#include "../tiles/tiles.body.h"
#include "../tiles/tile_product.body.h"
#include "../products/destination.body.h"
#include "../tiles/tile_affine.body.h"
#include "../layers/gru_step.body.h"
#include "../layers/fio_step.body.h"
#include "../layers/gru.body.h"
#include "../tiles/tile_outer.body.h"
#include "../training/column_sums.body.h"
#include "../training/dropout.body.h"
#include "../training/by_token.body.h"
#include "../training/fio_train.body.h"
#include "../training/gru_train.body.h"
#include "../training/operations/cell.body.h"
#include "../tiles/tile_cells.body.h"
#undef GRUC_TILE_ZERO
#undef GRUC_TILE_LOAD
#undef GRUC_TILE_DOT
#undef GRUC_TILE_STORE
#undef GRUC_TILES_IN_MEMORY
#include "../base/end_real.h"
