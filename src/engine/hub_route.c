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

/* Without memory the two stay apart until what they have now is done. */
void zapi_hub_on_merged(void *arg, const char *from, const char *to)
{
    struct zapi_hub *hub = arg;
    struct zapi_merge *m = calloc(1, sizeof *m);
    if (!m) {
        zapi_err("no memory to put two orders of one person into one");
        return;
    }
    m->until = atomic_load(&hub->applying);
    strncat(m->from, from, sizeof m->from - 1);
    strncat(m->to, to, sizeof m->to - 1);
    pthread_mutex_lock(&hub->lock);
    *hub->merges_end = m;
    hub->merges_end = &m->next;
    atomic_store(&hub->merging, true);
    pthread_mutex_unlock(&hub->lock);
    zapi_hub_wake(hub);
}

void zapi_hub_on_apply(void *arg, struct zapi_sql *sql, struct zapi_event *ev)
{
    struct zapi_hub *hub = arg;
    atomic_store(&hub->applying, ev->seq); /* before its order is chosen */
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

static bool seat_wants(const struct zapi_hub_seat *seat,
                       const struct zapi_event *ev)
{
    for (char **name = seat->kinds; *name; name++)
        if (name_covers(*name, ev))
            return true;
    return false;
}

uint64_t zapi_hub_hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h ^ h >> 32; /* its low bits alone choose a place */
}

/* The answer depends on kind and type, and a kind has one type but for raw
 * ones, whose name is the type. Under the lock. */
static const struct zapi_slots *wanting(struct zapi_hub *hub,
                                        const struct zapi_event *ev)
{
    uint64_t hash = zapi_hub_hash(ev->kind) ^ (zapi_hub_hash(ev->type) << 1);
    struct zapi_kind_row *row = &hub->kinds[hash % ZAPI_KIND_CACHE];
    if (row->known && row->hash == hash)
        return &row->slots;
    *row = (struct zapi_kind_row){.hash = hash, .known = true};
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        if (hub->desks[i] && hub->desks[i]->current &&
            seat_wants(hub->desks[i]->current, ev))
            zapi_slots_add(&row->slots, i);
    return &row->slots;
}

/* ---- whose instance it is; under the lock ---- */

/* The names that the current seat of a slot has given; may be NULL. */
static char **instances_of(const struct zapi_hub *hub, int slot)
{
    const struct zapi_desk *desk = hub->desks[slot];
    return desk && desk->current ? desk->current->instances : NULL;
}

/* Its row, or the free one where it belongs. */
static struct zapi_claim *claim_of(const struct zapi_claims *c,
                                   const char *instance)
{
    size_t at = zapi_hub_hash(instance) & c->mask;
    while (c->rows[at].instance && strcmp(c->rows[at].instance, instance) != 0)
        at = (at + 1) & c->mask;
    return &c->rows[at];
}

static void put_claims(struct zapi_claims *c, char **names, int slot)
{
    for (; names && *names; names++) {
        if (strcmp(*names, "*") == 0) {
            zapi_slots_add(&c->listeners, slot);
        } else if (c->rows) {
            struct zapi_claim *row = claim_of(c, *names);
            row->instance = *names;
            zapi_slots_add(&row->slots, slot);
        }
    }
}

/* At least half of the places stay free. */
static void read_claims(struct zapi_hub *hub)
{
    size_t n = 0, room = 16;
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        for (char **name = instances_of(hub, i); name && *name; name++)
            n++;
    while (room < 2 * n)
        room *= 2;
    free(hub->claims.rows);
    hub->claims = (struct zapi_claims){
        .known = true,
        .any = n > 0,
        .mask = room - 1,
        .rows = n > 0 ? calloc(room, sizeof *hub->claims.rows) : NULL};
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        put_claims(&hub->claims, instances_of(hub, i), i);
}

/* For want of a table. */
static struct zapi_slots look_through(const struct zapi_hub *hub,
                                      const char *instance)
{
    struct zapi_slots found = {{0}};
    for (int i = 0; i < ZAPI_AUTOMATIONS; i++)
        for (char **name = instances_of(hub, i); name && *name; name++)
            if (strcmp(*name, instance) == 0)
                zapi_slots_add(&found, i);
    return found;
}

/* Of an instance that some have named: they, and those that hear all. */
static void keep_claimants(struct zapi_hub *hub, const char *instance,
                           struct zapi_slots *wanted)
{
    struct zapi_claims *c = &hub->claims;
    if (!c->known)
        read_claims(hub);
    if (!c->any || !*instance)
        return;
    struct zapi_slots mine =
        c->rows ? claim_of(c, instance)->slots : look_through(hub, instance);
    if (zapi_slots_empty(&mine))
        return;
    zapi_slots_or(&mine, &c->listeners);
    zapi_slots_and(wanted, &mine);
}

/* ---- the answer ---- */

static void count_event(const struct zapi_event *ev, const char *result)
{
    char labels[120];
    zapi_metrics_label(labels, 80, "kind", ev->kind);
    strcat(labels, result);
    zapi_metrics_add(ZAPI_M_EVENTS, labels, 1);
    zapi_metrics_set(ZAPI_M_LAST_EVENT, NULL, ev->received_at);
}

void zapi_hub_on_wanted(void *arg, const struct zapi_event *ev,
                        struct zapi_slots *out)
{
    struct zapi_hub *hub = arg;
    pthread_mutex_lock(&hub->lock);
    if (is_timer(ev)) {
        const struct zapi_desk *desk =
            zapi_hub_desk_named(hub, ev->type + sizeof timer_type - 1);
        if (desk && desk->current)
            zapi_slots_add(out, desk->slot);
    } else {
        *out = *wanting(hub, ev);
        keep_claimants(hub, ev->instance, out);
    }
    pthread_mutex_unlock(&hub->lock);
    count_event(ev, zapi_slots_empty(out) ? ",result=\"unwanted\""
                                          : ",result=\"stored\"");
}

static void forget_kinds(struct zapi_hub *hub)
{
    memset(hub->kinds, 0, sizeof hub->kinds);
}

void zapi_hub_forget_answers(struct zapi_hub *hub)
{
    forget_kinds(hub);
    hub->claims.known = false;
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
    forget_kinds(seat->desk->hub);
    pthread_mutex_unlock(&seat->desk->hub->lock);
    zapi_strings_free(old);
}
