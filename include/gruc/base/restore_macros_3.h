/* See restore_macros.h; written by tools/hidden_macros.py. */
#pragma pop_macro("zero_below")
