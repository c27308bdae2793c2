/* How a call of the engine ends before its work is done: on a signal such as Ctrl-C, or
   because the work was cancelled. */

#ifndef SKLEARN_BP_INTERRUPTS_H
#define SKLEARN_BP_INTERRUPTS_H

#include <Python.h>
#include <stdint.h>
#include <time.h>

#include "denormals.h"

#if defined(__GNUC__)
#define NOT_INLINE __attribute__((noinline, unused))
#define READ(flag) __atomic_load_n(&(flag), __ATOMIC_RELAXED)
#define WRITE(flag, value) __atomic_store_n(&(flag), value, __ATOMIC_RELAXED)
#define COUNT(counter) __atomic_add_fetch(&(counter), 1, __ATOMIC_RELAXED)
#else /* an aligned number is read and written in one piece */
#define NOT_INLINE
#define READ(flag) (*(volatile const int32_t *)&(flag))
#define WRITE(flag, value) (*(volatile int32_t *)&(flag) = (value))
#define COUNT(counter) (*(volatile int32_t *)&(counter) += 1)
#endif

/* What the threads of a call share. Thread 0, which called, looks for all of them. */
typedef struct {
    int32_t is_over;
    int hears_signals;           /* only Python's main thread does */
    const int32_t *is_cancelled; /* set by other threads; or NULL */
    int32_t *n_looks;            /* of all threads and calls, counted for tests */
    double seconds_per_hearing;
    double heard; /* when signals were last handled */
} interruption;

/* What belongs to a single thread. */
typedef struct {
    interruption *shared;
    int thread;
    double operations; /* since the last look */
    int n_meetings;
    /* At the last meeting, where all threads are told the same: whether to end, and
       whether to do so after this step only, see team.h. */
    int is_told;
    int is_cut;
} watchman;

/* Multiplications and additions from one look to the next: a millisecond, and ten of
   those times on sparse data. */
#define OPERATIONS_PER_LOOK 2e7

/* Signals are handled with the GIL, for which other threads of Python may let one wait
   for five milliseconds. */
#define SECONDS_PER_HEARING 0.05

static inline double seconds_of(struct timespec time)
{
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static inline double now(void)
{
    struct timespec time;
#ifdef CLOCK_MONOTONIC
    clock_gettime(CLOCK_MONOTONIC, &time);
#else
    timespec_get(&time, TIME_UTC);
#endif
    return seconds_of(time);
}

/* For how long the calling thread has been running, where that is known. */
static inline double own_time(void)
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec time;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0)
        return seconds_of(time);
#endif
    return now();
}

/* Handle signals; if one of the handlers raises, its exception stays set. */
static inline void hear(interruption *shared)
{
    const double passed = now() - shared->heard; /* negative if a clock is set */
    if (passed >= 0 && passed < shared->seconds_per_hearing)
        return;
    const unsigned denormals = allow_denormals();
    const PyGILState_STATE gil = PyGILState_Ensure();
    if (PyErr_CheckSignals() != 0)
        WRITE(shared->is_over, 1);
    PyGILState_Release(gil);
    restore_denormals(denormals);
    shared->heard = now();
}

NOT_INLINE static void look(watchman *watch)
{
    interruption *shared = watch->shared;
    if (watch->thread != 0 || READ(shared->is_over))
        return;
    if (shared->is_cancelled && READ(*shared->is_cancelled))
        WRITE(shared->is_over, 1);
    else if (shared->hears_signals)
        hear(shared);
}

NOT_INLINE static int count_and_look(watchman *watch, double operations)
{
    watch->operations += operations;
    if (watch->operations >= OPERATIONS_PER_LOOK) {
        watch->operations = 0;
        COUNT(*watch->shared->n_looks);
        look(watch);
    }
    return READ(watch->shared->is_over);
}

/* Whether the call is to end, asked beside so many multiplications and additions. What
   follows is then left out, and what it would have computed must not be used. Without a
   watchman, there are too few of them. */
static inline int is_interrupted(watchman *watch, double operations)
{
    return watch && count_and_look(watch, operations);
}

#endif
