/* Saves a program's own macros until restore_macros.h; written by tools/hidden_macros.py. No include guard: each is included as often as the other. */
#if defined(__GNUC__) || defined(_MSC_VER)
#include "base/hide_macros_1.h"
#include "base/hide_macros_2.h"
#include "base/hide_macros_3.h"
#include "base/hide_macros_4.h"
#endif
