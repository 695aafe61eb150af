/* Other threads: waiting for one without sleep, and keeping them out. */
#ifndef GRUC_WAIT_H
#define GRUC_WAIT_H

#include "portability.h"

/* Whether no other thread is where the flag stands, which is 0 at first. If so, this one is until gruc_leave. */
#if defined(_MSC_VER)
#include <intrin.h>
static inline int gruc_enter(volatile long *flag) { return !_InterlockedExchange(flag, 1); }
static inline void gruc_leave(volatile long *flag) { (void)_InterlockedExchange(flag, 0); }
#else
static inline int gruc_enter(volatile long *flag) { return !__atomic_exchange_n(flag, 1, __ATOMIC_ACQUIRE); }
static inline void gruc_leave(volatile long *flag) { __atomic_store_n(flag, 0, __ATOMIC_RELEASE); }
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

/* Until *counter is `value`, or so many microseconds have gone by. What the other thread
 * has written is not promised to be seen: that is for the lock that follows. */
static inline void gruc_spin(const volatile int *counter, int value, double microseconds)
{
    double end = gruc_now() + microseconds;
    while (*counter != value) {
        for (int i = 0; i < 32 && *counter != value; i++) {
#if defined(GRUC_X86_64)
            _mm_pause();
#elif defined(__GNUC__) && defined(__aarch64__)
            __asm__ volatile("yield");
#endif
        }
        if (gruc_now() > end) return;
    }
}

#endif
