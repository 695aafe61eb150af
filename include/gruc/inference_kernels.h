/* The list of inference bodies; included by gruc.h once for each precision. */
#include "real.h"
#include "vmath.h"
#include "product.h"
#include "gru_infer.h"
#include "readout.h"
#include "head.h"
#include "end_real.h"
