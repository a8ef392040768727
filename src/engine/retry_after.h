/* SPDX-License-Identifier: MIT
 *
 * The header Retry-After: seconds, or a date as HTTP writes them.
 */
#ifndef ZAPI_ENGINE_RETRY_AFTER_H
#define ZAPI_ENGINE_RETRY_AFTER_H

#include <time.h>

/* Seconds from `now`; 0 when it is empty, past or not understood. */
double zapi_retry_after(const char *value, time_t now);

#endif
