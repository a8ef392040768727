/* SPDX-License-Identifier: MIT
 *
 * See limits.h.
 */
#include "host/limits.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MIB           ((size_t)1 << 20)
#define LEAST_MEMORY  (4 * MIB) /* zapi itself needs about half of it */
#define LONGEST       86400.0
#define LEAST_BUDGET  0.01
#define STUCK_BUDGETS 10

bool zapi_limits_size(const char *text, size_t *out)
{
    static const char units[] = "KMG";
    const char *unit;
    char *end;
    unsigned long long n;
    unsigned shift = 0;
    if (*text < '0' || *text > '9') { /* strtoull takes blanks and signs */
        return false;
    }
    errno = 0;
    n = strtoull(text, &end, 10);
    if (*end) {
        unit = strchr(units, *end & ~0x20);
        shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
        if (!unit || end[1]) {
            return false;
        }
    }
    if (errno || n > (SIZE_MAX >> shift)) {
        return false;
    }
    *out = (size_t)n << shift;
    return true;
}

static bool read_seconds(const char *text, double *out)
{
    char *end;
    if (text) {
        *out = strtod(text, &end);
        return end != text && !*end && *out >= 0 && *out <= LONGEST;
    }
    return true;
}

bool zapi_limits_memory(const char *text, size_t *out)
{
    return zapi_limits_size(text, out) && (*out == 0 || *out >= LEAST_MEMORY);
}

bool zapi_limits_read(struct zapi_config *config, struct zapi_limits *out,
                      const char **bad)
{
    const char *budget = zapi_config_get(config, "ZAPIBOT_BUDGET");
    const char *stuck = zapi_config_get(config, "ZAPIBOT_STUCK");
    const char *memory = zapi_config_get(config, "ZAPIBOT_MEMORY");
    *out = (struct zapi_limits){.budget = 1, .memory = 256 * MIB, .grace = 30};
    if (!read_seconds(budget, &out->budget) ||
        (out->budget > 0 && out->budget < LEAST_BUDGET)) {
        *bad = "--budget takes seconds, like 1 or 0.5 (0: no limit)";
        return false;
    }
    out->stuck = STUCK_BUDGETS * (out->budget > 1 ? out->budget : 1);
    if (!read_seconds(stuck, &out->stuck) || out->stuck <= out->budget) {
        *bad = "ZAPIBOT_STUCK takes seconds, more than --budget";
        return false;
    }
    if (!read_seconds(zapi_config_get(config, "ZAPIBOT_GRACE"), &out->grace)) {
        *bad = "--grace takes seconds, like 30";
        return false;
    }
    if (memory && !zapi_limits_memory(memory, &out->memory)) {
        *bad = "--memory takes a size, like 256M (at least 4M; 0: no limit)";
        return false;
    }
    return true;
}
