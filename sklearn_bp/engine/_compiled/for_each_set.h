/* Includes TEMPLATE for each instruction set and, see for_both_types.h, each computing
   type, with

   SET           the name of the instruction set;
   VECTOR_BYTES  the size of a vector;
   MR, VECTORS   rows and vectors of a product that stay in registers;
   PANEL_DEPTH   how many rows of so many vectors the first-level cache should hold;
   REGISTER      what inline assembly calls a vector register, where sums are held in theirs
                 by it; with SSE2, whose instructions have two operands, GCC spills them. */

#if defined(__aarch64__)
#define MR 8
#define VECTORS 3
#define REGISTER "+w"
#else
#define MR 4
#define VECTORS 2
#endif
#define SET baseline
#define VECTOR_BYTES 16
#define PANEL_DEPTH 256
#include "for_both_types.h"
#undef SET
#undef VECTOR_BYTES
#undef MR
#undef VECTORS
#undef PANEL_DEPTH
#undef REGISTER

#ifdef HAS_AVX

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define SET avx2
#define VECTOR_BYTES 32
#define MR 6
#define VECTORS 2
#define PANEL_DEPTH 256
#define REGISTER "+x"
#include "for_both_types.h"
#undef SET
#undef VECTOR_BYTES
#undef MR
#undef VECTORS
#undef PANEL_DEPTH
#undef REGISTER
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#ifdef __clang__
#pragma clang attribute push(                                                       \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))),         \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#endif
#define SET avx512
#define VECTOR_BYTES 64
#define MR 8
#define VECTORS 3
#define PANEL_DEPTH 128
#define REGISTER "+v"
#include "for_both_types.h"
#undef SET
#undef VECTOR_BYTES
#undef MR
#undef VECTORS
#undef PANEL_DEPTH
#undef REGISTER
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
#undef TEMPLATE
