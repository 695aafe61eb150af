/* The list of inference bodies; included once for each precision and instruction set. */
#include "real.h"
#include "simd.h"
#include "vmath.h"
#include "product.h"
#include "gru.h"
#include "readout.h"
#include "softmax.h"
#include "end_real.h"
