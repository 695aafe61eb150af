/* Work that threads share without Python: what is to be done, and where a thread is given it. */
#ifndef GRUC_TASK_H
#define GRUC_TASK_H

#include <stddef.h>

#include "../base/portability.h"

/* A number that threads change at once, and what is done to it. Each of these is also a barrier: what a thread
 * has written before is seen by one that reads the number after. */
typedef volatile long gruc_shared;

#if defined(_MSC_VER)
#include <intrin.h>
static inline long gruc_shared_read(gruc_shared *at) { return _InterlockedOr(at, 0); }
static inline long gruc_shared_swap(gruc_shared *at, long value) { return _InterlockedExchange(at, value); }
static inline long gruc_shared_count(gruc_shared *at) { return _InterlockedExchangeAdd(at, 1); }
static inline int gruc_shared_change(gruc_shared *at, long from, long to)
{
    return _InterlockedCompareExchange(at, to, from) == from;
}
#else
static inline long gruc_shared_read(gruc_shared *at) { return __atomic_load_n(at, __ATOMIC_SEQ_CST); }
static inline long gruc_shared_swap(gruc_shared *at, long value)
{
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);
}
static inline long gruc_shared_count(gruc_shared *at) { return __atomic_fetch_add(at, 1, __ATOMIC_SEQ_CST); }
/* Whether the number was `from`, and is now `to` */
static inline int gruc_shared_change(gruc_shared *at, long from, long to)
{
    return __atomic_compare_exchange_n(at, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
#endif

#if defined(_WIN32)
#include <windows.h>
static inline double gruc_now(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return 1e6 * (double)count.QuadPart / (double)frequency.QuadPart;
}
#else
#include <time.h>
static inline double gruc_now(void) /* microseconds */
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}
#endif

/* Items that do not depend on each other. Whoever is free takes the next one. */
typedef struct {
    void (*run)(void *items, size_t item, size_t slot); /* threads that run at once have different slots */
    void *items;
    size_t n_items;
    gruc_shared next;
} gruc_task;

/* Take items until none are left. */
static inline void gruc_work_on(gruc_task *task, size_t slot)
{
    size_t item;
    while ((item = (size_t)gruc_shared_count(&task->next)) < task->n_items)
        task->run(task->items, item, slot);
}

enum { GRUC_IDLE, GRUC_POSTED, GRUC_WORKING };

/* Where a thread waits for tasks, and the one that posts them for their end. Either sets its flag before it
 * goes to sleep; whoever resets the flag wakes it. */
typedef struct {
    gruc_shared state;
    gruc_shared worker_sleeps, poster_sleeps;
    gruc_task *task; /* NULL for work that is not in C */
    size_t slot;
} gruc_mailbox;

/* Wait without sleep until *at is `value`, or so many microseconds have gone by; returns whether it is. */
static inline int gruc_spin(gruc_shared *at, long value, double microseconds)
{
    double end = gruc_now() + microseconds;
    while (*at != value) {
        for (int i = 0; i < 32 && *at != value; i++) {
#if defined(GRUC_X86_64)
            _mm_pause();
#elif defined(__GNUC__) && defined(__aarch64__)
            __asm__ volatile("yield");
#endif
        }
        if (gruc_now() > end) break;
    }
    return gruc_shared_read(at) == value;
}

#endif
