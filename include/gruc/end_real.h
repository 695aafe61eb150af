/* Ends what real.h and simd.h began: nothing of it leaks into the file that includes us. */
#undef real
#undef ureal
#undef GRUC
#undef GRUC_SIGNED
#undef GRUC_SUFFIX
#undef GRUC_PLAIN
#undef GRUC_SQRT
#undef GRUC_LEAST_NORMAL
#undef GRUC_LEAST_STATE
#undef stored
#undef outside
#undef GRUC_EXP_OUTSIDE
#undef GRUC_BITS
#undef vec
#undef uvec
#undef LANES
#undef ROWS
