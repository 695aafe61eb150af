/* See hide_macros.h; written by tools/hidden_macros.py. */
#pragma push_macro("zero_below")
#undef zero_below
