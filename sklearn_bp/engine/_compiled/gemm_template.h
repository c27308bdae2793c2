/* Included by gemm.h, once for each computing type and instruction set.

   c (m, n) = start + op(a) (m, k) @ op(b) (k, n). `start` is c itself, to add to its
   values; or a row (n,) that each row of c starts from; or NULL. Rows of a, b and c are
   a_stride, b_stride and c_row apart. A product that is interrupted, see interrupts.h, is
   left unfinished. */

#include "gemm_tile.h"
#include "gemm_pack.h"
#include "gemm_thin.h"

/* Panel by panel: b is packed, a is read where it is. */
static void FN(panel_product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a,
                              ptrdiff_t a_row, ptrdiff_t a_column, const REAL *b,
                              ptrdiff_t b_row, ptrdiff_t b_column, const REAL *start,
                              ptrdiff_t start_row, REAL *c, ptrdiff_t c_row,
                              watchman *watch)
{
    REAL panel[PANEL_DEPTH * VECTORS * VECTOR_BYTES / sizeof(REAL)]
        __attribute__((aligned(VECTOR_BYTES)));

    for (ptrdiff_t p = 0; p < k; p += PANEL_DEPTH) {
        const ptrdiff_t depth = k - p < PANEL_DEPTH ? k - p : PANEL_DEPTH;
        if (p > 0) {
            start = c;
            start_row = c_row;
        }
        for (ptrdiff_t j = 0, width; j < n; j += width) {
            width = FN(vectors_of_panel)(n - j) * LANES;
            const ptrdiff_t columns = n - j < width ? n - j : width;
            if (is_interrupted(watch, 2.0 * (double)(m * columns * depth)))
                return;
            const REAL *b_part = b + p * b_row + j * b_column;
            ptrdiff_t b_part_row = b_row;
            /* A panel that is read only once or twice is best read in place. */
            if (b_column != 1 || columns < width || m > 2 * MR) {
                FN(pack_panel)(b_part, b_row, b_column, depth, columns, panel, width);
                b_part = panel;
                b_part_row = width;
            }
            for (ptrdiff_t i = 0, rows; i < m; i += rows) {
                rows = FN(rows_of_tile)(m - i);
                FN(any_tile)(rows, columns, depth, a + i * a_row + p * a_column, a_row,
                             a_column, b_part, b_part_row,
                             start ? start + i * start_row + j : NULL, start_row,
                             c + i * c_row + j, c_row);
            }
        }
    }
}

/* Whether packing both sides pays. */
INLINE int FN(is_large)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k)
{
    return m >= BLOCK_ROWS && n >= BLOCK_DEPTH && k >= BLOCK_DEPTH / 3;
}

/* How much of what is left comes next: at most `most`, in whole tiles; and pieces of like
   size rather than a small rest. */
INLINE ptrdiff_t FN(piece)(ptrdiff_t left, ptrdiff_t most)
{
    const ptrdiff_t n_pieces = (left + most - 1) / most;
    const ptrdiff_t size = (left + n_pieces - 1) / n_pieces;
    const ptrdiff_t whole = (size + WHOLE_TILES - 1) / WHOLE_TILES * WHOLE_TILES;
    return whole < left ? whole : left;
}

/* The product of two packed blocks, which stay where they are in the caches; returns
   whether it was finished. */
static int FN(packed_product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a,
                              const REAL *b, const REAL *start, ptrdiff_t start_row,
                              REAL *c, ptrdiff_t c_row, watchman *watch)
{
    for (ptrdiff_t j = 0, width; j < n; j += width, b += width * k) {
        width = FN(vectors_of_panel)(n - j) * LANES;
        const ptrdiff_t columns = n - j < width ? n - j : width;
        const REAL *tile = a;
        if (is_interrupted(watch, 2.0 * (double)(m * columns * k)))
            return 0;
        for (ptrdiff_t i = 0, rows; i < m; i += rows, tile += MR * k) {
            rows = FN(rows_of_tile)(m - i);
            FN(any_tile)(rows, columns, k, tile, 1, MR, b, width,
                         start ? start + i * start_row + j : NULL, start_row,
                         c + i * c_row + j, c_row);
        }
    }
    return 1;
}

