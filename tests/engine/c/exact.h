/* The formulas that the loops approximate, in long double and by the C library. */

#ifndef EXACT_H
#define EXACT_H

#include "checks.h"

static long double exact_cdf(long double x) { return erfcl(-x / sqrtl(2)) / 2; }
static long double exact_gate(long double x) { return 1 / (1 + expl(-x)); }

/* Each activation, and its derivative by the net input. */
static long double exact_identity(long double x, long double *slope)
{
    *slope = 1;
    return x;
}
static long double exact_logistic(long double x, long double *slope)
{
    *slope = exact_gate(x) * exact_gate(-x);
    return exact_gate(x);
}
static long double exact_tanh(long double x, long double *slope)
{
    *slope = 1 / (coshl(x) * coshl(x));
    return tanhl(x);
}
static long double exact_relu(long double x, long double *slope)
{
    *slope = x > 0;
    return fmaxl(x, 0);
}
static long double exact_leaky_relu(long double x, long double *slope)
{
    *slope = x > 0 ? 1 : LEAKY_SLOPE;
    return x * *slope;
}
static long double exact_elu(long double x, long double *slope)
{
    *slope = x > 0 ? 1 : expl(x);
    return x > 0 ? x : expm1l(x);
}
static long double exact_selu(long double x, long double *slope)
{
    const long double y = exact_elu(x, slope), factor = x > 0 ? 1 : SELU_ALPHA;
    *slope *= SELU_SCALE * factor;
    return SELU_SCALE * factor * y;
}
static long double exact_softplus(long double x, long double *slope)
{
    *slope = exact_gate(x);
    return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}
static long double exact_gelu(long double x, long double *slope)
{
    *slope = exact_cdf(x) + x * expl(-x * x / 2) / sqrtl(2 * acosl(-1));
    return x * exact_cdf(x);
}
static long double exact_silu(long double x, long double *slope)
{
    *slope = exact_gate(x) + x * exact_gate(x) * exact_gate(-x);
    return x * exact_gate(x);
}
static long double exact_mish(long double x, long double *slope)
{
    long double gate;
    const long double t = tanhl(exact_softplus(x, &gate));
    *slope = t + x * (1 - t * t) * gate;
    return x * t;
}

#define NAME(name) #name,
static const char *const activation_names[] = {FOR_EACH_ACTIVATION(NAME, NAME)};
#undef NAME
#define FUNCTION(name) exact_##name,
static long double (*const exact_activations[])(long double, long double *) = {
    FOR_EACH_ACTIVATION(FUNCTION, FUNCTION)};
#undef FUNCTION

/* The share of a class of which the target says `y`, with smoothed labels. */
static long double smoothed(long double y, const double *settings, int n_classes)
{
    return y * (1 - settings[0]) + settings[0] / n_classes;
}

/* Each loss of an output z with the target y, and its derivative by z. */
static long double exact_squared_error(const double *settings, long double z,
                                       long double y, long double *slope)
{
    (void)settings;
    *slope = z - y;
    return (z - y) * (z - y) / 2;
}
static long double exact_absolute_error(const double *settings, long double z,
                                        long double y, long double *slope)
{
    (void)settings;
    *slope = copysignl(1, z - y);
    return fabsl(z - y);
}
static long double exact_huber(const double *settings, long double z, long double y,
                               long double *slope)
{
    const long double size = fabsl(z - y), bounded = fminl(size, settings[0]);
    *slope = copysignl(bounded, z - y);
    return bounded * (size - bounded / 2);
}
static long double exact_quantile(const double *settings, long double z, long double y,
                                  long double *slope)
{
    *slope = (z > y) - (long double)settings[0];
    return *slope * (z - y);
}
static long double exact_poisson(const double *settings, long double z, long double y,
                                 long double *slope)
{
    (void)settings;
    *slope = expl(z) - y;
    return expl(z) - y - (y > 0 ? y * (z - logl(y)) : 0);
}
static long double exact_gamma(const double *settings, long double z, long double y,
                               long double *slope)
{
    const long double ratio = y / expl(z);
    (void)settings;
    *slope = 1 - ratio;
    return ratio - logl(ratio) - 1;
}
static long double exact_binary_log_loss(const double *settings, long double z,
                                         long double y, long double *slope)
{
    const long double target = smoothed(y, settings, 2);
    *slope = exact_gate(z) - target;
    return -target * logl(exact_gate(z)) - (1 - target) * logl(exact_gate(-z));
}

#define exact_log_loss NULL /* a row has one target: see check_log_loss */
#define NAME(name, n_settings) {#name, n_settings, exact_##name},
static const struct {
    const char *name;
    int n_settings;
    long double (*of_output)(const double *, long double, long double, long double *);
} exact_losses[] = {FOR_EACH_LOSS(NAME)};
#undef NAME

/* One step of a weight w with the gradient g, its penalty included unless it is
   decoupled, and the states s. */
static long double exact_sgd(const update_rule *rule, long double w, long double g,
                             long double *s)
{
    const long double step = -rule->learning_rate * g;
    s[0] = rule->settings[0] * s[0] + step;
    return w + (rule->settings[1] ? rule->settings[0] * s[0] + step : s[0]);
}
static long double exact_adam(const update_rule *rule, long double w, long double g,
                              long double *s)
{
    s[0] += (1 - (long double)rule->settings[0]) * (g - s[0]);
    s[1] += (1 - (long double)rule->settings[1]) * (g * g - s[1]);
    return w - rule->learning_rate * s[0] / (sqrtl(s[1]) + rule->settings[2]);
}
static long double exact_adamw(const update_rule *rule, long double w, long double g,
                               long double *s)
{
    return exact_adam(rule, rule->kept * w, g, s);
}
static long double exact_rmsprop(const update_rule *rule, long double w, long double g,
                                 long double *s)
{
    s[0] += (1 - (long double)rule->settings[0]) * (g * g - s[0]);
    return w - rule->learning_rate * g / (sqrtl(s[0]) + rule->settings[1]);
}
static long double exact_rprop(const update_rule *rule, long double w, long double g,
                               long double *s)
{
    const int turns = g * s[0] < 0, goes_on = g * s[0] > 0;
    const long double length =
        s[1] * (turns ? rule->settings[0] : goes_on ? rule->settings[1] : 1);
    s[1] = fminl(fmaxl(length, rule->settings[2]), rule->settings[3]);
    s[0] = turns ? 0 : g;
    return turns ? w : w - rule->learning_rate * copysignl(s[1], g);
}

#endif
