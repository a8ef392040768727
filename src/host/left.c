/* SPDX-License-Identifier: MIT
 *
 * See left.h. One warning for each name.
 */
#include "host/left.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/left.h"

struct here {
    struct zapi_hub *hub;
    struct zapi_fleet *fleet;
};

/* A bot may be called other than its script (zapi.bot.new {name = …}). */
static bool is_here(void *arg, const char *name)
{
    const struct here *here = arg;
    return zapi_hub_has(here->hub, name) || zapi_fleet_has(here->fleet, name);
}

static void add(struct zapi_buf *b, uint64_t n, const char *one,
                const char *many)
{
    if (n > 0) {
        zapi_buf_addf(b, "%s%" PRIu64 " %s", b->len > 0 ? ", " : "", n,
                      n == 1 ? one : many);
    }
}

static void warn(void *arg, const struct zapi_left *left)
{
    struct zapi_buf what;
    (void)arg;
    zapi_buf_init(&what, 400);
    add(&what, left->events, "event that waits", "events that wait");
    add(&what, left->questions, "open question", "open questions");
    add(&what, left->messages, "message to be sent", "messages to be sent");
    add(&what, left->timers, "timer", "timers");
    add(&what, left->values, "stored value", "stored values");
    zapi_warn("of '%s' there are %s, and no script here has that name: nobody "
              "goes on with them. If a script was renamed, give it the old "
              "name: automations = {[\"%s\"] = {script = \"NEW.lua\"}} in the "
              "file of --config; or all but zapi.store by zapi.bot.new {name "
              "= \"%s\"}",
              left->name, zapi_buf_str(&what), left->name, left->name);
    zapi_buf_free(&what);
}

void zapi_left_warn(struct zapi_hub *hub, struct zapi_fleet *fleet)
{
    struct here here = {hub, fleet};
    if (zapi_hub_db(hub)) {
        zapi_left_each(zapi_db_reader(zapi_hub_db(hub)), zapi_clock_now(),
                       is_here, warn, &here);
    }
}
