/* Included by gemm.h, once for each computing type and instruction set.

   c (m, n) = start + op(a) (m, k) @ op(b) (k, n). `start` is c itself, to add to its
   values; or a row (n,) that each row of c starts from; or NULL. a_stride is the
   distance between rows of a; b and c are contiguous. A tile of MR rows and VECTORS
   vectors of columns stays in registers while the inner index runs (the scheme of Goto
   & van de Geijn, 2008). Each element of c is one chain of fused multiply-adds in the
   order of the inner index, whatever m is: to the last bit, a row of c depends only on
   that row of a. A product that is interrupted, see interrupts.h, is left unfinished. */

typedef REAL FN(vector)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));

#define VECTOR FN(vector)
#define LANES ((ptrdiff_t)(VECTOR_BYTES / sizeof(REAL)))

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

/* rows <= MR and vectors <= VECTORS are constants where this is inlined; the last vector
   has `count` columns, but b has numbers or zeros in all of its lanes. */
INLINE void FN(tile)(const int rows, const int vectors, ptrdiff_t count, ptrdiff_t k,
                     const REAL *a, ptrdiff_t a_row, ptrdiff_t a_column, const REAL *b,
                     ptrdiff_t b_row, const REAL *start, ptrdiff_t start_row, REAL *c,
                     ptrdiff_t c_row)
{
    const int last = vectors - 1;
    const MASK lanes = FIRST_LANES(count);
    VECTOR sums[MR][VECTORS] = {{{0}}};
    if (start)
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const REAL *row = start + i * start_row;
#pragma GCC unroll 16
            for (int v = 0; v < last; v++)
                sums[i][v] = *(const VECTOR *)(row + v * LANES);
            sums[i][last] = (VECTOR)LOAD_LANES(row + last * LANES, lanes);
        }
    for (ptrdiff_t p = 0; p < k; p++) {
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            const REAL x = a[i * a_row];
#pragma GCC unroll 16
            for (int v = 0; v < vectors; v++) {
                sums[i][v] += x * *(const VECTOR *)(b + v * LANES);
                /* Keep the sum in its register: GCC would move some back and forth. */
                asm("" : "+v"(sums[i][v]));
            }
        }
        a += a_column;
        b += b_row;
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        REAL *row = c + i * c_row;
#pragma GCC unroll 16
        for (int v = 0; v < last; v++)
            *(VECTOR *)(row + v * LANES) = sums[i][v];
        if (count == LANES) /* masked stores are slow on some processors */
            *(VECTOR *)(row + last * LANES) = sums[i][last];
        else
            STORE_LANES(row + last * LANES, lanes, sums[i][last]);
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

static void FN(any_tile)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t k, const REAL *a,
                         ptrdiff_t a_row, ptrdiff_t a_column, const REAL *b,
                         ptrdiff_t b_row, const REAL *start, ptrdiff_t start_row,
                         REAL *c, ptrdiff_t c_row)
{
    const int vectors = (int)(FN(whole_vectors)(columns) / LANES);
    const ptrdiff_t count = columns - (vectors - 1) * LANES;
    switch (rows) {
        TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if MR == 8
        TILES(7) TILES(8)
#endif
    }
}

/* Columns of b, side by side and padded with zeros to whole vectors. */
static void FN(pack)(const REAL *b, ptrdiff_t b_row, ptrdiff_t b_column, ptrdiff_t k,
                     ptrdiff_t columns, REAL *panel, ptrdiff_t width)
{
    const ptrdiff_t last = width - LANES;
    const MASK lanes = FIRST_LANES(columns - last);
    if (b_column == 1) {
        for (ptrdiff_t p = 0; p < k; p++, b += b_row, panel += width) {
            for (ptrdiff_t j = 0; j < last; j += LANES)
                *(VECTOR *)(panel + j) = *(const VECTOR *)(b + j);
            *(VECTOR *)(panel + last) = (VECTOR)LOAD_LANES(b + last, lanes);
        }
        return;
    }
    if (columns < width)
        memset(panel, 0, k * width * sizeof(REAL));
    for (ptrdiff_t j = 0; j < columns; j++)
        for (ptrdiff_t p = 0; p < k; p++)
            panel[p * width + j] = b[p * b_row + j * b_column];
}

