/* Matrix products of our own, for processors with AVX2 or AVX-512.

   A network's products are small and thin, and a training step makes a handful of
   them: BLAS loses much of its speed there, on packing above all. */

#ifndef SKLEARN_BP_GEMM_H
#define SKLEARN_BP_GEMM_H

#include "kernels.h"

typedef enum { NO_VECTORS, AVX2, AVX512 } instruction_set;

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#include <immintrin.h>

/* Rows of b in a panel, which should stay in the first-level cache. */
#define GEMM_DEPTH 256

/* Up to so many columns, a product is made of dot products. */
#define NARROW 4

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define VECTOR_BYTES 32
#define MR 6
#define REAL float
#define FN(name) name##_float_avx2
#include "gemm_template.h"
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_double_avx2
#include "gemm_template.h"
#undef REAL
#undef FN
#undef VECTOR_BYTES
#undef MR
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define VECTOR_BYTES 64
#define MR 8
#define REAL float
#define FN(name) name##_float_avx512
#define MASKED_LOAD(mask, p) _mm512_maskz_loadu_ps((__mmask16)(mask), p)
#define MASKED_STORE(p, mask, x) _mm512_mask_storeu_ps(p, (__mmask16)(mask), (__m512)x)
#include "gemm_template.h"
#undef REAL
#undef FN
#undef MASKED_LOAD
#undef MASKED_STORE
#define REAL double
#define FN(name) name##_double_avx512
#define MASKED_LOAD(mask, p) _mm512_maskz_loadu_pd((__mmask8)(mask), p)
#define MASKED_STORE(p, mask, x) _mm512_mask_storeu_pd(p, (__mmask8)(mask), (__m512d)x)
#include "gemm_template.h"
#undef MASKED_LOAD
#undef MASKED_STORE
#undef REAL
#undef FN
#undef VECTOR_BYTES
#undef MR
#pragma GCC pop_options

static instruction_set best_instruction_set(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return AVX512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
               ? AVX2
               : NO_VECTORS;
}

#define DEFINE_GEMM(type)                                                           \
    INLINE void gemm_##type(instruction_set set, int a_transposed, int b_transposed, \
                            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const type *a,    \
                            ptrdiff_t a_stride, const type *b, const type *start,    \
                            type *c)                                                \
    {                                                                               \
        if (set == AVX512)                                                          \
            gemm_##type##_avx512(a_transposed, b_transposed, m, n, k, a, a_stride,  \
                                 b, start, c);                                 \
        else                                                                        \
            gemm_##type##_avx2(a_transposed, b_transposed, m, n, k, a, a_stride, b, \
                               start, c);                                      \
    }
DEFINE_GEMM(float)
DEFINE_GEMM(double)

#else /* no vectors known here: BLAS makes all products */

static instruction_set best_instruction_set(void) { return NO_VECTORS; }

#define DEFINE_GEMM(type)                                                           \
    INLINE void gemm_##type(instruction_set set, int a_transposed, int b_transposed, \
                            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const type *a,    \
                            ptrdiff_t a_stride, const type *b, const type *start,    \
                            type *c)                                                \
    {                                                                               \
    }
DEFINE_GEMM(float)
DEFINE_GEMM(double)

#endif
#endif
