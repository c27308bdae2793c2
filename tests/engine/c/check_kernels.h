/* The loops of kernels.h against exact.h, for one computing type. */

#define N_POINTS 411 /* in no instruction set whole vectors */

/* The larger of the largest error so far and this one, both in units of what an error
   near 1 may be. */
static double FN(worse)(double largest, REAL x, long double exact)
{
    const double error = fabs((double)(x - exact)) / (1 + fabs((double)exact)) / EPSILON;
    return error <= largest ? largest : error;
}

static void FN(fill)(REAL *x, ptrdiff_t n, double factor, double shift)
{
    for (ptrdiff_t i = 0; i < n; i++)
        x[i] = (REAL)(factor * draw() + shift);
}

static void FN(check_activation)(instruction_set set, activation kind)
{
    REAL x[N_POINTS], a[N_POINTS], both[N_POINTS], slope[N_POINTS], delta[N_POINTS];
    double worst = 0, worst_slope = 0, worst_delta = 0;
    FN(fill)(x, N_POINTS / 2, 4, 0);
    FN(fill)(x + N_POINTS / 2, N_POINTS - N_POINTS / 2, 95, 0);
    FN(fill)(delta, N_POINTS, 1, 0);
    memcpy(a, x, sizeof x);
    memcpy(both, x, sizeof x);
    REAL derived[N_POINTS];
    memcpy(derived, delta, sizeof delta);

    ENGINE(activate)(kind, a, N_POINTS);
    ENGINE(activate_with_slope)(kind, both, slope, N_POINTS);
    if (!needs_net_input(kind))
        ENGINE(derive)(kind, a, derived, N_POINTS);
    for (int i = 0; i < N_POINTS; i++) {
        long double exact_slope;
        const long double exact = exact_activations[kind](x[i], &exact_slope);
        worst = FN(worse)(FN(worse)(worst, a[i], exact), both[i], exact);
        worst_slope = FN(worse)(worst_slope, slope[i], exact_slope);
        if (!needs_net_input(kind))
            worst_delta = FN(worse)(worst_delta, derived[i], delta[i] * exact_slope);
    }
    /* Slopes have up to 20 times the error of a factor that is rounded near 1. */
    check(worst <= 4 && worst_slope <= 40 && worst_delta <= 8,
          "%s %s: %s, its slope and its delta: errors of %.1f, %.1f and %.1f epsilon",
          LABEL(set), activation_names[kind], worst, worst_slope, worst_delta);
}

#define ROWS 7
#define COLS 5

static void FN(check_loss)(instruction_set set, loss kind, double setting)
{
    REAL z[ROWS * COLS], delta[ROWS * COLS], y[ROWS * COLS];
    double row_loss[ROWS], worst = 0, worst_delta = 0;
    FN(fill)(z, ROWS * COLS, 4, 0);
    FN(fill)(y, ROWS * COLS, 2, 2.5);
    if (kind == binary_log_loss_loss)
        for (int i = 0; i < ROWS * COLS; i++)
            y[i] = i % 3 == 0;
    memcpy(delta, z, sizeof z);
    ENGINE(output)(kind, &setting, 1, delta, y, row_loss, ROWS, COLS);
    for (int i = 0; i < ROWS; i++) {
        long double sum = 0, slope;
        for (int j = 0; j < COLS; j++) {
            sum += exact_losses[kind].of_output(&setting, z[i * COLS + j],
                                                y[i * COLS + j], &slope);
            worst_delta = FN(worse)(worst_delta, delta[i * COLS + j], slope);
        }
        worst = FN(worse)(worst, (REAL)row_loss[i], sum);
    }
    check(worst <= 4 && worst_delta <= 4,
          "%s %s: %s(%g) and its delta: errors of %.1f and %.1f epsilon", LABEL(set),
          exact_losses[kind].name, setting, worst, worst_delta);
}

static void FN(check_log_loss)(instruction_set set, double smoothing)
{
    REAL z[ROWS * COLS], delta[ROWS * COLS], y[ROWS];
    double row_loss[ROWS], worst = 0, worst_delta = 0;
    FN(fill)(z, ROWS * COLS, 4, 0);
    for (int i = 0; i < ROWS; i++)
        y[i] = (REAL)(i * 3 % COLS);
    memcpy(delta, z, sizeof z);
    ENGINE(output)(log_loss_loss, &smoothing, 1, delta, y, row_loss, ROWS, COLS);
    for (int i = 0; i < ROWS; i++) {
        long double normalizer = 0, sum = 0;
        for (int j = 0; j < COLS; j++)
            normalizer += expl(z[i * COLS + j]);
        for (int j = 0; j < COLS; j++) {
            const long double p = expl(z[i * COLS + j]) / normalizer;
            const long double target = smoothed(y[i] == j, &smoothing, COLS);
            sum -= target * logl(p);
            worst_delta = FN(worse)(worst_delta, delta[i * COLS + j], p - target);
        }
        worst = FN(worse)(worst, (REAL)row_loss[i], sum);
    }
    check(worst <= 4 && worst_delta <= 4,
          "%s %s: log_loss(%g) and its delta: errors of %.1f and %.1f epsilon", LABEL(set),
          smoothing, worst, worst_delta);
}

static void FN(check_losses)(instruction_set set)
{
    for (int kind = 0; kind < N_OF(exact_losses); kind++)
        for (int s = 0; s <= exact_losses[kind].n_settings; s++) {
            const double setting = s == 0 && kind != huber_loss ? 0 : 0.3;
            if (exact_losses[kind].of_output)
                FN(check_loss)(set, (loss)kind, setting);
            else
                FN(check_log_loss)(set, setting);
        }
}

