/* The engine's own matrix products.

   A network's products are small and thin, and a training step makes only a handful of
   them: BLAS loses much of its speed there, above all to packing. */

#ifndef SKLEARN_BP_GEMM_H
#define SKLEARN_BP_GEMM_H

#include "instruction_sets.h"
#include "interrupts.h"

/* Where a thread packs the two sides of a large product: nowhere until it meets one, and
   then in the same place until it leaves. */
typedef struct {
    void *memory;
} packing_room;

static inline void leave(packing_room *room) { free(room->memory); }

#define PARAMETERS(type)                                                            \
    int a_transposed, int b_transposed, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,      \
        const type *a, ptrdiff_t a_stride, const type *b, ptrdiff_t b_stride,       \
        const type *start, type *c, ptrdiff_t c_row, packing_room *room, watchman *watch

#ifdef HAS_VECTORS

/* Up to this many columns, a product is computed as dot products. */
#define NARROW 4

/* What is packed at a time of a large product: of a, rows for the second-level cache;
   of b, columns for the third. A depth of several hundred makes it rare that sums are
   stored and loaded again. */
#define BLOCK_DEPTH 384
#define BLOCK_ROWS 96
#define BLOCK_COLUMNS 960
#define WHOLE_TILES 48 /* a multiple of any tile's rows and columns */
#define ROOM_LINE 64

/* The first cache line in the room, or NULL without one. */
static inline void *find_room(packing_room *room)
{
    if (!room)
        return NULL;
    if (!room->memory)
        room->memory = malloc(BLOCK_DEPTH * (BLOCK_ROWS + BLOCK_COLUMNS) * sizeof(double)
                              + ROOM_LINE);
    const uintptr_t end = (uintptr_t)room->memory + ROOM_LINE - 1;
    return room->memory ? (void *)(end / ROOM_LINE * ROOM_LINE) : NULL;
}

/* The numbers of two vectors of 16 bytes, by their places in both. */
#ifdef __clang__
#define SHUFFLE(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef int32_t four_places __attribute__((vector_size(16)));
#define SHUFFLE(x, y, ...) __builtin_shuffle(x, y, (four_places){__VA_ARGS__})
#endif

#ifdef HAS_AVX
/* Reading from the right offset turns the first lanes on and the others off. */
static const int32_t lanes_on[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#endif

#define TEMPLATE "gemm_template.h"
#include "for_each_set.h"

#define ARGUMENTS                                                                   \
    (a_transposed, b_transposed, m, n, k, a, a_stride, b, b_stride, start, c, c_row, \
     room, watch)
#ifdef HAS_AVX
#define DEFINE_GEMM(type)                                                           \
    static inline void gemm_##type(instruction_set set, PARAMETERS(type))           \
    {                                                                               \
        switch (set) {                                                              \
        case AVX512: gemm_##type##_avx512 ARGUMENTS; break;                         \
        case AVX2: gemm_##type##_avx2 ARGUMENTS; break;                             \
        default: gemm_##type##_baseline ARGUMENTS;                                  \
        }                                                                           \
    }
#else
#define DEFINE_GEMM(type)                                                           \
    static inline void gemm_##type(instruction_set set, PARAMETERS(type))           \
    {                                                                               \
        (void)set;                                                                  \
        gemm_##type##_baseline ARGUMENTS;                                           \
    }
#endif

#else /* no vectors known here: BLAS computes all products */

#define DEFINE_GEMM(type)                                                           \
    static inline void gemm_##type(instruction_set set, PARAMETERS(type)) {}

#endif

DEFINE_GEMM(float)
DEFINE_GEMM(double)
#undef DEFINE_GEMM
#undef PARAMETERS
#undef ARGUMENTS

#endif
