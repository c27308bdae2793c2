/* Elementary functions that a compiler can vectorise. Included by kernels_template.h. */

/* exp(x) - 1 = 2^n (1 + p) - 1 with x = n ln 2 + r, |r| <= ln(2) / 2, and p the
   Taylor polynomial of exp(r) - 1. The two parts are returned separately, so that
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
    /* The rounder's own bits are shifted out. Half of the power is returned,
       as 2^128 is not a float; the caller doubles the result. */
    bits = (INTEGER)((uint64_t)(bits + (EXPONENT_BIAS - 1)) << MANTISSA_BITS);
    memcpy(power_of_two, &bits, sizeof bits);
#if IS_DOUBLE
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

/* exp(x) - 1 for x <= 20 */
INLINE REAL FN(expm1_)(REAL x)
{
    REAL half_power;
    const REAL p = FN(expm1_parts)(x, &half_power);
    const REAL power = 2 * half_power;
    return power * p + (power - 1);
}

/* tanh(x) = e / (e + 2) with e = exp(2 x) - 1; beyond |x| = 20 it is 1 in both
   types. */
INLINE REAL FN(tanh_)(REAL x)
{
    REAL bounded = x < -20 ? (REAL)-20 : x;
    bounded = bounded > 20 ? (REAL)20 : bounded;
    const REAL e = FN(expm1_)(2 * bounded);
    return e / (e + 2);
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + y) with y = exp(-|x|), and
   log(1 + y) = 2 artanh(s) = 2 (s + s^3 / 3 + ...) with s = y / (2 + y) <= 1 / 3. */
INLINE REAL FN(softplus)(REAL x)
{
    enum { TERMS = sizeof(REAL) == 8 ? 17 : 8 };
    const REAL y = FN(exponential)(x < 0 ? x : -x);
    const REAL s = y / (2 + y), square = s * s;
    REAL sum = 0;
    UNROLL
    for (int k = TERMS - 1; k >= 0; k--)
        sum = sum * square + (REAL)1 / (2 * k + 1);
    return (x < 0 ? 0 : x) + 2 * s * sum;
}

/* The normal distribution function at x, and its density. The tail is erfc(z) / 2 with
   z = |x| / sqrt(2) and erfc(z) = t exp(-z^2) f(2 t - 1) with t = 1 / (1 + z / 2); f is
   a Chebyshev series (Clenshaw, 1955), its coefficients computed from erfc to 50
   digits. */
INLINE REAL FN(normal)(REAL x, REAL *density)
{
    static const double coefficients[] = {
        5.770337386164696886e-1, 3.554369212704984873e-1, 6.509515882878652455e-2,
        3.671142395836639166e-3, -1.112844743352632497e-3, -1.607582991537807976e-4,
        3.27803157417313706e-5, 5.442441645505016033e-6, -1.515466555317148162e-6,
        -1.429760818116986492e-7, 8.234608827419493433e-8, -1.296284685230656254e-9,
        -4.154721631015198304e-9, 6.347058278362811181e-10, 1.432082271225622371e-10,
        -6.160390105204585542e-11, 2.061213855472169631e-12, 3.571493148847704445e-12,
        -8.586422843251796476e-13, -6.145600213790630554e-14, 7.418725748596617057e-14,
        -1.289504275503232562e-14, -2.358726385710632357e-15, 1.57293493816859114e-15,
        -2.278296623954646517e-16,
    };
    enum { TERMS = sizeof(REAL) == 8 ? 25 : 11 };
    const REAL z = (x < 0 ? -x : x) * (REAL)0.70710678118654752440;
    const REAL t = 1 / (1 + (REAL)0.5 * z), u = 2 * (2 * t - 1);
    REAL later = 0, sum = 0;
    UNROLL
    for (int k = TERMS - 1; k > 0; k--) {
        const REAL before = sum;
        sum = u * sum - later + (REAL)coefficients[k];
        later = before;
    }
    const REAL f = (REAL)0.5 * u * sum - later + (REAL)coefficients[0];
    const REAL e = FN(exponential)((REAL)-0.5 * x * x);
    const REAL tail = (REAL)0.5 * t * e * f;
    *density = e * (REAL)0.39894228040143267794;
    return x < 0 ? tail : 1 - tail;
}
