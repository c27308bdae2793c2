/* Parts of matrices, copied so that a product reads them from one end to the other.
   Included by gemm_template.h. */

/* target (columns, rows) = source (rows, columns)', with rows `row` and `target_row`
   apart: squares of PART_LANES x PART_LANES first. */
static void FN(transpose)(const REAL *source, ptrdiff_t row, ptrdiff_t rows,
                          ptrdiff_t columns, REAL *target, ptrdiff_t target_row)
{
    ptrdiff_t i = 0;
    for (; i + PART_LANES <= rows; i += PART_LANES) {
        const REAL *s = source + i * row;
        REAL *t = target + i;
        ptrdiff_t j = 0;
        for (; j + PART_LANES <= columns; j += PART_LANES) {
#if IS_DOUBLE
            const PART x_0 = *(const PART *)(s + j), x_1 = *(const PART *)(s + row + j);
            *(PART *)(t + j * target_row) = (PART){x_0[0], x_1[0]};
            *(PART *)(t + (j + 1) * target_row) = (PART){x_0[1], x_1[1]};
#else
            const PART x_0 = *(const PART *)(s + j), x_1 = *(const PART *)(s + row + j);
            const PART x_2 = *(const PART *)(s + 2 * row + j);
            const PART x_3 = *(const PART *)(s + 3 * row + j);
            const PART low_0 = SHUFFLE(x_0, x_1, 0, 4, 1, 5);
            const PART low_1 = SHUFFLE(x_2, x_3, 0, 4, 1, 5);
            const PART high_0 = SHUFFLE(x_0, x_1, 2, 6, 3, 7);
            const PART high_1 = SHUFFLE(x_2, x_3, 2, 6, 3, 7);
            *(PART *)(t + j * target_row) = SHUFFLE(low_0, low_1, 0, 1, 4, 5);
            *(PART *)(t + (j + 1) * target_row) = SHUFFLE(low_0, low_1, 2, 3, 6, 7);
            *(PART *)(t + (j + 2) * target_row) = SHUFFLE(high_0, high_1, 0, 1, 4, 5);
            *(PART *)(t + (j + 3) * target_row) = SHUFFLE(high_0, high_1, 2, 3, 6, 7);
#endif
        }
        for (; j < columns; j++)
            for (ptrdiff_t q = 0; q < PART_LANES; q++)
                t[j * target_row + q] = s[q * row + j];
    }
    for (; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++)
            target[j * target_row + i] = source[i * row + j];
}

/* A panel: columns of b, side by side and padded with zeros to whole vectors. */
static void FN(pack_panel)(const REAL *b, ptrdiff_t b_row, ptrdiff_t b_column,
                           ptrdiff_t k, ptrdiff_t columns, REAL *panel, ptrdiff_t width)
{
    const ptrdiff_t last = width - LANES;
    if (b_column == 1) {
        for (ptrdiff_t p = 0; p < k; p++, b += b_row, panel += width) {
            for (ptrdiff_t j = 0; j < last; j += LANES)
                *(VECTOR *)(panel + j) = *(const VECTOR *)(b + j);
            *(VECTOR *)(panel + last) = FN(load_lanes)(b + last, columns - last);
        }
        return;
    }
    if (columns < width)
        memset(panel, 0, k * width * sizeof(REAL));
    FN(transpose)(b, b_column, columns, k, panel, width);
}

/* Rows of a tile of a, one beside the other. */
static void FN(pack_tile)(const REAL *a, ptrdiff_t a_row, ptrdiff_t a_column,
                          ptrdiff_t rows, ptrdiff_t k, REAL *packed)
{
    if (a_column == 1)
        FN(transpose)(a, a_row, rows, k, packed, MR);
    else if (rows == MR)
        for (ptrdiff_t p = 0; p < k; p++)
            memcpy(packed + p * MR, a + p * a_column, MR * sizeof(REAL));
    else
        for (ptrdiff_t p = 0; p < k; p++)
            for (ptrdiff_t i = 0; i < rows; i++)
                packed[p * MR + i] = a[p * a_column + i];
}

/* All panels of a block of b. */
static void FN(pack_block)(const REAL *b, ptrdiff_t b_row, ptrdiff_t b_column,
                           ptrdiff_t k, ptrdiff_t n, REAL *packed)
{
    for (ptrdiff_t j = 0, width; j < n; j += width, packed += width * k) {
        width = FN(vectors_of_panel)(n - j) * LANES;
        FN(pack_panel)(b + j * b_column, b_row, b_column, k, n - j < width ? n - j : width,
                       packed, width);
    }
}

/* All tiles of a block of a. */
static void FN(pack_rows)(const REAL *a, ptrdiff_t a_row, ptrdiff_t a_column, ptrdiff_t m,
                          ptrdiff_t k, REAL *packed)
{
    for (ptrdiff_t i = 0, rows; i < m; i += rows, packed += MR * k) {
        rows = FN(rows_of_tile)(m - i);
        FN(pack_tile)(a + i * a_row, a_row, a_column, rows, k, packed);
    }
}
