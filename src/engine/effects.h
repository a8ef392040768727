/* SPDX-License-Identifier: MIT
 *
 * What an event says beyond itself, applied when it is stored: who is who
 * (people), what became of our sends, who wrote to us (guard), and in whose
 * order it stands.
 */
#ifndef ZAPI_ENGINE_EFFECTS_H
#define ZAPI_ENGINE_EFFECTS_H

#include "engine/guard.h"
#include "store/people.h"
#include "store/sends.h"

struct zapi_effects;

struct zapi_effects_config {
    struct zapi_people *people; /* borrowed, all of them */
    struct zapi_sends *sends;   /* NULL in memory mode */
    struct zapi_guard *guard;
    /* Two keys turned out to be one person. Writer thread. */
    void (*merged)(void *arg, const char *from, const char *to);
    void *arg;
};

struct zapi_effects *zapi_effects_new(const struct zapi_effects_config *config);
void zapi_effects_delete(struct zapi_effects *fx);
/* The inbox's `apply`: writer thread (sql NULL: any one thread). Sets
 * ev->order. */
void zapi_effects_apply(struct zapi_effects *fx, struct zapi_sql *sql,
                        struct zapi_event *ev);

#endif
