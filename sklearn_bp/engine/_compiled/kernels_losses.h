/* The output layer. Included by kernels_template.h.

   Each loss takes the raw outputs (bias included) and the targets y, and returns the
   loss of each row and, in place of the raw outputs, their delta; unless `derives` is
   0, which is known when this is compiled: then these may be anything. */

INLINE double FN(clip_log_loss)(double x)
{
    x = x < LOG_LOSS_LOW ? LOG_LOSS_LOW : x;
    return x > LOG_LOSS_HIGH ? LOG_LOSS_HIGH : x;
}

KERNEL void FN(exponentials)(REAL *restrict x, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        x[i] = FN(exponential)(x[i]);
}

/* From the error z - y of each output, its loss and its slope. */
#define DEFINE_ERROR_LOSS(name, constants, loss, slope)                       \
    INLINE void FN(name)(const double *settings, const int derives,           \
                         REAL *restrict delta, const REAL *restrict y,        \
                         double *restrict row_loss, ptrdiff_t rows,           \
                         ptrdiff_t cols)                                      \
    {                                                                         \
        constants                                                             \
        for (ptrdiff_t i = 0; i < rows; i++) {                                \
            double sum = 0;                                                   \
            for (ptrdiff_t j = 0; j < cols; j++) {                            \
                const REAL error = delta[i * cols + j] - y[i * cols + j];     \
                const double e = error;                                       \
                if (derives)                                                  \
                    delta[i * cols + j] = (REAL)(slope);                      \
                sum += (loss);                                                \
            }                                                                 \
            row_loss[i] = sum;                                                \
        }                                                                     \
    }

DEFINE_ERROR_LOSS(squared_error_output, , 0.5 * (e * e), error)
DEFINE_ERROR_LOSS(absolute_error_output, , fabs(e), (error > 0) - (error < 0))
DEFINE_ERROR_LOSS(huber_output, const double threshold = settings[0];,
                  fabs(e) <= threshold ? 0.5 * (e * e)
                                       : threshold * (fabs(e) - 0.5 * threshold),
                  e > threshold    ? threshold
                  : e < -threshold ? -threshold
                                   : e)
DEFINE_ERROR_LOSS(quantile_output, const double quantile = settings[0];,
                  (e > 0 ? 1 - quantile : -quantile) * e,
                  e > 0 ? 1 - quantile : -quantile)

INLINE void FN(poisson_output)(const double *settings, const int derives,
                               REAL *restrict delta, const REAL *restrict y,
                               double *restrict row_loss, ptrdiff_t rows, ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < cols; j++) {
            const double target = y[i * cols + j];
            const double z = delta[i * cols + j];
            if (target > 0)
                sum += target * log(target);
            sum -= target * z + target;
        }
        row_loss[i] = sum;
    }
    FN(exponentials)(delta, rows * cols);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) {
            row_loss[i] += delta[i * cols + j];
            if (derives)
                delta[i * cols + j] -= y[i * cols + j];
        }
}

INLINE void FN(gamma_output)(const double *settings, const int derives,
                             REAL *restrict delta, const REAL *restrict y,
                             double *restrict row_loss, ptrdiff_t rows, ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < cols; j++) {
            const double z = delta[i * cols + j];
            sum += z - log((double)y[i * cols + j]) - 1;
            delta[i * cols + j] = -delta[i * cols + j];
        }
        row_loss[i] = sum;
    }
    FN(exponentials)(delta, rows * cols);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) {
            const REAL ratio = y[i * cols + j] * delta[i * cols + j];
            row_loss[i] += ratio;
            if (derives)
                delta[i * cols + j] = 1 - ratio;
        }
}

/* y holds one class number per row. */
INLINE void FN(log_loss_output)(const double *settings, const int derives,
                                REAL *restrict delta, const REAL *restrict y,
                                double *restrict row_loss, ptrdiff_t rows, ptrdiff_t cols)
{
    const double smoothing = settings[0];
    const REAL spread = (REAL)(smoothing / cols), rest = (REAL)(1 - smoothing);
    for (ptrdiff_t i = 0; i < rows; i++) {
        REAL *row = delta + i * cols;
        REAL largest = row[0];
        for (ptrdiff_t j = 1; j < cols; j++)
            largest = row[j] > largest ? row[j] : largest;
        for (ptrdiff_t j = 0; j < cols; j++)
            row[j] -= largest;
        row_loss[i] = -(double)row[(ptrdiff_t)y[i]];
        if (smoothing > 0) {
            double mean = 0;
            for (ptrdiff_t j = 0; j < cols; j++)
                mean += row[j];
            row_loss[i] -= smoothing * (mean / cols + row_loss[i]);
        }
    }
    FN(exponentials)(delta, rows * cols);
    for (ptrdiff_t i = 0; i < rows; i++) {
        REAL *row = delta + i * cols;
        REAL normalizer = 0;
        for (ptrdiff_t j = 0; j < cols; j++)
            normalizer += row[j];
        row_loss[i] = FN(clip_log_loss)(row_loss[i] + log((double)normalizer));
        if (derives) {
            const REAL inverse = 1 / normalizer;
            for (ptrdiff_t j = 0; j < cols; j++)
                row[j] = row[j] * inverse - spread;
            row[(ptrdiff_t)y[i]] -= rest;
        }
    }
}

KERNEL void FN(logistics_minus)(REAL smoothing, REAL *restrict z,
                                const REAL *restrict y, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        z[i] = FN(logistic)(z[i]) - (y[i] + smoothing * ((REAL)0.5 - y[i]));
}

INLINE void FN(binary_log_loss_output)(const double *settings, const int derives,
                                       REAL *restrict delta, const REAL *restrict y,
                                       double *restrict row_loss, ptrdiff_t rows,
                                       ptrdiff_t cols)
{
    const double smoothing = settings[0];
    for (ptrdiff_t i = 0; i < rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < cols; j++) {
            const double z = delta[i * cols + j];
            const double target = y[i * cols + j];
            sum += FN(clip_log_loss)((z < 0 ? 0 : z)
                                     - z * (target + smoothing * (0.5 - target))
                                     + log1p(exp(-fabs(z))));
        }
        row_loss[i] = sum;
    }
    if (derives)
        FN(logistics_minus)((REAL)smoothing, delta, y, rows * cols);
}

/* `settings` are the parameters of the loss, such as huber's delta. */
KERNEL void FN(output)(loss kind, const double *settings, const int derives,
                       REAL *delta, const REAL *y, double *row_loss, ptrdiff_t rows,
                       ptrdiff_t cols)
{
    switch (kind) {
#define CASE(name, n_settings)                                                \
    case name##_loss:                                                         \
        FN(name##_output)(settings, derives, delta, y, row_loss, rows, cols); \
        break;
        FOR_EACH_LOSS(CASE)
#undef CASE
    }
}

/* Multiply each row by its weight (1 if NULL) over m, and its loss by its weight. */
KERNEL void FN(weight_rows)(REAL *restrict delta, double *restrict row_loss,
                            const REAL *restrict weight, double m, ptrdiff_t rows,
                            ptrdiff_t cols)
{
    const REAL inverse = (REAL)(1 / m);
    if (!weight) {
        for (ptrdiff_t i = 0; i < rows * cols; i++)
            delta[i] *= inverse;
        return;
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
        const REAL factor = weight[i] * inverse;
        for (ptrdiff_t j = 0; j < cols; j++)
            delta[i * cols + j] *= factor;
        row_loss[i] *= weight[i];
    }
}

#undef DEFINE_ERROR_LOSS
