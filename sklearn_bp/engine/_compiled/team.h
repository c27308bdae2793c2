/* What the engine needs from OpenMP, substitutes without it, and how threads meet. */

#ifndef SKLEARN_BP_TEAM_H
#define SKLEARN_BP_TEAM_H

#include <stdint.h>

#include "interrupts.h"

#ifdef _OPENMP
#include <omp.h>
static inline int max_threads(void) { return omp_get_max_threads(); }
static inline int team_size(void) { return omp_get_num_threads(); }
static inline int thread_number(void) { return omp_get_thread_num(); }
#else
static inline int max_threads(void) { return 1; }
static inline int team_size(void) { return 1; }
static inline int thread_number(void) { return 0; }
#endif

#define MOST_PROCESSORS 1024

/* Two cache lines: processors fetch them in pairs. */
#define FAR_APART 128

/* Where the threads of a team wait for each other, and which processors they are on.
   Threads that arrive do not disturb those that look for the next round. */
typedef struct {
    int n_here;
    char apart[FAR_APART];
    int round;
    int32_t told[2]; /* what a meeting tells, for even and for odd ones */
    char far_apart[FAR_APART];
    /* Of thread 0 alone: since when it counts how long it has waited, when that is too
       long, and whether it was. */
    double began;
    double waited;
    double patience;
    int32_t is_cut;
    uint32_t taken[MOST_PROCESSORS / 32];
} meeting_point;

/* What a meeting tells: to end, or to end after this step. */
#define OVER 1
#define CUT 2

/* The share of its time that the caller may spend waiting, after the first so many
   seconds, its patience. */
#define SHARE_OF_WAITING 0.25

/* Thread 0 begins to count. For tests: a negative patience is over at once. */
static inline void begin_slice(meeting_point *point, double patience)
{
    point->patience = patience;
    point->waited = 0;
    WRITE(point->is_cut, patience < 0);
    point->began = now();
}

/* Count what thread 0 has waited. No other thread has more to do: if it has to wait for
   long, one of them is not running, as the processors have other work. */
static inline void count_wait(meeting_point *point, double since)
{
    const double time = now();
    point->waited += time - since;
    if (point->waited > point->patience
        && point->waited > SHARE_OF_WAITING * (time - point->began))
        WRITE(point->is_cut, 1);
}

/* Seconds lost by waiting for a thread that was not running, 0 if all went well. */
static inline double lost_time(const meeting_point *point)
{
    return point->is_cut ? point->waited : 0;
}

static inline int32_t news(meeting_point *point, watchman *watch)
{
    return (READ(watch->shared->is_over) ? OVER : 0) | (READ(point->is_cut) ? CUT : 0);
}

#if defined(_OPENMP) && defined(__linux__) && defined(__GNUC__)
#include <sched.h>

/* Take a processor; returns whether it was free until now. */
static inline int take(meeting_point *point, int processor)
{
    if (processor < 0 || processor >= MOST_PROCESSORS)
        return 1;
    const uint32_t bit = (uint32_t)1 << (processor % 32);
    return !(__atomic_fetch_or(&point->taken[processor / 32], bit, __ATOMIC_RELAXED)
             & bit);
}

/* Leave a processor that another thread of the team is already on. Linux may wake a
   team on one and the same processor and only separate it at the next ticks of its
   clock, four or eight milliseconds later, while another processor is idle. The
   caller's own thread, number 0, stays where it is. */
static inline void find_place(meeting_point *point)
{
    cpu_set_t allowed, others;
    if (take(point, sched_getcpu()) || thread_number() == 0
        || sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    others = allowed;
    for (int i = 0; i < MOST_PROCESSORS && i < CPU_SETSIZE; i++)
        if (__atomic_load_n(&point->taken[i / 32], __ATOMIC_RELAXED) >> (i % 32) & 1)
            CPU_CLR(i, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0) {
        take(point, sched_getcpu());
        sched_setaffinity(0, sizeof allowed, &allowed); /* it now stays where it is */
    }
}

/* How often to look, for some tens of microseconds, before offering the processor to
   others. */
#define LOOKS 1000

static inline void look_again(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* as long as a pause, unlike "yield", which is nothing */
#endif
}

/* OpenMP's own barrier spins for milliseconds. If, because of other work, the thread
   that it waits for is queued for the same processor, that is a thousand times the work
   between two meetings.

   Whoever comes last says what all are told: what any of them has seen before. */
static inline void wait_for_team(meeting_point *point, int n_threads, int32_t *told,
                                 watchman *watch)
{
    const int round = __atomic_load_n(&point->round, __ATOMIC_ACQUIRE);
    double since = 0;
    if (__atomic_add_fetch(&point->n_here, 1, __ATOMIC_ACQ_REL) == n_threads) {
        *told = news(point, watch);
        __atomic_store_n(&point->n_here, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&point->round, round + 1, __ATOMIC_RELEASE);
        return;
    }
    for (int looks = 0; __atomic_load_n(&point->round, __ATOMIC_ACQUIRE) == round;)
        if (looks < LOOKS) {
            looks++;
            look_again();
        } else {
            if (watch->thread == 0 && since == 0)
                since = now();
            look(watch); /* the others may have far more left to do */
            sched_yield();
        }
    if (since != 0)
        count_wait(point, since);
}
#else
static inline void find_place(meeting_point *point) { (void)point; }
static inline void wait_for_team(meeting_point *point, int n_threads, int32_t *told,
                                 watchman *watch)
{
    const double since = watch->thread == 0 ? now() : 0;
    (void)n_threads;
    if (watch->thread == 0) /* which does not look while it waits */
        *told = news(point, watch);
#ifdef _OPENMP
#pragma omp barrier
#endif
    if (watch->thread == 0)
        count_wait(point, since);
}
#endif

/* The number of the next thing to do, of several that no two threads are to do. */
static inline int32_t take_next(int32_t *n_taken)
{
#ifdef __GNUC__
    return __atomic_fetch_add(n_taken, 1, __ATOMIC_RELAXED);
#else
    int32_t number;
#ifdef _OPENMP
#pragma omp critical(take_next)
#endif
    number = (*n_taken)++;
    return number;
#endif
}

/* Wait for the others; the watchman is then told whether to end. The next meeting tells
   in another place, since some may not have heard yet when it begins; the one after that
   only ends when all have been there. */
static inline void meet(meeting_point *point, int n_threads, watchman *watch)
{
    int32_t *told = &point->told[++watch->n_meetings & 1];
    wait_for_team(point, n_threads, told, watch);
    watch->is_told = (*told & OVER) != 0;
    watch->is_cut = (*told & CUT) != 0;
}

#endif
