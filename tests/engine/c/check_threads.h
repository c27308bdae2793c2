/* Products cut at tiles of rows and shared by threads that meet between them, for one
   computing type. */

/* Two products of which the second reads all of the first, in parts of 8 rows. */
static void FN(chain_on)(int n_threads, instruction_set set, const FN(problem) *p,
                         REAL *first, REAL *second)
{
    int32_t n_looks = 0;
    interruption shared = {0, 0, NULL, &n_looks, 0, 0};
    meeting_point point;
    memset(&point, 0, sizeof point);
#ifdef _OPENMP
#pragma omp parallel num_threads(n_threads)
#endif
    {
        const int n_tiles = (int)(p->m + 7) / 8, size = team_size();
        const int thread = thread_number();
        const ptrdiff_t start = 8 * (n_tiles * thread / size);
        const ptrdiff_t stop = 8 * (n_tiles * (thread + 1) / size);
        const ptrdiff_t rows = (stop < p->m ? stop : p->m) - start;
        watchman watch = {&shared, thread, 0, 0, 0};
        find_place(&point);
        for (int round = 0; round < 10; round++) {
            if (rows > 0)
                FN(multiply_rows)(set, p, 0, 1, ROW, start, rows, first, NULL, &watch);
            meet(&point, size, &watch);
            if (rows > 0)
                ENGINE(gemm)(set, 0, 0, rows, p->n, p->m, first + start * p->c_row,
                             p->c_row, first, p->c_row, NULL, second + start * p->c_row,
                             p->c_row, NULL, &watch);
            meet(&point, size, &watch); /* the next round writes what others read here */
        }
    }
    (void)n_threads;
}

static void FN(check_threads)(instruction_set set)
{
    const int teams[] = {1, 2, 3, 5};
    const FN(problem) p = FN(draw_problem)(93, 93, 61);
    const size_t size = p.m * p.c_row * sizeof(REAL);
    REAL *first = allocate(size), *alone = allocate(size);
    REAL *second = FN(nans)(p.m * p.c_row);
    for (int t = 0; t < N_OF(teams); t++) {
        FN(chain_on)(teams[t], set, &p, first, second);
        if (t == 0)
            memcpy(alone, second, size);
        check(memcmp(alone, second, size) == 0 && !isnan(second[(p.m - 1) * p.c_row + p.n - 1]),
              "%s %s: the same on threads: %d", LABEL(set), teams[t]);
    }
    free(first);
    free(second);
    free(alone);
    FN(forget)(p);
}
