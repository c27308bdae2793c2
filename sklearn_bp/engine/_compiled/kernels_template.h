/* Included by kernels.h, once for each computing type and instruction set. Arrays are
   C-contiguous: z, a and delta are of shape (rows, cols). */

#if IS_DOUBLE
#define INTEGER int64_t
#define EXP_LOW -708.0
#define EXP_HIGH 709.78
#define LOG2E 1.44269504088896340736
#define LN2_HIGH 6.93145751953125e-1
#define LN2_LOW 1.42860682030941723212e-6
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52 */
#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52
#define LOG_LOSS_LOW 2.2204460492503133e-16 /* -log(1 - eps) */
#define LOG_LOSS_HIGH 36.04365338911715     /* -log(eps) */
#else
#define INTEGER int32_t
#define EXP_LOW -87.0f
#define EXP_HIGH 88.72f
#define LOG2E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define ROUNDER 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define EXPONENT_BIAS 127
#define MANTISSA_BITS 23
#define LOG_LOSS_LOW 1.1920929665620834e-07
#define LOG_LOSS_HIGH 15.942385152878742
#endif

#include "kernels_rows.h"
#include "kernels_elementary.h"
#include "kernels_activations.h"
#include "kernels_losses.h"
#include "kernels_optimizers.h"

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
