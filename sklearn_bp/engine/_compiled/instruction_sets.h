/* What a processor can do, and the templates compiled for each of its kinds.

   Whatever is worth it is written once, on the vector extensions of GCC and Clang, and
   compiled for several instruction sets; the best one is chosen when the engine is
   loaded. Every 64-bit processor has vectors of 16 bytes (SSE2 on x86-64, NEON on
   aarch64): these are the baseline. */

#ifndef SKLEARN_BP_INSTRUCTION_SETS_H
#define SKLEARN_BP_INSTRUCTION_SETS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NO_VECTORS, BASELINE, AVX2, AVX512 } instruction_set;

#if defined(__GNUC__) || defined(__clang__)
#define HAS_VECTORS
#endif

/* Not Clang in the place of MSVC's compiler: it lacks the intrinsics of other targets,
   and the library that knows what the processor can do. */
#if defined(__GNUC__) && defined(__x86_64__)
#define HAS_AVX
#include <immintrin.h>
#define BASELINE_NAME "SSE2"
#elif defined(__aarch64__)
#define BASELINE_NAME "NEON"
#else
#define BASELINE_NAME "16-byte vectors"
#endif

#if defined(HAS_VECTORS)
#define INLINE static inline __attribute__((always_inline, unused))
/* A loop, or what is called from outside its instruction set. Inlined, its parameters
   would be `restrict` no longer; and in a copy for some constant argument, GCC 12 moves
   sums from register to register. */
#ifdef __clang__
#define KERNEL __attribute__((noinline, unused)) static
#else
#define KERNEL __attribute__((noinline, noclone, unused)) static
#endif
#define COLD __attribute__((cold, noinline, unused)) static
#else
#define INLINE static inline
#define KERNEL static
#define COLD static
#endif

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 32")
#else
#define UNROLL
#endif

static const char *const instruction_set_names[] = {
    "BLAS", BASELINE_NAME, "AVX2", "AVX-512"};

static instruction_set best_instruction_set(void)
{
#if defined(HAS_AVX)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return AVX2;
#endif
#if defined(HAS_VECTORS)
    return BASELINE;
#else
    return NO_VECTORS;
#endif
}

/* Which one to use: the best, or a lesser one that the environment names. A name that
   is none is an error in _layers.pyx. */
static inline instruction_set chosen_instruction_set(void)
{
    const instruction_set best = best_instruction_set();
    const char *name = getenv("SKLEARN_BP_INSTRUCTIONS");
    for (int set = NO_VECTORS; name && set < (int)best; set++)
        if (strcmp(name, instruction_set_names[set]) == 0)
            return (instruction_set)set;
    return best;
}

#endif
