/* Numbers that are too small to be normal. */

#ifndef SKLEARN_BP_DENORMALS_H
#define SKLEARN_BP_DENORMALS_H

/* If no gradient reaches a unit, its moments decay until they are denormal, and
   arithmetic on denormals is many times slower. While the engine runs they count as
   zero, in each of its threads. */
#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define FLUSH_TO_ZERO 0x8040u /* denormal results, and denormal operands */
static inline unsigned float_control(void) { return _mm_getcsr(); }
static inline void set_float_control(unsigned control) { _mm_setcsr(control); }
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#define FLUSH_TO_ZERO 0x1000000u /* both */
static inline unsigned float_control(void)
{
    unsigned long control; /* the upper half of the register is not used */
    __asm__ volatile("mrs %0, fpcr" : "=r"(control) : : "memory");
    return (unsigned)control;
}
static inline void set_float_control(unsigned control)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long)control) : "memory");
}
#else
#define FLUSH_TO_ZERO 0u
static inline unsigned float_control(void) { return 0; }
static inline void set_float_control(unsigned control) { (void)control; }
#endif

static inline unsigned flush_denormals(void)
{
    const unsigned before = float_control();
    set_float_control(before | FLUSH_TO_ZERO);
    return before;
}
static inline unsigned allow_denormals(void)
{
    const unsigned before = float_control();
    set_float_control(before & ~FLUSH_TO_ZERO);
    return before;
}
static inline void restore_denormals(unsigned before) { set_float_control(before); }

#endif
