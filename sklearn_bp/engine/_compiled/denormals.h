/* Numbers that are too small to be normal. */

#ifndef SKLEARN_BP_DENORMALS_H
#define SKLEARN_BP_DENORMALS_H

/* If no gradient reaches a unit, its moments decay until they are denormal, and
   arithmetic on denormals is many times slower. While the engine runs they count as
   zero, in each of its threads. */
#if defined(__SSE2__)
#include <xmmintrin.h>
#define FLUSH_TO_ZERO 0x8040u /* denormal results, and denormal operands */
static inline unsigned flush_denormals(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_TO_ZERO);
    return before;
}
static inline unsigned allow_denormals(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before & ~FLUSH_TO_ZERO);
    return before;
}
static inline void restore_denormals(unsigned before) { _mm_setcsr(before); }
#else
static inline unsigned flush_denormals(void) { return 0; }
static inline unsigned allow_denormals(void) { return 0; }
static inline void restore_denormals(unsigned before) { (void)before; }
#endif

#endif
