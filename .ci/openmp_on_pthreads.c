/* The part of GNU's OpenMP that the engine uses, on threads of pthreads that begin and
   end with each parallel region, so that a checker sees how they meet. */

#include <pthread.h>
#include <stdbool.h>

#define MOST_THREADS 64

typedef struct {
    void (*function)(void *);
    void *data;
    int number;
    int n_threads;
} member;

static __thread const member *self = NULL;

int omp_get_max_threads(void) { return 4; }
int omp_get_num_threads(void) { return self ? self->n_threads : 1; }
int omp_get_thread_num(void) { return self ? self->number : 0; }

static void *run(void *argument)
{
    const member *before = self;
    self = argument;
    self->function(self->data);
    self = before;
    return NULL;
}

void GOMP_parallel(void (*function)(void *), void *data, unsigned n_threads,
                   unsigned flags)
{
    pthread_t threads[MOST_THREADS];
    member members[MOST_THREADS];
    (void)flags;
    if (n_threads == 0 || n_threads > MOST_THREADS)
        n_threads = 4;
    for (unsigned i = 0; i < n_threads; i++)
        members[i] = (member){function, data, (int)i, (int)n_threads};
    for (unsigned i = 1; i < n_threads; i++)
        pthread_create(&threads[i], NULL, run, &members[i]);
    run(&members[0]);
    for (unsigned i = 1; i < n_threads; i++)
        pthread_join(threads[i], NULL);
}
