/* SPDX-License-Identifier: MIT
 *
 * Stands in for lua/generation.h and the fronts of a process until they are
 * there. To be removed with them.
 */
#include "lua/generation.h"

__attribute__((weak)) size_t zapi_rt_services(const struct zapi_rt *rt)
{
    (void)rt;
    return 0;
}

__attribute__((weak)) void zapi_rt_check(struct zapi_rt *rt, double seconds,
                                         zapi_rt_checked *done, void *arg)
{
    (void)rt, (void)seconds;
    done(arg, true, NULL);
}

__attribute__((weak)) bool zapi_rt_serve(struct zapi_rt *rt,
                                         struct zapi_rt *from,
                                         struct zapi_error *error)
{
    (void)rt, (void)from;
    zapi_error_set(error, ZAPI_E_CONFIG, "not yet");
    return false;
}

__attribute__((weak)) void zapi_rt_retire(struct zapi_rt *rt)
{
    (void)rt;
}
