/* Included by kernels.h, once for each computing type. Arrays are C-contiguous:
   z, a and delta are of shape (rows, cols). */

/* ---- rows of the data --------------------------------------------------------- */

/* Rows of `width` numbers each, by their numbers, one after the other. Most are too
   short for a call of memcpy each. */
INLINE void FN(gather)(const REAL *source, const int64_t *row_numbers, ptrdiff_t rows,
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

/* ---- elementary functions that a compiler can vectorise -------------------- */

/* exp(x) - 1 = 2^n (1 + p) - 1 with x = n ln 2 + r, |r| <= ln(2) / 2, and p the
   Taylor polynomial of exp(r) - 1. The two parts come out separately, so that
   exp and expm1 are both exact to the last digits. A NaN passes through. */
INLINE REAL FN(expm1_parts)(REAL x, REAL *power_of_two)
{
    x = x < (REAL)EXP_LOW ? (REAL)EXP_LOW : x;
    x = x > (REAL)EXP_HIGH ? (REAL)EXP_HIGH : x;
    const REAL rounded = x * (REAL)LOG2E + (REAL)ROUNDER;
    const REAL n = rounded - (REAL)ROUNDER;
    const REAL r = (x - n * (REAL)LN2_HIGH) - n * (REAL)LN2_LOW;
    INTEGER bits;
    memcpy(&bits, &rounded, sizeof bits);
    /* The rounder's own bits are shifted out; half of the power is applied by
       the caller, for 2^128 has no float of its own. */
    bits = (INTEGER)((uint64_t)(bits + (EXPONENT_BIAS - 1)) << MANTISSA_BITS);
    memcpy(power_of_two, &bits, sizeof bits);
#ifdef DOUBLE_PRECISION
    REAL p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
#else
    REAL p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
#endif
    p = p * r + (REAL)(1.0 / 120.0);
    p = p * r + (REAL)(1.0 / 24.0);
    p = p * r + (REAL)(1.0 / 6.0);
    p = p * r + (REAL)0.5;
    return p * r * r + r;
}

INLINE REAL FN(exponential)(REAL x)
{
    REAL half_power;
    const REAL p = FN(expm1_parts)(x, &half_power);
    const REAL result = (half_power + half_power * p) * 2;
    return x > (REAL)EXP_HIGH ? (REAL)INFINITY : result;
}

INLINE REAL FN(logistic)(REAL x)
{
    return 1 / (1 + FN(exponential)(-x));
}

/* tanh(x) = e / (e + 2) with e = exp(2 x) - 1; beyond |x| = 20 it is 1 in both
   types. */
INLINE REAL FN(tanh_)(REAL x)
{
    REAL bounded = x < -20 ? (REAL)-20 : x;
    bounded = bounded > 20 ? (REAL)20 : bounded;
    REAL half_power;
    const REAL p = FN(expm1_parts)(2 * bounded, &half_power);
    const REAL power = 2 * half_power;
    const REAL e = power * p + (power - 1);
    return e / (e + 2);
}

/* ---- hidden layers --------------------------------------------------------- */

#define DEFINE_FORWARD(name, expression)                                      \
    KERNEL void FN(name)(REAL *restrict z, ptrdiff_t n)                       \
    {                                                                         \
        for (ptrdiff_t i = 0; i < n; i++) {                                   \
            const REAL x = z[i];                                              \
            z[i] = expression;                                                \
        }                                                                     \
    }

DEFINE_FORWARD(logistic_forward, FN(logistic)(x))
DEFINE_FORWARD(tanh_forward, FN(tanh_)(x))
DEFINE_FORWARD(relu_forward, x < 0 ? 0 : x) /* in this form a NaN stays one */

/* a = g(z), in place. */
INLINE void FN(activate)(activation kind, REAL *z, ptrdiff_t n)
{
    switch (kind) {
    case IDENTITY: break;
    case LOGISTIC: FN(logistic_forward)(z, n); break;
    case TANH: FN(tanh_forward)(z, n); break;
    case RELU: FN(relu_forward)(z, n); break;
    }
}

#define DEFINE_BACKWARD(name, expression)                                     \
    KERNEL void FN(name)(const REAL *restrict outputs, REAL *restrict delta,  \
                         ptrdiff_t n)                                         \
    {                                                                         \
        for (ptrdiff_t i = 0; i < n; i++) {                                   \
            const REAL a = outputs[i];                                        \
            delta[i] = expression;                                            \
        }                                                                     \
    }

DEFINE_BACKWARD(logistic_backward, delta[i] * (a * (1 - a)))
DEFINE_BACKWARD(tanh_backward, delta[i] * (1 - a * a))
DEFINE_BACKWARD(relu_backward, a > 0 ? delta[i] : 0)

/* delta = delta * g'(z), in place, from the outputs a = g(z). */
INLINE void FN(derive)(activation kind, const REAL *outputs, REAL *delta,
                       ptrdiff_t n)
{
    switch (kind) {
    case IDENTITY: break;
    case LOGISTIC: FN(logistic_backward)(outputs, delta, n); break;
    case TANH: FN(tanh_backward)(outputs, delta, n); break;
    case RELU: FN(relu_backward)(outputs, delta, n); break;
    }
}

/* The sum of delta's rows, added to total: four rows at a time, for total has to come
   and go each time. */
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

/* ---- the output layer ------------------------------------------------------ */
/* Each takes the raw outputs (bias included) and the targets y, and gives the
   loss of each row and, in place of the raw outputs, their delta. */

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

INLINE void FN(squared_error_output)(REAL *restrict delta, const REAL *restrict y,
                                     double *restrict row_loss, ptrdiff_t rows,
                                     ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < cols; j++) {
            const REAL error = delta[i * cols + j] - y[i * cols + j];
            delta[i * cols + j] = error;
            sum += (double)error * error;
        }
        row_loss[i] = 0.5 * sum;
    }
}