/* One row of c, in one pass over its columns for every few rows of b. */
static void FN(row_product)(ptrdiff_t n, ptrdiff_t k, const REAL *a, ptrdiff_t a_column,
                            const REAL *restrict b, const REAL *start, REAL *restrict c)
{
    ptrdiff_t p = start != c; /* the values in c are the sum so far */
    if (!start)
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] = (REAL)0 + a[0] * b[j]; /* never -0, as in a tile */
    else if (start != c)
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] = start[j] + a[0] * b[j];
    for (; p + 4 <= k; p += 4) {
        const REAL *restrict b_0 = b + p * n;
        const REAL *restrict b_1 = b_0 + n, *restrict b_2 = b_1 + n;
        const REAL *restrict b_3 = b_2 + n;
        const REAL x_0 = a[p * a_column], x_1 = a[(p + 1) * a_column];
        const REAL x_2 = a[(p + 2) * a_column], x_3 = a[(p + 3) * a_column];
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] = (((c[j] + x_0 * b_0[j]) + x_1 * b_1[j]) + x_2 * b_2[j])
                   + x_3 * b_3[j];
    }
    for (; p < k; p++)
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] += a[p * a_column] * b[p * n + j];
}

/* c (m, n) = a' (m, k) @ b (k, n), set or added, where n fills its vectors less well
   than m does: as c' = b' @ a, with the same numbers in the same order. */
static void FN(narrow_gradient)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a,
                                ptrdiff_t a_stride, const REAL *b, int accumulate,
                                REAL *c, watchman *watch)
{
    REAL panel[GEMM_DEPTH * VECTORS * VECTOR_BYTES / sizeof(REAL)]
        __attribute__((aligned(VECTOR_BYTES)));
    REAL buffer[MR * VECTORS * VECTOR_BYTES / sizeof(REAL)]
        __attribute__((aligned(VECTOR_BYTES)));
    const ptrdiff_t n_tiles = (n + MR - 1) / MR, tile_rows = (n + n_tiles - 1) / n_tiles;

    for (ptrdiff_t p = 0; p < k; p += GEMM_DEPTH) {
        const ptrdiff_t depth = k - p < GEMM_DEPTH ? k - p : GEMM_DEPTH;
        const int add = accumulate || p > 0;
        for (ptrdiff_t j = 0, width; j < m; j += width) {
            width = FN(vectors_of_panel)(m - j) * LANES;
            const ptrdiff_t columns = m - j < width ? m - j : width;
            if (is_interrupted(watch, 2.0 * (double)(columns * n * depth)))
                return;
            const REAL *a_part = a + p * a_stride + j;
            ptrdiff_t a_part_row = a_stride;
            if (columns < width || n_tiles > 1) {
                FN(pack)(a_part, a_stride, 1, depth, columns, panel, width);
                a_part = panel;
                a_part_row = width;
            }
            for (ptrdiff_t i = 0; i < n; i += tile_rows) {
                const ptrdiff_t rows = n - i < tile_rows ? n - i : tile_rows;
                REAL *c_part = c + j * n + i;
                if (add)
                    for (ptrdiff_t q = 0; q < columns; q++)
                        for (ptrdiff_t r = 0; r < rows; r++)
                            buffer[r * width + q] = c_part[q * n + r];
                FN(any_tile)(rows, width, depth, b + p * n + i, 1, n, a_part,
                             a_part_row, add ? buffer : NULL, width, buffer, width);
                for (ptrdiff_t q = 0; q < columns; q++)
                    for (ptrdiff_t r = 0; r < rows; r++)
                        c_part[q * n + r] = buffer[r * width + q];
            }
        }
    }
}

/* 16 bytes: a vector size that all instruction sets share. */
typedef REAL FN(part) __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
#define PART FN(part)
#define PART_LANES ((ptrdiff_t)(16 / sizeof(REAL)))

INLINE REAL FN(sum_of_lanes)(VECTOR x, PART sum)
{
    union {
        VECTOR whole;
        PART parts[VECTOR_BYTES / 16];
    } lanes = {x};
#pragma GCC unroll 4
    for (size_t i = 0; i < VECTOR_BYTES / 16; i++)
        sum += lanes.parts[i];
    return PART_LANES == 2 ? sum[0] + sum[1]
                           : (sum[0] + sum[2 % PART_LANES])
                                 + (sum[1] + sum[3 % PART_LANES]);
}

/* c (m, n) = start + a (m, k) @ b (k, n) for up to NARROW columns of b, as dot
   products: vectors run along the inner index. */
