/* SPDX-License-Identifier: MIT
 *
 * What the writer thread asks about an event while it stores it: what it says
 * of people and sends (engine/effects.h), and which automations want it. It
 * touches only the people, the sends, the guard (which lock themselves) and,
 * under the hub's lock, the seats' subscriptions and the lists that it hands to
 * the loop. Start reading at zapi_hub_on_wanted.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"
#include "engine/effects.h"
#include "engine/hub_parts.h"
#include "engine/ingest.h"

void zapi_hub_on_merged(void *arg, const char *from, const char *to)
{
    struct zapi_hub *hub = arg;
    pthread_mutex_lock(&hub->lock);
    struct zapi_merge *m = &hub->merges[hub->nmerges++ % ZAPI_MERGES];
    strncpy(m->from, from, sizeof m->from - 1);
    strncpy(m->to, to, sizeof m->to - 1);
    pthread_mutex_unlock(&hub->lock);
    uv_async_send(&hub->async);
}

void zapi_hub_on_apply(void *arg, struct zapi_sql *sql, struct zapi_event *ev)
{
    struct zapi_hub *hub = arg;
    zapi_effects_apply(hub->effects, sql, ev);
}

static bool is_receipt(const struct zapi_event *ev)
{
    return strcmp(ev->type, "MessageStatusCallback") == 0 ||
           strcmp(ev->type, "DeliveryCallback") == 0;
}

/* "raw:NAME" may mean a type, a notification or a key of the payload: only the
 * script's filter knows. */
static bool name_covers(const char *name, const struct zapi_event *ev)
{
    if (strcmp(name, "*") == 0)
        return ev->keep && !is_receipt(ev);
    if (strncmp(name, "raw:", 4) == 0)
        return (ev->keep && !is_receipt(ev)) || strcmp(name + 4, ev->type) == 0;
    return zapi_kind_is(ev->kind, name);
}

static const char timer_type[] = "timer:"; /* and the automation */

static bool is_timer(const struct zapi_event *ev)
{
    return strncmp(ev->type, timer_type, sizeof timer_type - 1) == 0;
}

static bool desk_wants(const struct zapi_desk *desk,
                       const struct zapi_event *ev)
{
    if (is_timer(ev))
        return strcmp(ev->type + sizeof timer_type - 1, desk->name) == 0;
    for (char **name = desk->current->kinds; *name; name++)
        if (name_covers(*name, ev))
            return true;
    return false;
}

static uint64_t hash_of(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

/* The answer depends on kind and type, and a kind has one type but for raw
 * ones, whose name is the type. Under the lock. */
static bool wants_cached(struct zapi_desk *desk, const struct zapi_event *ev,
                         uint64_t hash)
{
    size_t i = hash % ZAPI_KIND_CACHE;
    if (!desk->cache[i].known || desk->cache[i].hash != hash) {
        desk->cache[i].hash = hash;
        desk->cache[i].wants = desk_wants(desk, ev);
        desk->cache[i].known = true;
    }
    return desk->cache[i].wants;
}

static bool names(char **list, const char *instance)
{
    while (list && *list && strcmp(*list, instance) != 0)
        list++;
    return list && *list;
}

/* The desks that have named the instance, with those that hear all; all, when
 * none has. Under the lock. */
static uint64_t claimants(struct zapi_hub *hub, const char *instance)
{
    uint64_t bits = 0, listeners = 0, hash = hash_of(instance);
    size_t at = hash % ZAPI_CLAIM_CACHE;
    if (hub->claims[at].known && hub->claims[at].hash == hash)
        return hub->claims[at].bits;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++) {
        const struct zapi_desk *desk = hub->desks[i];
        char **list = desk && desk->current ? desk->current->instances : NULL;
        if (names(list, instance))
            bits |= UINT64_C(1) << i;
        if (names(list, "*"))
            listeners |= UINT64_C(1) << i;
    }
    hub->claims[at].known = true;
    hub->claims[at].hash = hash;
    hub->claims[at].bits = bits ? bits | listeners : UINT64_MAX;
    return hub->claims[at].bits;
}

static void count_event(const struct zapi_event *ev, const char *result)
{
    char labels[120];
    zapi_metrics_label(labels, 80, "kind", ev->kind);
    strcat(labels, result);
    zapi_metrics_add(ZAPI_M_EVENTS, labels, 1);
    zapi_metrics_set(ZAPI_M_LAST_EVENT, NULL, ev->received_at);
}

uint64_t zapi_hub_on_wanted(void *arg, const struct zapi_event *ev)
{
    struct zapi_hub *hub = arg;
    uint64_t hash = hash_of(ev->kind) ^ (hash_of(ev->type) << 1), bits = 0;
    pthread_mutex_lock(&hub->lock);
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i] && hub->desks[i]->current &&
            wants_cached(hub->desks[i], ev, hash))
            bits |= UINT64_C(1) << i;
    if (hub->claimed && *ev->instance && !is_timer(ev))
        bits &= claimants(hub, ev->instance);
    pthread_mutex_unlock(&hub->lock);
    count_event(ev, bits ? ",result=\"stored\"" : ",result=\"unwanted\"");
    return bits;
}

/* ---- what is asked may change ---- */

/* Under the lock: what was found out of who wants what is not true any more. */
void zapi_hub_forget_answers(struct zapi_hub *hub, struct zapi_desk *desk)
{
    memset(desk->cache, 0, sizeof desk->cache);
    memset(hub->claims, 0, sizeof hub->claims);
    hub->claimed = false;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i] && hub->desks[i]->current &&
            hub->desks[i]->current->instances)
            hub->claimed = true;
}

void zapi_hub_subscribe(struct zapi_hub_seat *seat, const char *const *kinds)
{
    char **copy = zapi_strings_copy(kinds), **old = copy;
    if (!copy) {
        zapi_err("no memory for what '%s' subscribes to", seat->desk->name);
        return;
    }
    pthread_mutex_lock(&seat->desk->hub->lock);
    old = seat->kinds;
    seat->kinds = copy;
    memset(seat->desk->cache, 0, sizeof seat->desk->cache);
    pthread_mutex_unlock(&seat->desk->hub->lock);
    zapi_strings_free(old);
}