INLINE void FN(poisson_output)(REAL *restrict delta, const REAL *restrict y,
                               double *restrict row_loss, ptrdiff_t rows,
                               ptrdiff_t cols)
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
            delta[i * cols + j] -= y[i * cols + j];
        }
}

/* y holds one class number a row. */
INLINE void FN(log_loss_output)(REAL *restrict delta, const REAL *restrict y,
                                double *restrict row_loss, ptrdiff_t rows,
                                ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        REAL *row = delta + i * cols;
        REAL largest = row[0];
        for (ptrdiff_t j = 1; j < cols; j++)
            largest = row[j] > largest ? row[j] : largest;
        for (ptrdiff_t j = 0; j < cols; j++)
            row[j] -= largest;
        row_loss[i] = -(double)row[(ptrdiff_t)y[i]];
    }
    FN(exponentials)(delta, rows * cols);
    for (ptrdiff_t i = 0; i < rows; i++) {
        REAL *row = delta + i * cols;
        REAL normalizer = 0;
        for (ptrdiff_t j = 0; j < cols; j++)
            normalizer += row[j];
        const REAL inverse = 1 / normalizer;
        for (ptrdiff_t j = 0; j < cols; j++)
            row[j] *= inverse;
        row[(ptrdiff_t)y[i]] -= 1;
        row_loss[i] = FN(clip_log_loss)(row_loss[i] + log((double)normalizer));
    }
}

KERNEL void FN(logistics_minus)(REAL *restrict z, const REAL *restrict y, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        z[i] = FN(logistic)(z[i]) - y[i];
}

INLINE void FN(binary_log_loss_output)(REAL *restrict delta, const REAL *restrict y,
                                       double *restrict row_loss, ptrdiff_t rows,
                                       ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        double sum = 0;
        for (ptrdiff_t j = 0; j < cols; j++) {
            const double z = delta[i * cols + j];
            sum += FN(clip_log_loss)((z < 0 ? 0 : z) - z * y[i * cols + j]
                                     + log1p(exp(-fabs(z))));
        }
        row_loss[i] = sum;
    }
    FN(logistics_minus)(delta, y, rows * cols);
}

INLINE void FN(output)(loss kind, REAL *delta, const REAL *y, double *row_loss,
                       ptrdiff_t rows, ptrdiff_t cols)
{
    switch (kind) {
    case SQUARED_ERROR:
        FN(squared_error_output)(delta, y, row_loss, rows, cols);
        break;
    case POISSON: FN(poisson_output)(delta, y, row_loss, rows, cols); break;
    case LOG_LOSS: FN(log_loss_output)(delta, y, row_loss, rows, cols); break;
    case BINARY_LOG_LOSS:
        FN(binary_log_loss_output)(delta, y, row_loss, rows, cols);
        break;
    }
}

