/* SPDX-License-Identifier: MIT
 *
 * What a script may use: time at a stretch, and memory. Read from the
 * configuration (--budget, --memory, ZAPIBOT_STUCK). Owns nothing.
 */
#ifndef ZAPI_HOST_LIMITS_H
#define ZAPI_HOST_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/config.h"

struct zapi_limits {
    double budget; /* seconds between two waits; 0: nobody looks */
    double stuck;  /* seconds until the process ends; more than budget */
    size_t memory; /* bytes of one script; 0: no limit */
    double grace;  /* seconds of a replaced generation */
};

/* false: *bad is one clear line (static). */
bool zapi_limits_read(struct zapi_config *config, struct zapi_limits *out,
                      const char **bad);
/* What --memory takes: a size that a state can live with, or 0. */
bool zapi_limits_memory(const char *text, size_t *out);
/* "256M": bytes, K, M or G. false: it is none, or does not fit. */
bool zapi_limits_size(const char *text, size_t *out);

#endif
