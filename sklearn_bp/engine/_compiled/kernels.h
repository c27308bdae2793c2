/* The loops over single numbers, for both computing types.

   kernels_template.h holds them once, written for a type REAL, and is compiled for
   several instruction sets; the functions at the end choose between them. */

#ifndef SKLEARN_BP_KERNELS_H
#define SKLEARN_BP_KERNELS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "denormals.h"
#include "instruction_sets.h"
#include "tables.h"

#define LEAKY_SLOPE 0.01
#define SELU_ALPHA 1.6732632423543772
#define SELU_SCALE 1.0507009873554805

/* SplitMix64's output function, and the increment of its state between two numbers. */
#define GOLDEN 0x9E3779B97F4A7C15u
static inline uint64_t split_mix(uint64_t state)
{
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
    return state ^ (state >> 31);
}

/* What the learning rate of a step is multiplied by, see tables.h. Adam's bias
   corrections make one factor of it. */
static inline double no_factor(const update_rule *rule, double n_steps)
{
    (void)rule, (void)n_steps;
    return 1;
}
static inline double bias_correction(const update_rule *rule, double n_steps)
{
    return sqrt(1 - pow(rule->settings[1], n_steps))
           / (1 - pow(rule->settings[0], n_steps));
}

/* What changes from step to step. A decoupled penalty (Loshchilov & Hutter, 2019) is not
   part of the gradient. */
static inline void set_rates(update_rule *rule, double learning_rate, double decay,
                             int64_t n_steps)
{
    rule->learning_rate = learning_rate;
    rule->decay = rule->decouples_penalty ? 0 : decay;
    rule->kept = rule->decouples_penalty ? 1 - learning_rate * decay : 1;
    switch (rule->kind) {
#define CASE(name, rule_name, factor, n_settings, n_arrays)                   \
    case name##_optimizer: rule->learning_rate *= factor(rule, (double)n_steps); break;
        FOR_EACH_OPTIMIZER(CASE)
#undef CASE
    }
}

#define TEMPLATE "kernels_template.h"
#include "for_each_set.h"

/* Each function with its parameters and its arguments. */
#define FOR_EACH_KERNEL(type)                                                       \
    KERNEL_OF(type, gather,                                                         \
              (const type *source, const int64_t *row_numbers, ptrdiff_t rows,      \
               ptrdiff_t width, type *target),                                      \
              (source, row_numbers, rows, width, target))                           \
    KERNEL_OF(type, add_rows,                                                       \
              (const type *delta, type *total, ptrdiff_t rows, ptrdiff_t cols),     \
              (delta, total, rows, cols))                                           \
    KERNEL_OF(type, scale,                                                          \
              (double factor, type *x, ptrdiff_t n),                                \
              (factor, x, n))                                                       \
    KERNEL_OF(type, add_scaled,                                                     \
              (type factor, const type *source, type *target, ptrdiff_t n),         \
              (factor, source, target, n))                                          \
    KERNEL_OF(type, find_largest,                                                   \
              (const type *z, ptrdiff_t rows, ptrdiff_t cols, int64_t *columns),    \
              (z, rows, cols, columns))                                             \
    KERNEL_OF(type, activate,                                                       \
              (activation kind, type *z, ptrdiff_t n),                              \
              (kind, z, n))                                                         \
    KERNEL_OF(type, activate_with_slope,                                            \
              (activation kind, type *z, type *slope, ptrdiff_t n),                 \
              (kind, z, slope, n))                                                  \
    KERNEL_OF(type, derive,                                                         \
              (activation kind, const type *outputs, type *delta, ptrdiff_t n),     \
              (kind, outputs, delta, n))                                            \
    KERNEL_OF(type, multiply,                                                       \
              (const type *factors, type *delta, ptrdiff_t n),                      \
              (factors, delta, n))                                                  \
    KERNEL_OF(type, drop,                                                           \
              (uint64_t key, uint64_t first, uint64_t threshold, type factor,       \
               type *a, type *slope, ptrdiff_t n),                                  \
              (key, first, threshold, factor, a, slope, n))                         \
    KERNEL_OF(type, output,                                                         \
              (loss kind, const double *settings, int derives, type *delta,         \
               const type *y, double *row_loss, ptrdiff_t rows, ptrdiff_t cols),    \
              (kind, settings, derives, delta, y, row_loss, rows, cols))            \
    KERNEL_OF(type, weight_rows,                                                    \
              (type *delta, double *row_loss, const type *weight, double m,         \
               ptrdiff_t rows, ptrdiff_t cols),                                     \
              (delta, row_loss, weight, m, rows, cols))                             \
    KERNEL_OF(type, penalize,                                                       \
              (double decay, const type *theta, type *gradient, ptrdiff_t n,        \
               ptrdiff_t tile, square_sums *sums),                                  \
              (decay, theta, gradient, n, tile, sums))                              \
    KERNEL_OF(type, update,                                                         \
              (const update_rule *rule, type *theta, const type *gradient,          \
               ptrdiff_t offset, ptrdiff_t n, ptrdiff_t tile, square_sums *sums),   \
              (rule, theta, gradient, offset, n, tile, sums))

#ifdef HAS_AVX
#define KERNEL_OF(type, name, parameters, arguments)                                \
    INLINE void name##_##type parameters                                            \
    {                                                                               \
        switch (loops_for) {                                                        \
        case AVX512: name##_##type##_avx512 arguments; break;                       \
        case AVX2: name##_##type##_avx2 arguments; break;                           \
        default: name##_##type##_baseline arguments;                                \
        }                                                                           \
    }
static instruction_set loops_for;
static __attribute__((constructor)) void choose_loops(void)
{
    const instruction_set chosen = chosen_instruction_set();
    loops_for = chosen == NO_VECTORS ? best_instruction_set() : chosen;
}
#else
#define KERNEL_OF(type, name, parameters, arguments)                                \
    INLINE void name##_##type parameters { name##_##type##_baseline arguments; }
#endif

FOR_EACH_KERNEL(float)
FOR_EACH_KERNEL(double)
#undef FOR_EACH_KERNEL
#undef KERNEL_OF

#endif
