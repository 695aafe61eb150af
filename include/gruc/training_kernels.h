/* The list of training bodies; included by training.h once for each precision. */
#include "real.h"
#include "gru_cell.h"
#include "loss.h"
#include "optimizer.h"
#include "end_real.h"
