/* SPDX-License-Identifier: MIT
 *
 * See retry_after.h. Of the three ways in which HTTP dates were ever written
 * only the one that is still allowed is read. strptime is not used: it depends
 * on the locale, which a script may set.
 */
#include "engine/retry_after.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Wed, 21 Oct 2026 07:28:00 GMT" */
static time_t parse_date(const char *s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    const char *m;
    struct tm t = {.tm_isdst = 0};

    if (sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", &t.tm_mday,
               month, &t.tm_year, &t.tm_hour, &t.tm_min, &t.tm_sec) != 6)
        return 0;
    m = strstr(months, month);
    if (!m || strlen(month) != 3 || (m - months) % 3 != 0)
        return 0;
    t.tm_mon = (int)(m - months) / 3;
    t.tm_year -= 1900;
    return timegm(&t);
}

double zapi_retry_after(const char *value, time_t now)
{
    char *end;
    double seconds;

    if (*value >= 'A' && *value <= 'Z')
        seconds = difftime(parse_date(value), now);
    else {
        seconds = strtod(value, &end);
        if (*end != '\0')
            return 0;
    }
    return seconds > 0 && isfinite(seconds) ? seconds : 0;
}