/* Multiply each row by its weight (NULL: by 1) over m, its loss by its weight. */
INLINE void FN(weight_rows)(REAL *restrict delta, double *restrict row_loss,
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

/* ---- sparse input, and sums of gradients ------------------------------------ */

/* target += factor * source */
KERNEL void FN(add_scaled)(REAL factor, const REAL *restrict source,
                           REAL *restrict target, ptrdiff_t n)
{
    for (ptrdiff_t j = 0; j < n; j++)
        target[j] += factor * source[j];
}

/* ---- optimizers and the penalty --------------------------------------------- */
/* Each pass over weights also sums their squares, as they were before it, for the
   penalty: one sum for every `tile` elements, made of LANES sums side by side, which a
   compiler keeps in vectors and which do not wait for each other. */

#define LANES 16
#define SQUARE_AND(statements)                                                \
    {                                                                         \
        const ptrdiff_t i = first + lane;                                     \
        const REAL w = theta[i];                                              \
        squares[lane] += w * w;                                               \
        statements                                                            \
    }

#define FOR_EACH_WEIGHT(statements)                                           \
    for (ptrdiff_t start = 0; start < n; start += tile) {                     \
        const ptrdiff_t stop = n - start < tile ? n : start + tile;           \
        REAL squares[LANES] = {0};                                            \
        ptrdiff_t first = start;                                              \
        for (; first + LANES <= stop; first += LANES)                         \
            for (int lane = 0; lane < LANES; lane++)                          \
                SQUARE_AND(statements)                                        \
        for (int lane = 0; lane < (int)(stop - first); lane++)                \
            SQUARE_AND(statements)                                            \
        *square_sums = 0;                                                     \
        for (int lane = 0; lane < LANES; lane++)                              \
            *square_sums += squares[lane];                                    \
        square_sums++;                                                        \
    }

/* The penalty's part of the gradient, decay * theta, added to it. */
KERNEL void FN(penalize)(double weight_decay, const REAL *restrict theta,
                         REAL *restrict gradient, ptrdiff_t n, ptrdiff_t tile,
                         double *restrict square_sums)
{
    const REAL decay = (REAL)weight_decay;
    FOR_EACH_WEIGHT(gradient[i] += decay * w;)
}

/* The twins of `step` in sklearn_bp/training/_optimizers.py; the penalty's part of the
   gradient is added on the way. */

KERNEL void FN(sgd_update)(const update_rule *rule, REAL *restrict theta,
                           const REAL *restrict gradient, REAL *restrict velocity,
                           ptrdiff_t n, ptrdiff_t tile, double *restrict square_sums)
{
    const REAL learning_rate = (REAL)rule->learning_rate;
    const REAL decay = (REAL)rule->decay;
    const REAL momentum = (REAL)rule->settings[0];
    /* update = a * velocity - b * gradient: with and without the look ahead */
    const REAL a = rule->settings[1] ? momentum : 1;
    const REAL b = rule->settings[1] ? learning_rate : 0;
    FOR_EACH_WEIGHT(const REAL g = gradient[i] + decay * w;
                    const REAL v = momentum * velocity[i] - learning_rate * g;
                    velocity[i] = v;
                    theta[i] = w + (a * v - b * g);)
}

KERNEL void FN(adam_update)(const update_rule *rule, REAL *restrict theta,
                            const REAL *restrict gradient, REAL *restrict moment_1,
                            REAL *restrict moment_2, ptrdiff_t n, ptrdiff_t tile,
                            double *restrict square_sums)
{
    const REAL learning_rate = (REAL)rule->learning_rate;
    const REAL decay = (REAL)rule->decay;
    const REAL beta_1 = (REAL)rule->settings[0];
    const REAL beta_2 = (REAL)rule->settings[1];
    const REAL rest_1 = (REAL)(1 - rule->settings[0]);
    const REAL rest_2 = (REAL)(1 - rule->settings[1]);
    const REAL epsilon = (REAL)rule->settings[2];
    FOR_EACH_WEIGHT(const REAL g = gradient[i] + decay * w;
                    const REAL m = beta_1 * moment_1[i] + rest_1 * g;
                    const REAL v = beta_2 * moment_2[i] + rest_2 * (g * g);
                    moment_1[i] = m;
                    moment_2[i] = v;
                    theta[i] = w - learning_rate * m / ((REAL)sqrt(v) + epsilon);)
}

INLINE void FN(update)(const update_rule *rule, REAL *theta, const REAL *gradient,
                       REAL *state_0, REAL *state_1, ptrdiff_t n, ptrdiff_t tile,
                       double *square_sums)
{
    switch (rule->kind) {
    case SGD:
        FN(sgd_update)(rule, theta, gradient, state_0, n, tile, square_sums);
        break;
    case ADAM:
        FN(adam_update)(rule, theta, gradient, state_0, state_1, n, tile, square_sums);
        break;
    }
}

#undef LANES
#undef SQUARE_AND
#undef FOR_EACH_WEIGHT
#undef DEFINE_FORWARD
#undef DEFINE_BACKWARD
#undef REAL
#undef FN
#undef INTEGER
#undef EXP_LOW
#undef EXP_HIGH
#undef LOG2E
#undef LN2_HIGH
#undef LN2_LOW
#undef ROUNDER
#undef EXPONENT_BIAS
#undef MANTISSA_BITS
#undef LOG_LOSS_LOW
#undef LOG_LOSS_HIGH
