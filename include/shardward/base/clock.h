/*
 * clock - microseconds of a monotonic clock, for measuring how long things take, and of the
 * wall's, for telling when they were. Costs some twenty nanoseconds, and no system call where
 * the kernel has a vDSO for its clock source.
 */
#ifndef SW_BASE_CLOCK_H
#define SW_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t sw_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t sw_clock_ms(void)
{
    return sw_clock_us() / 1000;
}

/* Since 1970. */
static inline uint64_t sw_clock_unix_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

#endif