/* Block by block: both sides are packed, in the second- and third-level caches. */
static void FN(block_product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a,
                              ptrdiff_t a_row, ptrdiff_t a_column, const REAL *b,
                              ptrdiff_t b_row, ptrdiff_t b_column, const REAL *start,
                              ptrdiff_t start_row, REAL *c, ptrdiff_t c_row,
                              REAL *packed, watchman *watch)
{
    REAL *const a_packed = packed, *const b_packed = packed + BLOCK_DEPTH * BLOCK_ROWS;

    for (ptrdiff_t j = 0, columns; j < n; j += columns) {
        columns = FN(piece)(n - j, BLOCK_COLUMNS);
        const REAL *before = start;
        ptrdiff_t before_row = start_row;
        for (ptrdiff_t p = 0, depth; p < k; p += depth) {
            depth = FN(piece)(k - p, BLOCK_DEPTH);
            FN(pack_block)(b + p * b_row + j * b_column, b_row, b_column, depth, columns,
                           b_packed);
            for (ptrdiff_t i = 0, rows; i < m; i += rows) {
                rows = FN(piece)(m - i, BLOCK_ROWS);
                FN(pack_rows)(a + i * a_row + p * a_column, a_row, a_column, rows, depth,
                              a_packed);
                if (!FN(packed_product)(rows, columns, depth, a_packed, b_packed,
                                        before ? before + i * before_row + j : NULL,
                                        before_row, c + i * c_row + j, c_row, watch))
                    return;
            }
            before = c;
            before_row = c_row;
        }
    }
}

KERNEL void FN(gemm)(int a_transposed, int b_transposed, ptrdiff_t m, ptrdiff_t n,
                     ptrdiff_t k, const REAL *a, ptrdiff_t a_stride, const REAL *b,
                     ptrdiff_t b_stride, const REAL *start, REAL *c, ptrdiff_t c_row,
                     packing_room *room, watchman *watch)
{
    const ptrdiff_t a_row = a_transposed ? 1 : a_stride;
    const ptrdiff_t a_column = a_transposed ? a_stride : 1;
    const ptrdiff_t b_row = b_transposed ? 1 : b_stride;
    const ptrdiff_t b_column = b_transposed ? b_stride : 1;
    const int accumulate = start == c;
    const ptrdiff_t start_row = accumulate ? c_row : 0;

    if (!a_transposed && !b_transposed && !accumulate && n <= NARROW && k >= LANES) {
        switch (n) {
        case 1:
            FN(narrow_product)(1, m, k, a, a_row, b, b_row, start, c, c_row, watch);
            break;
        case 2:
            FN(narrow_product)(2, m, k, a, a_row, b, b_row, start, c, c_row, watch);
            break;
        case 3:
            FN(narrow_product)(3, m, k, a, a_row, b, b_row, start, c, c_row, watch);
            break;
        case 4:
            FN(narrow_product)(4, m, k, a, a_row, b, b_row, start, c, c_row, watch);
            break;
        }
        return;
    }
    if (a_transposed && !b_transposed && (accumulate || !start) && k > 1
        && n < 2 * LANES && n * FN(whole_vectors)(m) < m * FN(whole_vectors)(n)) {
        FN(narrow_gradient)(m, n, k, a, a_stride, b, b_row, accumulate, c, c_row, watch);
        return;
    }
    if (!b_transposed && (m == 1 || k == 1)) {
        for (ptrdiff_t i = 0; i < m && !is_interrupted(watch, 2.0 * (double)(n * k)); i++)
            FN(row_product)(n, k, a + i * a_row, a_column, b, b_row,
                            start ? start + i * start_row : NULL, c + i * c_row);
        return;
    }
    REAL *const packed = FN(is_large)(m, n, k) ? find_room(room) : NULL;
    if (packed)
        FN(block_product)(m, n, k, a, a_row, a_column, b, b_row, b_column, start,
                          start_row, c, c_row, packed, watch);
    else
        FN(panel_product)(m, n, k, a, a_row, a_column, b, b_row, b_column, start,
                          start_row, c, c_row, watch);
}

#undef VECTOR
#undef LANES
#undef PART
#undef PART_LANES
