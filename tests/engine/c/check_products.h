/* The products of gemm.h against sums of exact products, for one computing type. */

/* Both sides as they are [0] and transposed [1]; between the rows of all matrices lie
   NaNs, which nobody is to read or to overwrite. */
typedef struct {
    ptrdiff_t m, n, k, a_row[2], b_row[2], c_row;
    REAL *a[2], *b[2], *row, *sum;
} FN(problem);

static REAL *FN(nans)(ptrdiff_t n)
{
    REAL *numbers = allocate(n * sizeof(REAL));
    for (ptrdiff_t i = 0; i < n; i++)
        numbers[i] = (REAL)NAN;
    return numbers;
}

static FN(problem) FN(draw_problem)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k)
{
    const ptrdiff_t gap = (m + n + k) % 3;
    FN(problem) p = {.m = m, .n = n, .k = k, .a_row = {k + gap, m + gap},
                     .b_row = {n + gap, k + gap}, .c_row = n + gap};
    for (int is = 0; is < 2; is++) {
        p.a[is] = FN(nans)(p.a_row[is] * (is ? k : m));
        p.b[is] = FN(nans)(p.b_row[is] * (is ? n : k));
    }
    p.row = allocate(n * sizeof(REAL));
    p.sum = allocate(m * n * sizeof(REAL));
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t q = 0; q < k; q++)
            p.a[0][i * p.a_row[0] + q] = p.a[1][q * p.a_row[1] + i] = (REAL)draw();
    for (ptrdiff_t q = 0; q < k; q++)
        for (ptrdiff_t j = 0; j < n; j++)
            p.b[0][q * p.b_row[0] + j] = p.b[1][j * p.b_row[1] + q] = (REAL)draw();
    for (ptrdiff_t j = 0; j < n; j++)
        p.row[j] = (REAL)draw();
    for (ptrdiff_t i = 0; i < m * n; i++)
        p.sum[i] = (REAL)draw();
    return p;
}

static void FN(forget)(FN(problem) p)
{
    for (int is = 0; is < 2; is++) {
        free(p.a[is]);
        free(p.b[is]);
    }
    free(p.row);
    free(p.sum);
}

/* `rows` rows of the product from `first` on, in their place in c. */
static void FN(multiply_rows)(instruction_set set, const FN(problem) *p, int a_is,
                              int b_is, beginning from, ptrdiff_t first, ptrdiff_t rows,
                              REAL *c, packing_room *room, watchman *watch)
{
    const REAL *a = p->a[a_is] + first * (a_is ? 1 : p->a_row[0]);
    REAL *part = c + first * p->c_row;
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < p->c_row; j++)
            part[i * p->c_row + j] = from == SUM && j < p->n
                                         ? p->sum[(first + i) * p->n + j]
                                         : (REAL)NAN;
    ENGINE(gemm)(set, a_is, b_is, rows, p->n, p->k, a, p->a_row[a_is], p->b[b_is],
                 p->b_row[b_is], from == SUM ? part : from == ROW ? p->row : NULL, part,
                 p->c_row, room, watch);
}

/* The largest error of the 12 ways to compute a product, in units of what rounding may
   cost at most. */
static double FN(largest_error)(instruction_set set, ptrdiff_t m, ptrdiff_t n,
                                ptrdiff_t k)
{
    const FN(problem) p = FN(draw_problem)(m, n, k);
    EXACT *exact = allocate(m * n * sizeof *exact);
    double *size = allocate(m * n * sizeof *size), largest = 0;
    REAL *c = allocate(m * p.c_row * sizeof *c);

    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            EXACT sum = 0;
            double sum_of_sizes = 1;
            for (ptrdiff_t q = 0; q < k; q++) {
                const EXACT x = (EXACT)p.a[0][i * p.a_row[0] + q]
                                * p.b[0][q * p.b_row[0] + j];
                sum += x;
                sum_of_sizes += fabs((double)x);
            }
            exact[i * n + j] = sum;
            size[i * n + j] = sum_of_sizes;
        }
    for (int way = 0; way < 4 * N_BEGINNINGS; way++) {
        const beginning from = (beginning)(way / 4);
        FN(multiply_rows)(set, &p, way & 1, way >> 1 & 1, from, 0, m, c, NULL, NULL);
        for (ptrdiff_t i = 0; i < m * n; i++) {
            const EXACT start = from == SUM ? p.sum[i] : from == ROW ? p.row[i % n] : 0;
            const REAL computed = c[i / n * p.c_row + i % n];
            const double error = fabs((double)(computed - exact[i] - start));
            const double unit = EPSILON * (double)(k + 1) * size[i];
            if (!(error <= largest * unit)) /* NaN, too */
                largest = error / unit;
        }
        for (ptrdiff_t i = 0; i < m; i++)
            for (ptrdiff_t j = n; j < p.c_row; j++)
                if (!isnan(c[i * p.c_row + j]))
                    largest = INFINITY;
    }
    free(exact);
    free(size);
    free(c);
    FN(forget)(p);
    return largest;
}

