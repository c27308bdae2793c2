/* The few calls of OpenMP that Cython has no word for, and what they mean without it. */

#ifndef SKLEARN_BP_THREADS_H
#define SKLEARN_BP_THREADS_H

#ifdef _OPENMP
#include <omp.h>
static inline void barrier(void)
{
#pragma omp barrier
}
static inline int max_threads(void) { return omp_get_max_threads(); }
static inline int team_size(void) { return omp_get_num_threads(); }
static inline int thread_number(void) { return omp_get_thread_num(); }
#else
static inline void barrier(void) {}
static inline int max_threads(void) { return 1; }
static inline int team_size(void) { return 1; }
static inline int thread_number(void) { return 0; }
#endif

#endif
