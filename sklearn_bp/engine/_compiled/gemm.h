/* The engine's own matrix products, for processors with AVX2 or AVX-512.

   A network's products are small and thin, and a training step makes only a handful of
   them: BLAS loses much of its speed there, above all to packing. */

#ifndef SKLEARN_BP_GEMM_H
#define SKLEARN_BP_GEMM_H

#include "interrupts.h"
#include "kernels.h"

typedef enum { NO_VECTORS, AVX2, AVX512 } instruction_set;

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#include <immintrin.h>

/* Up to this many columns, a product is computed as dot products. */
#define NARROW 4

/* The parameters of the template. GEMM_DEPTH rows and VECTORS vectors of columns make a
   panel of b, which should stay in the first-level cache, and MR is how many rows of a
   are multiplied by it at a time: their sums stay in registers. A MASK says which lanes
   of a vector are in use. */

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define VECTOR_BYTES 32
#define MR 6
#define VECTORS 2
#define GEMM_DEPTH 256
/* Reading from the right offset turns the first lanes on and the others off. */
static const int32_t lanes_on[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define MASK __m256i
#define FIRST_LANES(count) \
    _mm256_loadu_si256((const __m256i *)(lanes_on + 8 - (count) * sizeof(REAL) / 4))
#define REAL float
#define FN(name) name##_float_avx2
#define LOAD_LANES(p, mask) _mm256_maskload_ps(p, mask)
#define STORE_LANES(p, mask, x) _mm256_maskstore_ps(p, mask, (__m256)x)
#include "gemm_template.h"
#define REAL double
#define FN(name) name##_double_avx2
#define LOAD_LANES(p, mask) _mm256_maskload_pd(p, mask)
#define STORE_LANES(p, mask, x) _mm256_maskstore_pd(p, mask, (__m256d)x)
#include "gemm_template.h"
#undef VECTOR_BYTES
#undef MR
#undef VECTORS
#undef GEMM_DEPTH
#undef MASK
#undef FIRST_LANES
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define VECTOR_BYTES 64
#define MR 8
#define VECTORS 3
#define GEMM_DEPTH 128
#define MASK __mmask16
#define FIRST_LANES(count) ((MASK)((1u << (count)) - 1))
#define REAL float
#define FN(name) name##_float_avx512
#define LOAD_LANES(p, mask) _mm512_maskz_loadu_ps(mask, p)
#define STORE_LANES(p, mask, x) _mm512_mask_storeu_ps(p, mask, (__m512)x)
#include "gemm_template.h"
#define REAL double
#define FN(name) name##_double_avx512
#define LOAD_LANES(p, mask) _mm512_maskz_loadu_pd((__mmask8)mask, p)
#define STORE_LANES(p, mask, x) _mm512_mask_storeu_pd(p, (__mmask8)mask, (__m512d)x)
#include "gemm_template.h"
#undef VECTOR_BYTES
#undef MR
#undef VECTORS
#undef GEMM_DEPTH
#undef MASK
#undef FIRST_LANES
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
                            type *c, watchman *watch)                               \
    {                                                                               \
        if (set == AVX512)                                                          \
            gemm_##type##_avx512(a_transposed, b_transposed, m, n, k, a, a_stride,  \
                                 b, start, c, watch);                               \
        else                                                                        \
            gemm_##type##_avx2(a_transposed, b_transposed, m, n, k, a, a_stride, b, \
                               start, c, watch);                                    \
    }
DEFINE_GEMM(float)
DEFINE_GEMM(double)

#else /* no vectors known here: BLAS computes all products */

static instruction_set best_instruction_set(void) { return NO_VECTORS; }

#define DEFINE_GEMM(type)                                                           \
    INLINE void gemm_##type(instruction_set set, int a_transposed, int b_transposed, \
                            ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const type *a,    \
                            ptrdiff_t a_stride, const type *b, const type *start,    \
                            type *c, watchman *watch)                               \
    {                                                                               \
    }
DEFINE_GEMM(float)
DEFINE_GEMM(double)

#endif
#endif
