/* All checks of one computing type. Included by for_both_types.h. */

#if IS_DOUBLE
#define ENGINE(name) name##_double
#define EXACT long double
#define EPSILON 0x1p-53
#define LABEL(set) instruction_set_names[set], "float64"
#else
#define ENGINE(name) name##_float
#define EXACT double
#define EPSILON 0x1p-24
#define LABEL(set) instruction_set_names[set], "float32"
#endif

#include "check_products.h"
#include "check_kernels.h"
#include "check_threads.h"

#undef ENGINE
#undef EXACT
#undef EPSILON
#undef LABEL
