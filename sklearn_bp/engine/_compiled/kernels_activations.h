/* Hidden layers: activations and their derivatives. Included by kernels_template.h. */

#define DEFINE_FORWARD(name, expression)                                      \
    KERNEL void FN(name)(REAL *restrict z, ptrdiff_t n)                       \
    {                                                                         \
        for (ptrdiff_t i = 0; i < n; i++) {                                   \
            const REAL x = z[i];                                              \
            z[i] = expression;                                                \
        }                                                                     \
    }

INLINE void FN(identity_forward)(REAL *z, ptrdiff_t n) { (void)z, (void)n; }
DEFINE_FORWARD(logistic_forward, FN(logistic)(x))
DEFINE_FORWARD(tanh_forward, FN(tanh_)(x))
DEFINE_FORWARD(relu_forward, x < 0 ? 0 : x) /* in this form, NaN stays NaN */
DEFINE_FORWARD(leaky_relu_forward, x < 0 ? (REAL)LEAKY_SLOPE * x : x)
DEFINE_FORWARD(elu_forward, x > 0 ? x : FN(expm1_)(x))
DEFINE_FORWARD(selu_forward, (REAL)SELU_SCALE
                                 * (x > 0 ? x : (REAL)SELU_ALPHA * FN(expm1_)(x)))
DEFINE_FORWARD(softplus_forward, FN(softplus)(x))

/* Activations whose derivative needs the net input: it is computed along with the
   function, to share what they have in common. */
#define DEFINE_WITH_SLOPE(name)                                               \
    DEFINE_FORWARD(name##_forward, FN(name)(x, NULL))                         \
    KERNEL void FN(name##_both)(REAL *restrict z, REAL *restrict slope,       \
                                ptrdiff_t n)                                  \
    {                                                                         \
        for (ptrdiff_t i = 0; i < n; i++) {                                   \
            const REAL x = z[i];                                              \
            z[i] = FN(name)(x, &slope[i]);                                    \
        }                                                                     \
    }

INLINE REAL FN(gelu)(REAL x, REAL *slope)
{
    REAL density;
    const REAL share = FN(normal)(x, &density);
    if (slope)
        *slope = share + x * density;
    return x * share;
}

INLINE REAL FN(silu)(REAL x, REAL *slope)
{
    const REAL gate = FN(logistic)(x);
    if (slope)
        *slope = gate * (1 + x * (1 - gate));
    return x * gate;
}

/* tanh(log(1 + e)) = m / (m + 2) with e = exp(x) and m = e (e + 2); beyond x = 20 it is
   1 in both types. */
INLINE REAL FN(mish)(REAL x, REAL *slope)
{
    const REAL e = FN(exponential)(x > 20 ? 20 : x);
    const REAL m = e * (e + 2), gate = m / (m + 2);
    if (slope)
        *slope = gate + x * (1 - gate * gate) * (e / (1 + e));
    return x * gate;
}

DEFINE_WITH_SLOPE(gelu)
DEFINE_WITH_SLOPE(silu)
DEFINE_WITH_SLOPE(mish)

/* a = g(z), in place. */
KERNEL void FN(activate)(activation kind, REAL *z, ptrdiff_t n)
{
    switch (kind) {
#define CASE(name) case name##_activation: FN(name##_forward)(z, n); break;
        FOR_EACH_ACTIVATION(CASE, CASE)
#undef CASE
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

INLINE void FN(identity_backward)(const REAL *outputs, REAL *delta, ptrdiff_t n)
{
    (void)outputs, (void)delta, (void)n;
}
DEFINE_BACKWARD(logistic_backward, delta[i] * (a * (1 - a)))
DEFINE_BACKWARD(tanh_backward, delta[i] * (1 - a * a))
DEFINE_BACKWARD(relu_backward, a > 0 ? delta[i] : 0)
DEFINE_BACKWARD(leaky_relu_backward, a > 0 ? delta[i] : (REAL)LEAKY_SLOPE * delta[i])
DEFINE_BACKWARD(elu_backward, a > 0 ? delta[i] : delta[i] * (a + 1))
DEFINE_BACKWARD(selu_backward,
                delta[i] * (a > 0 ? (REAL)SELU_SCALE
                                  : a + (REAL)(SELU_SCALE * SELU_ALPHA)))
DEFINE_BACKWARD(softplus_backward, delta[i] * -FN(expm1_)(-a))
DEFINE_BACKWARD(multiply, delta[i] * a)

/* delta = delta * g'(z), in place, from the outputs a = g(z). */
KERNEL void FN(derive)(activation kind, const REAL *outputs, REAL *delta,
                       ptrdiff_t n)
{
    switch (kind) {
#define OMIT(name)
#define CASE(name)                                                            \
    case name##_activation: FN(name##_backward)(outputs, delta, n); break;
        FOR_EACH_ACTIVATION(CASE, OMIT)
#undef CASE
    default: break; /* see activate_with_slope */
    }
}

/* a = g(z), in place, and slope = g'(z). */
KERNEL void FN(activate_with_slope)(activation kind, REAL *z, REAL *slope, ptrdiff_t n)
{
    switch (kind) {
#define CASE(name) case name##_activation: FN(name##_both)(z, slope, n); break;
        FOR_EACH_ACTIVATION(OMIT, CASE)
#undef CASE
#undef OMIT
    default:
        FN(activate)(kind, z, n);
        for (ptrdiff_t i = 0; i < n; i++)
            slope[i] = 1;
        FN(derive)(kind, z, slope, n);
    }
}

/* Dropout: each element is set to zero at random, or multiplied by `factor`. The twin
   of `Dropout.masks` in sklearn_bp/engine/_dropout.py: element i is decided by the i-th
   number after `key` of the generator SplitMix64 (Steele, Lea & Flood, 2014). */
KERNEL void FN(drop)(uint64_t key, uint64_t first, uint64_t threshold, REAL factor,
                     REAL *restrict a, REAL *restrict slope, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const uint64_t bits = split_mix(key + GOLDEN * (first + (uint64_t)i));
        const REAL mask = (bits >> 32) < threshold ? 0 : factor;
        a[i] *= mask;
        slope[i] *= mask;
    }
}

#undef DEFINE_FORWARD
#undef DEFINE_WITH_SLOPE
#undef DEFINE_BACKWARD
