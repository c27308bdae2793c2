/* Included by kernels.h, once for each computing type. Arrays are C-contiguous:
   z, a and delta are of shape (rows, cols). */

#include "kernels_rows.h"
#include "kernels_elementary.h"
#include "kernels_activations.h"
#include "kernels_losses.h"
#include "kernels_optimizers.h"

#undef REAL
#undef FN
#undef INTEGER
#undef EXP_LOW
#undef EXP_HIGH
#undef LOG2E
#undef LN2_HIGH
#undef LN2_LOW
#undef ROUNDER
#undef EXPONENT_BIAS
#undef MANTISSA_BITS
#undef LOG_LOSS_LOW
#undef LOG_LOSS_HIGH
