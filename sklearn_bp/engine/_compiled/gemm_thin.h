/* Products of which one side is thin. Included by gemm_template.h. */

/* One row of c, in one pass over its columns for every few rows of b. */
static void FN(row_product)(ptrdiff_t n, ptrdiff_t k, const REAL *a, ptrdiff_t a_column,
                            const REAL *restrict b, ptrdiff_t b_row, const REAL *start,
                            REAL *restrict c)
{
    ptrdiff_t p = start != c; /* the values in c are the sum so far */
    if (!start)
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] = (REAL)0 + a[0] * b[j]; /* never -0, as in a tile */
    else if (start != c)
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] = start[j] + a[0] * b[j];
    for (; p + 4 <= k; p += 4) {
        const REAL *restrict b_0 = b + p * b_row;
        const REAL *restrict b_1 = b_0 + b_row, *restrict b_2 = b_1 + b_row;
        const REAL *restrict b_3 = b_2 + b_row;
        const REAL x_0 = a[p * a_column], x_1 = a[(p + 1) * a_column];
        const REAL x_2 = a[(p + 2) * a_column], x_3 = a[(p + 3) * a_column];
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] = (((c[j] + x_0 * b_0[j]) + x_1 * b_1[j]) + x_2 * b_2[j])
                   + x_3 * b_3[j];
    }
    for (; p < k; p++)
        for (ptrdiff_t j = 0; j < n; j++)
            c[j] += a[p * a_column] * b[p * b_row + j];
}

/* c (m, n) = a' (m, k) @ b (k, n), set or added, where n fills its vectors less well
   than m does: as c' = b' @ a, with the same numbers in the same order. */
static void FN(narrow_gradient)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a,
                                ptrdiff_t a_stride, const REAL *b, ptrdiff_t b_row,
                                int accumulate, REAL *c, ptrdiff_t c_row, watchman *watch)
{
    REAL panel[PANEL_DEPTH * VECTORS * VECTOR_BYTES / sizeof(REAL)]
        __attribute__((aligned(VECTOR_BYTES)));
    REAL buffer[MR * VECTORS * VECTOR_BYTES / sizeof(REAL)]
        __attribute__((aligned(VECTOR_BYTES)));
    const ptrdiff_t n_tiles = (n + MR - 1) / MR, tile_rows = (n + n_tiles - 1) / n_tiles;

    for (ptrdiff_t p = 0; p < k; p += PANEL_DEPTH) {
        const ptrdiff_t depth = k - p < PANEL_DEPTH ? k - p : PANEL_DEPTH;
        const int add = accumulate || p > 0;
        for (ptrdiff_t j = 0, width; j < m; j += width) {
            width = FN(vectors_of_panel)(m - j) * LANES;
            const ptrdiff_t columns = m - j < width ? m - j : width;
            if (is_interrupted(watch, 2.0 * (double)(columns * n * depth)))
                return;
            const REAL *a_part = a + p * a_stride + j;
            ptrdiff_t a_part_row = a_stride;
            if (columns < width || n_tiles > 1) {
                FN(pack_panel)(a_part, a_stride, 1, depth, columns, panel, width);
                a_part = panel;
                a_part_row = width;
            }
            for (ptrdiff_t i = 0; i < n; i += tile_rows) {
                const ptrdiff_t rows = n - i < tile_rows ? n - i : tile_rows;
                REAL *c_part = c + j * c_row + i;
                if (add)
                    for (ptrdiff_t q = 0; q < columns; q++)
                        for (ptrdiff_t r = 0; r < rows; r++)
                            buffer[r * width + q] = c_part[q * c_row + r];
                FN(any_tile)(rows, width, depth, b + p * b_row + i, 1, b_row, a_part,
                             a_part_row, add ? buffer : NULL, width, buffer, width);
                for (ptrdiff_t q = 0; q < columns; q++)
                    for (ptrdiff_t r = 0; r < rows; r++)
                        c_part[q * c_row + r] = buffer[r * width + q];
            }
        }
    }
}

INLINE REAL FN(sum_of_lanes)(VECTOR x, PART sum)
{
    const FN(lanes) lanes = {x};
    UNROLL
    for (size_t i = 0; i < VECTOR_BYTES / 16; i++)
        sum += lanes.parts[i];
    return PART_LANES == 2 ? sum[0] + sum[1]
                           : (sum[0] + sum[2 % PART_LANES])
                                 + (sum[1] + sum[3 % PART_LANES]);
}

/* c (m, n) = start + a (m, k) @ b (k, n) for up to NARROW columns of b, as dot
   products: vectors run along the inner index. */
INLINE void FN(narrow_product)(const int n, ptrdiff_t m, ptrdiff_t k, const REAL *a,
                               ptrdiff_t a_row, const REAL *b, ptrdiff_t b_row,
                               const REAL *start, REAL *c, ptrdiff_t c_row,
                               watchman *watch)
{
    REAL panel[NARROW][PANEL_DEPTH] __attribute__((aligned(VECTOR_BYTES)));

    for (ptrdiff_t p = 0; p < k; p += PANEL_DEPTH) {
        const ptrdiff_t depth = k - p < PANEL_DEPTH ? k - p : PANEL_DEPTH;
        if (is_interrupted(watch, 2.0 * (double)(m * n * depth)))
            return;
        for (ptrdiff_t q = 0; q < depth; q++)
            for (int j = 0; j < n; j++)
                panel[j][q] = b[(p + q) * b_row + j];
        for (ptrdiff_t i = 0; i < m; i++) {
            const REAL *row = a + i * a_row + p;
            VECTOR sums[NARROW] = {{0}};
            PART more[NARROW] = {{0}};
            ptrdiff_t q = 0;
            for (; q + LANES <= depth; q += LANES) {
                UNROLL
                for (int j = 0; j < n; j++)
                    sums[j] += *(VECTOR *)(row + q) * *(VECTOR *)(panel[j] + q);
            }
            for (; q + PART_LANES <= depth; q += PART_LANES) {
                UNROLL
                for (int j = 0; j < n; j++)
                    more[j] += *(PART *)(row + q) * *(PART *)(panel[j] + q);
            }
            for (; q < depth; q++) {
                UNROLL
                for (int j = 0; j < n; j++)
                    more[j][0] += row[q] * panel[j][q];
            }
            UNROLL
            for (int j = 0; j < n; j++) {
                const REAL sum = FN(sum_of_lanes)(sums[j], more[j]);
                const REAL before = p > 0 ? c[i * c_row + j] : start ? start[j] : 0;
                c[i * c_row + j] = before + sum;
            }
        }
    }
}
