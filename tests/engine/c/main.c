/* The engine's C parts, checked without Python: the products, the loops, how denormals
   are flushed, signals heard, and threads meet. Prints a line for each check. */

#include "checks.h"
#include "exact.h"
#include "team.h"

#define SET check
#define TEMPLATE "check_all.h"
#include "for_both_types.h"
#undef SET
#undef TEMPLATE

/* Denormal results and operands that count as zero, out of three. That all is volatile
   keeps the compiler from computing them at another time. */
static int n_flushed(void)
{
    volatile double small = 0x1p-1000, factor = 0x1p-60, denormal = 0x1p-1040;
    volatile float small_float = 0x1p-120f, factor_float = 0x1p-20f;
    volatile double result = small * factor, from_denormal = denormal * 0x1p100;
    volatile float result_float = small_float * factor_float;
    volatile int n = (result == 0) + (from_denormal == 0) + (result_float == 0);
    return n;
}

static void check_denormals(void)
{
    const unsigned before = flush_denormals();
    const int n_first = n_flushed();
    const unsigned flushing = allow_denormals();
    const int n_allowed = n_flushed();
    restore_denormals(flushing);
    const int n_again = n_flushed();
    restore_denormals(before);
    check(n_first == 3 && n_again == 3, "denormals: flushed");
    check(n_allowed == 0, "denormals: allowed in between");
    check(n_flushed() == 0, "denormals: restored");
}

static void check_signals(void)
{
    int32_t n_looks = 0;
    interruption shared = {0, 1, NULL, &n_looks, 0, 0};
    watchman watch = {&shared, 0, 0, 0, 0};
    const int before = is_interrupted(&watch, OPERATIONS_PER_LOOK);
    raises = 1;
    const int too_soon = is_interrupted(&watch, OPERATIONS_PER_LOOK / 2);
    const int after = is_interrupted(&watch, OPERATIONS_PER_LOOK / 2);
    raises = 0;
    check(!before && !too_soon && after && n_looks == 2, "signals: heard at a look");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    check_denormals();
    check_signals();
    for (int set = BASELINE; set <= (int)best_instruction_set(); set++) {
        const instruction_set products = (instruction_set)set;
#ifdef HAS_AVX
        loops_for = products;
#endif
        check_products_float_check(products);
        check_products_double_check(products);
        check_kernels_float_check(products);
        check_kernels_double_check(products);
        check_threads_float_check(products);
        check_threads_double_check(products);
    }
    printf("%d passed, %d failed\n", n_passed, n_failed);
    return n_failed > 0;
}
