/* Rows of the data and of gradients: gathered and added up. Included by
   kernels_template.h. */

/* Gather rows of `width` elements by row number. Most are too short to be worth a call
   of memcpy. */
KERNEL void FN(gather)(const REAL *source, const int64_t *row_numbers, ptrdiff_t rows,
                       ptrdiff_t width, REAL *target)
{
    enum { PIECE = 16 / sizeof(REAL) };
    for (ptrdiff_t i = 0; i < rows; i++, target += width) {
        const REAL *row = source + row_numbers[i] * width;
        ptrdiff_t j = 0;
        for (; j + PIECE <= width; j += PIECE)
            memcpy(target + j, row + j, PIECE * sizeof(REAL));
        for (; j < width; j++)
            target[j] = row[j];
    }
}

/* The sum of delta's rows, added to total: four rows at a time, since total is loaded
   and stored each time. */
KERNEL void FN(add_rows)(const REAL *restrict delta, REAL *restrict total,
                         ptrdiff_t rows, ptrdiff_t cols)
{
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const REAL *row = delta + i * cols;
        for (ptrdiff_t j = 0; j < cols; j++)
            total[j] += (row[j] + row[cols + j])
                        + (row[2 * cols + j] + row[3 * cols + j]);
    }
    for (; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++)
            total[j] += delta[i * cols + j];
}

/* x *= factor, which may be too small for REAL */
KERNEL void FN(scale)(double factor, REAL *restrict x, ptrdiff_t n)
{
    for (ptrdiff_t j = 0; j < n; j++)
        x[j] = (REAL)(x[j] * factor);
}

/* target += factor * source */
KERNEL void FN(add_scaled)(REAL factor, const REAL *restrict source,
                           REAL *restrict target, ptrdiff_t n)
{
    for (ptrdiff_t j = 0; j < n; j++)
        target[j] += factor * source[j];
}

/* The column of each row's largest number, the first of equal ones, or that of the
   first NaN. */
KERNEL void FN(find_largest)(const REAL *z, ptrdiff_t rows, ptrdiff_t cols,
                             int64_t *columns)
{
    for (ptrdiff_t i = 0; i < rows; i++, z += cols) {
        REAL largest = z[0];
        int64_t column = 0;
        for (ptrdiff_t j = 1; j < cols; j++) {
            const int is_larger = !(z[j] <= largest) & (largest == largest);
            largest = is_larger ? z[j] : largest;
            column = is_larger ? j : column;
        }
        columns[i] = column;
    }
}
