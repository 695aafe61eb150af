/* Kernels whose products are made on tiles of bfloat16, once: for the GRUC_ISA, GRUC_SIMD and GRUC_TILES that are
 * defined before this is included. */
#include "../products/work.h"
#define GRUC_BITS 32
#include "../base/real.h"
#include "../base/simd.body.h"
#include "../tiles/tiles.body.h"
#include "../tiles/tile_product.body.h"
#include "../products/destination.body.h"
#include "../tiles/tile_outer.body.h"
#undef GRUC_TILE_ZERO
#undef GRUC_TILE_LOAD
#undef GRUC_TILE_DOT
#undef GRUC_TILE_STORE
#undef GRUC_TILES_IN_MEMORY
#include "../base/end_real.h"
