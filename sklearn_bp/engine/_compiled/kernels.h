/* The loops over single numbers, for both computing types.

   kernels_template.h holds them once, written for a type REAL; this file includes
   it for float and for double. Each loop is compiled for several instruction
   sets, and the dynamic loader picks the best one that the machine supports. */

#ifndef SKLEARN_BP_KERNELS_H
#define SKLEARN_BP_KERNELS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "denormals.h"
#include "tables.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) \
    && defined(__gnu_linux__)
#if __GNUC__ >= 12
#define MULTIVERSION                                                        \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3",        \
                                 "default")))
#else /* older ones choose by single features only */
#define MULTIVERSION __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define MULTIVERSION
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline, unused))
#define KERNEL __attribute__((unused)) MULTIVERSION static
#define COLD __attribute__((cold, noinline, unused)) static
#else
#define INLINE static inline
#define KERNEL MULTIVERSION static
#define COLD static
#endif

#if defined(_MSC_VER)
#define restrict __restrict
#endif

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

#define REAL float
#define FN(name) name##_float
#define INTEGER int32_t
#define EXP_LOW -87.0f
#define EXP_HIGH 88.72f
#define LOG2E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define ROUNDER 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer */
#define EXPONENT_BIAS 127
#define MANTISSA_BITS 23
#define LOG_LOSS_LOW 1.1920929665620834e-07  /* -log(1 - eps) */
#define LOG_LOSS_HIGH 15.942385152878742     /* -log(eps) */
#include "kernels_template.h"

#define REAL double
#define FN(name) name##_double
#define INTEGER int64_t
#define EXP_LOW -708.0
#define EXP_HIGH 709.78
#define LOG2E 1.44269504088896340736
#define LN2_HIGH 6.93145751953125e-1
#define LN2_LOW 1.42860682030941723212e-6
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52 */
#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52
#define LOG_LOSS_LOW 2.2204460492503133e-16
#define LOG_LOSS_HIGH 36.04365338911715
#define DOUBLE_PRECISION
#include "kernels_template.h"

#endif
