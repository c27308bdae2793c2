/* Optimizers and the penalty. Included by kernels_template.h.

   Each pass over weights also sums the squares of the weights before the step, for the
   penalty, and of the gradient, for its norm: one sum for every `tile` elements, made
   of PARTIAL_SUMS independent sums, which a compiler keeps in vectors and which do not
   wait for each other. The statements set g, the gradient of weight w at i.

   If the squares of the gradient overflow, they are summed once more, scaled: `added` is
   what is missing from the gradient in memory, in multiples of the weights; that these
   have made their step by then is of no account. */

#define PARTIAL_SUMS 16
#define SQUARES_AND(statements)                                               \
    {                                                                         \
        const ptrdiff_t i = first + s;                                        \
        const REAL w = theta[i];                                              \
        squares[s] += w * w;                                                  \
        statements                                                            \
        gradient_squares[s] += g * g;                                         \
    }

#define FOR_EACH_WEIGHT(added, statements)                                    \
    for (ptrdiff_t start = 0; start < n; start += tile) {                     \
        const ptrdiff_t stop = n - start < tile ? n : start + tile;           \
        REAL squares[PARTIAL_SUMS] = {0};                                     \
        REAL gradient_squares[PARTIAL_SUMS] = {0};                            \
        ptrdiff_t first = start;                                              \
        for (; first + PARTIAL_SUMS <= stop; first += PARTIAL_SUMS)           \
            for (int s = 0; s < PARTIAL_SUMS; s++)                            \
                SQUARES_AND(statements)                                       \
        for (int s = 0; s < (int)(stop - first); s++)                         \
            SQUARES_AND(statements)                                           \
        for (int half = PARTIAL_SUMS / 2; half > 0; half /= 2)                \
            for (int s = 0; s < half; s++) {                                  \
                squares[s] += squares[s + half];                              \
                gradient_squares[s] += gradient_squares[s + half];            \
            }                                                                 \
        sums->weights = squares[0];                                           \
        sums->gradient = gradient_squares[0];                                 \
        if (isinf(sums->gradient))                                            \
            sums->scaled_gradient = FN(scaled_squares)(                       \
                gradient + start, theta + start, added, stop - start);        \
        sums++;                                                               \
    }

COLD double FN(scaled_squares)(const REAL *gradient, const REAL *theta, double added,
                               ptrdiff_t n)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const double g = GRADIENT_SCALE * gradient[i] + GRADIENT_SCALE * added * theta[i];
        sum += g * g;
    }
    return sum;
}

/* The penalty's part of the gradient, decay * theta, added to it. */
KERNEL void FN(penalize)(double weight_decay, const REAL *restrict theta,
                         REAL *restrict gradient, ptrdiff_t n, ptrdiff_t tile,
                         square_sums *restrict sums)
{
    const REAL decay = (REAL)weight_decay;
    FOR_EACH_WEIGHT(0, const REAL g = gradient[i] + decay * w; gradient[i] = g;)
}

/* The twins of `step` in sklearn_bp/training/_optimizers.py; the penalty's part of the
   gradient is added on the way. */

#define DEFINE_UPDATE(name, constants, statements)                            \
    KERNEL void FN(name)(const update_rule *rule, REAL *restrict theta,       \
                         const REAL *restrict gradient,                       \
                         REAL *restrict state_0, REAL *restrict state_1,      \
                         REAL *restrict state_2, ptrdiff_t n, ptrdiff_t tile, \
                         square_sums *restrict sums)                          \
    {                                                                         \
        const REAL learning_rate = (REAL)rule->learning_rate;                 \
        const REAL decay = (REAL)rule->decay;                                 \
        constants                                                             \
        FOR_EACH_WEIGHT(decay, const REAL g = gradient[i] + decay * w; statements) \
    }

/* The rule of an optimizer that decouples its penalty multiplies w by rule->kept. */

/* state_0: the velocity. step = a * velocity - b * g: with and without the look ahead. */
DEFINE_UPDATE(sgd_update,
              const REAL momentum = (REAL)rule->settings[0];
              const REAL a = rule->settings[1] ? momentum : 1;
              const REAL b = rule->settings[1] ? learning_rate : 0;,
              const REAL v = momentum * state_0[i] - learning_rate * g;
              state_0[i] = v;
              theta[i] = w + (a * v - b * g);)

/* Adam and AdamW; state_0 and state_1: the first and the second moment. */
DEFINE_UPDATE(adam_update,
              const REAL kept = (REAL)rule->kept;
              const REAL beta_1 = (REAL)rule->settings[0];
              const REAL beta_2 = (REAL)rule->settings[1];
              const REAL rest_1 = (REAL)(1 - rule->settings[0]);
              const REAL rest_2 = (REAL)(1 - rule->settings[1]);
              const REAL epsilon = (REAL)rule->settings[2];,
              const REAL m = beta_1 * state_0[i] + rest_1 * g;
              const REAL v = beta_2 * state_1[i] + rest_2 * (g * g);
              state_0[i] = m;
              state_1[i] = v;
              theta[i] = kept * w - learning_rate * m / ((REAL)sqrt(v) + epsilon);)

/* state_0: the second moment. */
DEFINE_UPDATE(rmsprop_update,
              const REAL rho = (REAL)rule->settings[0];
              const REAL rest = (REAL)(1 - rule->settings[0]);
              const REAL epsilon = (REAL)rule->settings[1];,
              const REAL v = rho * state_0[i] + rest * (g * g);
              state_0[i] = v;
              theta[i] = w - learning_rate * g / ((REAL)sqrt(v) + epsilon);)

/* state_0: the gradient before; state_1: the length of the step, in learning rates. */
DEFINE_UPDATE(rprop_update,
              const REAL shrink = (REAL)rule->settings[0];
              const REAL grow = (REAL)rule->settings[1];
              const REAL shortest = (REAL)rule->settings[2];
              const REAL longest = (REAL)rule->settings[3];,
              const REAL sign = (REAL)((g > 0) - (g < 0));
              const REAL before = (REAL)((state_0[i] > 0) - (state_0[i] < 0));
              const REAL turn = sign * before;
              REAL length = state_1[i] * (turn > 0 ? grow : turn < 0 ? shrink : 1);
              length = length < shortest ? shortest : length;
              length = length > longest ? longest : length;
              state_1[i] = length;
              state_0[i] = turn < 0 ? 0 : g;
              theta[i] = w - (turn < 0 ? 0 : learning_rate * length * sign);)

/* The step of n weights from `offset` on, with their gradient. */
KERNEL void FN(update)(const update_rule *rule, REAL *theta, const REAL *gradient,
                       ptrdiff_t offset, ptrdiff_t n, ptrdiff_t tile,
                       square_sums *sums)
{
    REAL *state[MOST_ARRAYS];
    for (int i = 0; i < MOST_ARRAYS; i++)
        state[i] = (REAL *)rule->state[i] + offset;
    switch (rule->kind) {
#define CASE(name, rule_name, factor, n_settings, n_arrays)                   \
    case name##_optimizer:                                                    \
        FN(rule_name##_update)(rule, theta + offset, gradient, state[0],      \
                               state[1], state[2], n, tile, sums);            \
        break;
        FOR_EACH_OPTIMIZER(CASE)
#undef CASE
    }
}

#undef PARTIAL_SUMS
#undef SQUARES_AND
#undef FOR_EACH_WEIGHT
#undef DEFINE_UPDATE
