/* The inner loops of a product. Included by gemm_template.h.

   A tile of MR rows and VECTORS vectors of columns stays in registers while the inner
   index runs (the scheme of Goto & van de Geijn, 2008). Each element of c is one chain
   of multiply-adds in the order of the inner index, whatever m is: to the last bit, a
   row of c depends only on that row of a. */

typedef REAL FN(vector)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));

#define VECTOR FN(vector)
#define LANES ((ptrdiff_t)(VECTOR_BYTES / sizeof(REAL)))

/* 16 bytes: a vector size that all instruction sets share. */
typedef REAL FN(part) __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
#define PART FN(part)
#define PART_LANES ((ptrdiff_t)(16 / sizeof(REAL)))

typedef union {
    VECTOR whole;
    PART parts[VECTOR_BYTES / 16];
} FN(lanes);

#if VECTOR_BYTES == 64 && IS_DOUBLE
#define LOAD_LANES(p, n) _mm512_maskz_loadu_pd((__mmask8)((1u << (n)) - 1), p)
#define STORE_LANES(p, n, x) _mm512_mask_storeu_pd(p, (__mmask8)((1u << (n)) - 1), x)
#elif VECTOR_BYTES == 64
#define LOAD_LANES(p, n) _mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p)
#define STORE_LANES(p, n, x) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), x)
#elif VECTOR_BYTES == 32 && IS_DOUBLE
#define LANES_ON(n) _mm256_loadu_si256((const __m256i *)(lanes_on + 8 - 2 * (n)))
#define LOAD_LANES(p, n) _mm256_maskload_pd(p, LANES_ON(n))
#define STORE_LANES(p, n, x) _mm256_maskstore_pd(p, LANES_ON(n), (__m256d)x)
#elif VECTOR_BYTES == 32
#define LANES_ON(n) _mm256_loadu_si256((const __m256i *)(lanes_on + 8 - (n)))
#define LOAD_LANES(p, n) _mm256_maskload_ps(p, LANES_ON(n))
#define STORE_LANES(p, n, x) _mm256_maskstore_ps(p, LANES_ON(n), (__m256)x)
#endif

/* The first `count` lanes; the others are 0, and nothing is read for them. */
INLINE VECTOR FN(load_lanes)(const REAL *p, ptrdiff_t count)
{
#ifdef LOAD_LANES
    return (VECTOR)LOAD_LANES(p, count);
#else
    VECTOR x = {0};
    UNROLL
    for (ptrdiff_t i = 0; i < LANES; i++)
        if (i < count)
            x[i] = p[i];
    return x;
#endif
}

INLINE void FN(store_lanes)(REAL *p, ptrdiff_t count, VECTOR x)
{
    if (count == LANES) /* masked stores are slow on some processors */
        *(VECTOR *)p = x;
    else
#ifdef STORE_LANES
        STORE_LANES(p, count, x);
#else
        UNROLL
        for (ptrdiff_t i = 0; i < LANES; i++)
            if (i < count)
                p[i] = x[i];
#endif
}

#undef LANES_ON
#undef LOAD_LANES
#undef STORE_LANES

INLINE ptrdiff_t FN(whole_vectors)(ptrdiff_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

/* How many vectors of the next columns go into one panel, out of those that are left:
   VECTORS, but two and two rather than three and one. */
INLINE int FN(vectors_of_panel)(ptrdiff_t columns)
{
    const ptrdiff_t n = FN(whole_vectors)(columns) / LANES;
    return n == VECTORS + 1 ? VECTORS / 2 + 1 : n < VECTORS ? (int)n : VECTORS;
}

/* How many rows the next tile has, out of those that are left: tiles of like size. */
INLINE ptrdiff_t FN(rows_of_tile)(ptrdiff_t rows)
{
    const ptrdiff_t n_tiles = (rows + MR - 1) / MR;
    return (rows + n_tiles - 1) / n_tiles;
}

/* rows <= MR and vectors <= VECTORS are constants where this is inlined; the last vector
   has `count` columns, but b has numbers or zeros in all of its lanes. */
INLINE void FN(tile)(const int rows, const int vectors, ptrdiff_t count, ptrdiff_t k,
                     const REAL *a, ptrdiff_t a_row, ptrdiff_t a_column, const REAL *b,
                     ptrdiff_t b_row, const REAL *start, ptrdiff_t start_row, REAL *c,
                     ptrdiff_t c_row)
{
    const int last = vectors - 1;
    VECTOR sums[MR][VECTORS] = {{{0}}};
    if (start)
        UNROLL
        for (int i = 0; i < rows; i++) {
            const REAL *row = start + i * start_row;
            UNROLL
            for (int v = 0; v < last; v++)
                sums[i][v] = *(const VECTOR *)(row + v * LANES);
            sums[i][last] = FN(load_lanes)(row + last * LANES, count);
        }
    for (ptrdiff_t p = 0; p < k; p++) {
        UNROLL
        for (int i = 0; i < rows; i++) {
            const REAL x = a[i * a_row];
            UNROLL
            for (int v = 0; v < vectors; v++) {
                sums[i][v] += x * *(const VECTOR *)(b + v * LANES);
#ifdef REGISTER /* Keep the sum in its own: GCC would move some back and forth. */
                __asm__("" : REGISTER(sums[i][v]));
#endif
            }
        }
        a += a_column;
        b += b_row;
    }
    UNROLL
    for (int i = 0; i < rows; i++) {
        REAL *row = c + i * c_row;
        UNROLL
        for (int v = 0; v < last; v++)
            *(VECTOR *)(row + v * LANES) = sums[i][v];
        FN(store_lanes)(row + last * LANES, count, sums[i][last]);
    }
}

#if VECTORS == 3
#define TILES(n)                                                                    \
    case n:                                                                         \
        switch (vectors) { TILE(n, 1) TILE(n, 2) TILE(n, 3) }                       \
        break;
#else
#define TILES(n)                                                                    \
    case n:                                                                         \
        switch (vectors) { TILE(n, 1) TILE(n, 2) }                                  \
        break;
#endif
#define TILE(n, vectors)                                                            \
    case vectors:                                                                   \
        FN(tile)(n, vectors, count, k, a, a_row, a_column, b, b_row, start,         \
                 start_row, c, c_row);                                              \
        break;

KERNEL void FN(any_tile)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t k, const REAL *a,
                         ptrdiff_t a_row, ptrdiff_t a_column, const REAL *b,
                         ptrdiff_t b_row, const REAL *start, ptrdiff_t start_row,
                         REAL *c, ptrdiff_t c_row)
{
    const int vectors = (int)(FN(whole_vectors)(columns) / LANES);
    const ptrdiff_t count = columns - (vectors - 1) * LANES;
    switch (rows) {
        TILES(1) TILES(2) TILES(3) TILES(4)
#if MR >= 6
        TILES(5) TILES(6)
#endif
#if MR >= 8
        TILES(7) TILES(8)
#endif
    }
}

#undef TILES
#undef TILE