INLINE void FN(narrow_product)(const int n, ptrdiff_t m, ptrdiff_t k, const REAL *a,
                               ptrdiff_t a_row, const REAL *b, const REAL *start,
                               REAL *c, watchman *watch)
{
    REAL panel[NARROW][GEMM_DEPTH] __attribute__((aligned(VECTOR_BYTES)));

    for (ptrdiff_t p = 0; p < k; p += GEMM_DEPTH) {
        const ptrdiff_t depth = k - p < GEMM_DEPTH ? k - p : GEMM_DEPTH;
        if (is_interrupted(watch, 2.0 * (double)(m * n * depth)))
            return;
        for (ptrdiff_t q = 0; q < depth; q++)
            for (int j = 0; j < n; j++)
                panel[j][q] = b[(p + q) * n + j];
        for (ptrdiff_t i = 0; i < m; i++) {
            const REAL *row = a + i * a_row + p;
            VECTOR sums[NARROW] = {{0}};
            PART more[NARROW] = {{0}};
            ptrdiff_t q = 0;
            for (; q + LANES <= depth; q += LANES)
#pragma GCC unroll 4
                for (int j = 0; j < n; j++)
                    sums[j] += *(VECTOR *)(row + q) * *(VECTOR *)(panel[j] + q);
            for (; q + PART_LANES <= depth; q += PART_LANES)
#pragma GCC unroll 4
                for (int j = 0; j < n; j++)
                    more[j] += *(PART *)(row + q) * *(PART *)(panel[j] + q);
            for (; q < depth; q++)
#pragma GCC unroll 4
                for (int j = 0; j < n; j++)
                    more[j][0] += row[q] * panel[j][q];
#pragma GCC unroll 4
            for (int j = 0; j < n; j++) {
                const REAL sum = FN(sum_of_lanes)(sums[j], more[j]);
                const REAL before = p > 0 ? c[i * n + j] : start ? start[j] : 0;
                c[i * n + j] = before + sum;
            }
        }
    }
}

#undef PART
#undef PART_LANES

static void FN(gemm)(int a_transposed, int b_transposed, ptrdiff_t m, ptrdiff_t n,
                     ptrdiff_t k, const REAL *a, ptrdiff_t a_stride, const REAL *b,
                     const REAL *start, REAL *c, watchman *watch)
{
    const ptrdiff_t a_row = a_transposed ? 1 : a_stride;
    const ptrdiff_t a_column = a_transposed ? a_stride : 1;
    const ptrdiff_t b_row = b_transposed ? 1 : n, b_column = b_transposed ? k : 1;
    const int accumulate = start == c;
    ptrdiff_t start_row = accumulate ? n : 0;
    REAL panel[GEMM_DEPTH * VECTORS * VECTOR_BYTES / sizeof(REAL)]
        __attribute__((aligned(VECTOR_BYTES)));

    if (!a_transposed && !b_transposed && !accumulate && n <= NARROW && k >= LANES) {
        switch (n) {
        case 1: FN(narrow_product)(1, m, k, a, a_row, b, start, c, watch); break;
        case 2: FN(narrow_product)(2, m, k, a, a_row, b, start, c, watch); break;
        case 3: FN(narrow_product)(3, m, k, a, a_row, b, start, c, watch); break;
        case 4: FN(narrow_product)(4, m, k, a, a_row, b, start, c, watch); break;
        }
        return;
    }
    if (a_transposed && !b_transposed && (accumulate || !start) && k > 1
        && n < 2 * LANES && n * FN(whole_vectors)(m) < m * FN(whole_vectors)(n)) {
        FN(narrow_gradient)(m, n, k, a, a_stride, b, accumulate, c, watch);
        return;
    }
    if (!b_transposed && (m == 1 || k == 1)) {
        for (ptrdiff_t i = 0; i < m && !is_interrupted(watch, 2.0 * (double)(n * k)); i++)
            FN(row_product)(n, k, a + i * a_row, a_column, b,
                            start ? start + i * start_row : NULL, c + i * n);
        return;
    }
    for (ptrdiff_t p = 0; p < k; p += GEMM_DEPTH) {
        const ptrdiff_t depth = k - p < GEMM_DEPTH ? k - p : GEMM_DEPTH;
        if (p > 0) {
            start = c;
            start_row = n;
        }
        for (ptrdiff_t j = 0, width; j < n; j += width) {
            width = FN(vectors_of_panel)(n - j) * LANES;
            const ptrdiff_t columns = n - j < width ? n - j : width;
            if (is_interrupted(watch, 2.0 * (double)(m * columns * depth)))
                return;
            const REAL *b_part = b + p * b_row + j * b_column;
            ptrdiff_t b_part_row = b_row;
            /* A panel that is read only once or twice is best read in place. */
            if (b_transposed || columns < width || m > 2 * MR) {
                FN(pack)(b_part, b_row, b_column, depth, columns, panel, width);
                b_part = panel;
                b_part_row = width;
            }
            for (ptrdiff_t i = 0; i < m; i += MR) {
                const ptrdiff_t rows = m - i < MR ? m - i : MR;
                FN(any_tile)(rows, columns, depth, a + i * a_row + p * a_column, a_row,
                             a_column, b_part, b_part_row,
                             start ? start + i * start_row + j : NULL, start_row,
                             c + i * n + j, n);
            }
        }
    }
}

#undef VECTOR
#undef LANES
#undef TILES
#undef TILE
#undef REAL
#undef FN
#undef LOAD_LANES
#undef STORE_LANES
