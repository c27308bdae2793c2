/* What all checks share: their results, random numbers, and how far numbers differ. */

#ifndef CHECKS_H
#define CHECKS_H

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "kernels.h"

static int n_passed, n_failed;

static void check(int is_passed, const char *format, ...)
{
    va_list arguments;
    *(is_passed ? &n_passed : &n_failed) += 1;
    printf("%s  ", is_passed ? "pass" : "FAIL");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* Between -1 and 1. */
static double draw(void)
{
    static uint64_t state;
    return (double)(split_mix(state += GOLDEN) >> 11) * 0x1p-52 - 1;
}

/* What a product starts from. */
typedef enum { NOTHING, ROW, SUM } beginning;
enum { N_BEGINNINGS = 3 };

static void *allocate(size_t n_bytes)
{
    void *memory = malloc(n_bytes);
    if (!memory) {
        printf("no memory\n");
        exit(1);
    }
    return memory;
}

#define N_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

#endif