static void FN(check_shapes)(instruction_set set)
{
    const ptrdiff_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 24, 25, 33, 49};
    const ptrdiff_t few[] = {1, 3, 4, 8, 25}, deep[] = {255, 256, 257, 513, 800};
    double worst = 0, worst_deep = 0;
    for (int m = 0; m < N_OF(sizes); m++)
        for (int n = 0; n < N_OF(sizes); n++)
            for (int k = 0; k < N_OF(sizes); k++) {
                const double error =
                    FN(largest_error)(set, sizes[m], sizes[n], sizes[k]);
                worst = error <= worst ? worst : error;
            }
    for (int m = 0; m < N_OF(few); m++)
        for (int n = 0; n < N_OF(few); n++)
            for (int k = 0; k < N_OF(deep); k++) {
                const double error = FN(largest_error)(set, few[m], few[n], deep[k]);
                worst_deep = error <= worst_deep ? worst_deep : error;
            }
    check(worst <= 1, "%s %s: small products, %.2f of the error that rounding allows",
          LABEL(set), worst);
    check(worst_deep <= 1, "%s %s: deep products, %.2f of the error that rounding allows",
          LABEL(set), worst_deep);
}

/* Whether a product comes out the same in parts of so many rows. */
static int FN(is_same_in_parts)(instruction_set set, const FN(problem) *p, int way,
                                ptrdiff_t rows, const REAL *whole, REAL *c)
{
    for (ptrdiff_t i = 0; i < p->m; i += rows)
        FN(multiply_rows)(set, p, way & 1, way >> 1 & 1, (beginning)(way / 4), i,
                          p->m - i < rows ? p->m - i : rows, c, NULL, NULL);
    return memcmp(c, whole, p->m * p->c_row * sizeof(REAL)) == 0;
}

static void FN(check_neighbours)(instruction_set set)
{
    const ptrdiff_t columns[] = {1, 2, 3, 4, 5, 8, 16, 17, 40, 97};
    const ptrdiff_t depths[] = {1, 2, 3, 8, 33, 300}, m = 27;
    const ptrdiff_t parts[] = {1, 2, 3, 5, 8, 13, 26};
    int n_different = 0;
    for (int n = 0; n < N_OF(columns); n++)
        for (int k = 0; k < N_OF(depths); k++) {
            const FN(problem) p = FN(draw_problem)(m, columns[n], depths[k]);
            const size_t size = m * p.c_row * sizeof(REAL);
            REAL *whole = allocate(size), *c = allocate(size);
            for (int way = 0; way < 4 * N_BEGINNINGS; way++) {
                FN(multiply_rows)(set, &p, way & 1, way >> 1 & 1, (beginning)(way / 4),
                                  0, m, whole, NULL, NULL);
                for (int i = 0; i < N_OF(parts); i++)
                    n_different +=
                        !FN(is_same_in_parts)(set, &p, way, parts[i], whole, c);
            }
            free(whole);
            free(c);
            FN(forget)(p);
        }
    check(n_different == 0, "%s %s: rows do not depend on their neighbours", LABEL(set));
}

static void FN(check_large)(instruction_set set)
{
    const ptrdiff_t shapes[][3] = {
        {340, 390, 390}, {192, 401, 700}, {211, 385, 800}, {201, 970, 660}};
    packing_room room = {NULL};
    int n_different = 0;
    for (int way = 0; way < N_OF(shapes); way++) {
        const FN(problem) p =
            FN(draw_problem)(shapes[way][0], shapes[way][1], shapes[way][2]);
        const beginning from = (beginning)(way % N_BEGINNINGS);
        const size_t size = p.m * p.c_row * sizeof(REAL);
        REAL *panels = allocate(size), *blocks = allocate(size);
        FN(multiply_rows)(set, &p, way & 1, way >> 1, from, 0, p.m, panels, NULL, NULL);
        FN(multiply_rows)(set, &p, way & 1, way >> 1, from, 0, p.m, blocks, &room, NULL);
        n_different += memcmp(panels, blocks, size) != 0;
        free(panels);
        free(blocks);
        FN(forget)(p);
    }
    check(n_different == 0 && room.memory, "%s %s: large products are the same in blocks",
          LABEL(set));
    leave(&room);
}

static void FN(check_interruption)(instruction_set set)
{
    const FN(problem) p = FN(draw_problem)(300, 300, 300);
    int32_t is_cancelled = 0, n_looks = 0;
    interruption shared = {0, 0, &is_cancelled, &n_looks, 0, 0};
    watchman watch = {&shared, 0, 0, 0, 0};
    REAL *c = allocate(p.m * p.c_row * sizeof(REAL));
    FN(multiply_rows)(set, &p, 0, 0, NOTHING, 0, p.m, c, NULL, &watch);
    check(n_looks >= 2 && !isnan(c[(p.m - 1) * p.c_row + p.n - 1]), "%s %s: looks while it multiplies",
          LABEL(set));
    is_cancelled = 1;
    FN(multiply_rows)(set, &p, 0, 0, NOTHING, 0, p.m, c, NULL, &watch);
    check(isnan(c[(p.m - 1) * p.c_row + p.n - 1]), "%s %s: multiplies no further once it is cancelled",
          LABEL(set));
    free(c);
    FN(forget)(p);
}

static void FN(check_products)(instruction_set set)
{
    FN(check_shapes)(set);
    FN(check_neighbours)(set);
    FN(check_large)(set);
    FN(check_interruption)(set);
}