#define N_WEIGHTS 1003
#define TILE 256
#define N_TILES ((N_WEIGHTS + TILE - 1) / TILE)

/* Some steps of weights from the second tile on, each from where the last one led. */
static void FN(check_optimizer)(instruction_set set, optimizer kind, const char *name,
                                long double (*exact)(const update_rule *, long double,
                                                     long double, long double *),
                                const double *settings)
{
    enum { OFFSET = TILE, N = N_WEIGHTS - OFFSET };
    const double decay = 0.03;
    REAL theta[N_WEIGHTS], before[N_WEIGHTS], gradient[N];
    REAL state[MOST_ARRAYS][N_WEIGHTS], state_before[MOST_ARRAYS][N_WEIGHTS];
    double worst = 0, worst_sum = 0;
    update_rule rule = {.kind = kind, .decouples_penalty = kind == adamw_optimizer};
    memcpy(rule.settings, settings, sizeof rule.settings);
    memset(state, 0, sizeof state);
    for (int q = 0; q < MOST_ARRAYS; q++)
        rule.state[q] = state[q];
    if (kind == rprop_optimizer)
        for (int i = 0; i < N_WEIGHTS; i++)
            state[1][i] = 1;
    FN(fill)(theta, N_WEIGHTS, 1, 0);
    for (int n_steps = 1; n_steps <= 4; n_steps++) {
        square_sums sums[N_TILES] = {{0, 0, 0}};
        long double weights = 0, gradients = 0;
        FN(fill)(gradient, N, 1, 0);
        memcpy(before, theta, sizeof theta);
        memcpy(state_before, state, sizeof state);
        set_rates(&rule, 0.01, decay, n_steps);
        ENGINE(update)(&rule, theta, gradient, OFFSET, N, TILE, sums);
        for (int i = 0; i < N_WEIGHTS; i++) {
            const long double w = before[i];
            long double s[MOST_ARRAYS], next = w;
            for (int q = 0; q < MOST_ARRAYS; q++)
                s[q] = state_before[q][i];
            if (i >= OFFSET) {
                const long double g = gradient[i - OFFSET] + rule.decay * w;
                next = exact(&rule, w, g, s);
                weights += w * w;
                gradients += g * g;
            }
            worst = FN(worse)(worst, theta[i], next);
            for (int q = 0; q < MOST_ARRAYS; q++)
                worst = FN(worse)(worst, state[q][i], s[q]);
        }
        for (int t = 0; t < N_TILES; t++) {
            weights -= sums[t].weights;
            gradients -= sums[t].gradient;
        }
        worst_sum = FN(worse)(FN(worse)(worst_sum, (REAL)weights, 0), (REAL)gradients, 0);
    }
    check(worst <= 4 && worst_sum <= N_WEIGHTS,
          "%s %s: %s: errors of %.1f epsilon, sums of squares of %.0f", LABEL(set), name,
          worst, worst_sum);
}

static void FN(check_optimizers)(instruction_set set)
{
    /* In the order of the table; with Nesterov's momentum last. */
    static const double settings[][MOST_SETTINGS] = {
        {0.9, 0}, {0.9, 0.999, 1e-8}, {0.9, 0.999, 1e-8}, {0.9, 1e-8},
        {0.5, 1.2, 1e-6, 50}, {0.9, 1}};
#define CHECK(name, rule, factor, n_settings, n_arrays)                             \
    FN(check_optimizer)(set, name##_optimizer, #name, exact_##name,                 \
                        settings[name##_optimizer]);
    FOR_EACH_OPTIMIZER(CHECK)
#undef CHECK
    FN(check_optimizer)(set, sgd_optimizer, "sgd, Nesterov", exact_sgd,
                        settings[N_OF(settings) - 1]);
}

static void FN(check_rows)(instruction_set set)
{
    REAL source[ROWS * COLS], gathered[ROWS * COLS], total[COLS] = {0};
    int64_t numbers[ROWS], columns[ROWS];
    double worst = 0;
    int n_wrong = 0;
    FN(fill)(source, ROWS * COLS, 1, 0);
    for (int i = 0; i < ROWS; i++)
        numbers[i] = i * 3 % ROWS;
    ENGINE(gather)(source, numbers, ROWS, COLS, gathered);
    ENGINE(add_rows)(source, total, ROWS, COLS);
    ENGINE(find_largest)(source, ROWS, COLS, columns);
    for (int j = 0; j < COLS; j++) {
        long double sum = 0;
        for (int i = 0; i < ROWS; i++) {
            sum += source[i * COLS + j];
            n_wrong += gathered[i * COLS + j] != source[numbers[i] * COLS + j];
            n_wrong += source[i * COLS + j] > source[i * COLS + columns[i]];
        }
        worst = FN(worse)(worst, total[j], sum);
    }
    check(n_wrong == 0 && worst <= ROWS, "%s %s: rows gathered, added up, searched",
          LABEL(set));
}

static void FN(check_kernels)(instruction_set set)
{
    for (int kind = 0; kind < N_OF(exact_activations); kind++)
        FN(check_activation)(set, (activation)kind);
    FN(check_losses)(set);
    FN(check_optimizers)(set);
    FN(check_rows)(set);
}

#undef N_POINTS
#undef ROWS
#undef COLS
#undef N_WEIGHTS
#undef TILE
#undef N_TILES
