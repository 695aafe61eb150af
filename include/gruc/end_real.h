/* Ends what real.h began: nothing of it leaks into the file that includes us. */
#undef real
#undef ureal
#undef GRUC
#undef GRUC_SQRT
#undef GRUC_BITS
