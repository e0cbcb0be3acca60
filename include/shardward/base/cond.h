/*
 * cond - a condition variable that waits by the monotonic clock: nobody's clock that is set
 * makes a wait longer or shorter.
 */
#ifndef SW_BASE_COND_H
#define SW_BASE_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { SW_COND_FOR_EVER = -1 };

void sw_cond_init(pthread_cond_t *cond);
/* When @ms from now have passed, for the wait below; SW_COND_FOR_EVER: never. */
uint64_t sw_cond_in_ms(int ms);
/* Wait until somebody signals, as pthread_cond_wait() does. False: @until_ms has come. */
bool sw_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ms);

#endif
