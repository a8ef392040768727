/* SPDX-License-Identifier: MIT
 *
 * States of a send, what may become of what, and rows in memory: one block
 * each, the strings behind the struct. Start at `moves`.
 */
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/sends_parts.h"

static const char *const names[] = {
    [ZAPI_SEND_QUEUED] = "queued",       [ZAPI_SEND_SENDING] = "sending",
    [ZAPI_SEND_ACCEPTED] = "accepted",   [ZAPI_SEND_SENT] = "sent",
    [ZAPI_SEND_RECEIVED] = "received",   [ZAPI_SEND_READ] = "read",
    [ZAPI_SEND_PLAYED] = "played",       [ZAPI_SEND_FAILED] = "failed",
    [ZAPI_SEND_UNKNOWN] = "unknown",     [ZAPI_SEND_EXPIRED] = "expired",
    [ZAPI_SEND_CANCELLED] = "cancelled",
};

enum { STATES = sizeof names / sizeof *names };

#define TO(state) (1u << ZAPI_SEND_##state)
/* What the recipient's own telephone reports. */
#define ARRIVED (TO(RECEIVED) | TO(READ) | TO(PLAYED))

/* Callbacks repeat and come out of order, so a row never goes back on what they
 * say. Beside that:
 *
 * - queued is left by us alone. sending goes back to it only when nothing left
 *   (no connection, a limit).
 * - The errors that count come after accepted and sent, in the delivery
 *   callback; once a telephone has it, an error is about something else.
 * - Some of those errors are guesses ("Timeout on send message"): a failed one
 *   that a telephone reports has arrived. A late SENT does not prove as much.
 * - unknown becomes whatever is learnt; not queued: that is for a person
 *   (zapi_sends_requeue).
 */
static const unsigned moves[] = {
    [ZAPI_SEND_QUEUED] = TO(SENDING) | TO(FAILED) | TO(EXPIRED) | TO(CANCELLED),
    [ZAPI_SEND_SENDING] = TO(QUEUED) | TO(ACCEPTED) | TO(SENT) | ARRIVED |
                          TO(FAILED) | TO(UNKNOWN) | TO(EXPIRED) |
                          TO(CANCELLED),
    [ZAPI_SEND_ACCEPTED] = TO(SENT) | ARRIVED | TO(FAILED) | TO(UNKNOWN),
    [ZAPI_SEND_SENT] = ARRIVED | TO(FAILED),
    [ZAPI_SEND_RECEIVED] = TO(READ) | TO(PLAYED),
    [ZAPI_SEND_READ] = TO(PLAYED),
    [ZAPI_SEND_PLAYED] = 0,
    [ZAPI_SEND_FAILED] = ARRIVED,
    [ZAPI_SEND_UNKNOWN] = TO(ACCEPTED) | TO(SENT) | ARRIVED | TO(FAILED),
    [ZAPI_SEND_EXPIRED] = 0,
    [ZAPI_SEND_CANCELLED] = 0,
};

_Static_assert(sizeof moves / sizeof *moves == STATES, "a state has no moves");

bool zapi_send_may_move(enum zapi_send_state from, enum zapi_send_state to)
{
    return (unsigned)from < STATES && (unsigned)to < STATES &&
           (moves[from] >> to & 1u) != 0;
}

const char *zapi_send_state_name(enum zapi_send_state s)
{
    return (unsigned)s < STATES ? names[s] : "?";
}

bool zapi_send_state_find(const char *name, enum zapi_send_state *out)
{
    for (size_t i = 0; name && i < STATES; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum zapi_send_state)i;
            return true;
        }
    }
    return false;
}

/* ---- rows ---- */

#define AT(member) offsetof(struct zapi_send, member)

static const size_t strings[ZAPI_SENDS_STRINGS] = {
    AT(automation), AT(step),     AT(key),    AT(instance),   AT(recipient),
    AT(person),     AT(endpoint), AT(lane),   AT(message_id), AT(error_kind),
    AT(error),      AT(args),     AT(result),
};

const char **zapi_send_string(const struct zapi_send *row, size_t i)
{
    return (const char **)(void *)((char *)(uintptr_t)row + strings[i]);
}

struct zapi_send *zapi_send_copy(const struct zapi_send *row)
{
    size_t lens[ZAPI_SENDS_STRINGS], total = sizeof *row;
    for (size_t i = 0; i < ZAPI_SENDS_STRINGS; i++) {
        const char *s = *zapi_send_string(row, i);
        lens[i] = s ? strlen(s) + 1 : 0;
        total += lens[i];
    }
    struct zapi_send *copy = malloc(total);
    if (!copy) {
        return NULL;
    }
    *copy = *row;
    char *p = (char *)(copy + 1);
    for (size_t i = 0; i < ZAPI_SENDS_STRINGS; i++) {
        const char **s = zapi_send_string(copy, i);
        if (*s) {
            memcpy(p, *s, lens[i]);
            *s = p;
            p += lens[i];
        }
    }
    return copy;
}

void zapi_send_free(struct zapi_send *row)
{
    free(row);
}

void zapi_sends_read(struct zapi_stmt *st, struct zapi_send *out)
{
    *out = (struct zapi_send){
        .id = (uint64_t)zapi_sql_get_int(st, 0),
        .event = (uint64_t)zapi_sql_get_int(st, 1),
        .state = (enum zapi_send_state)zapi_sql_get_int(st, 2),
        .reply = zapi_sql_get_int(st, 3) != 0,
        .tries = (unsigned)zapi_sql_get_int(st, 4),
        .at = zapi_sql_get_real(st, 5),
        .expires = zapi_sql_get_real(st, 6),
        .created = zapi_sql_get_real(st, 7),
        .changed = zapi_sql_get_real(st, 8),
    };
    for (size_t i = 0; i < ZAPI_SENDS_STRINGS; i++) {
        int col = 9 + (int)i;
        if (!zapi_sql_is_null(st, col)) {
            *zapi_send_string(out, i) = zapi_sql_get_text(st, col);
        }
    }
}

static const char select_id[] =
    "SELECT " ZAPI_SENDS_COLUMNS " FROM send WHERE id=?";

struct zapi_send *zapi_sends_load(struct zapi_sql *sql, uint64_t id)
{
    struct zapi_send row, *copy = NULL;
    struct zapi_stmt *st = zapi_sql_begin(sql, select_id);
    zapi_sql_int(st, 1, (int64_t)id);
    if (zapi_sql_row(st)) {
        zapi_sends_read(st, &row);
        copy = zapi_send_copy(&row);
        zapi_sql_end(st);
    }
    return copy;
}

bool zapi_sends_fine(struct zapi_sql *sql)
{
    return !zapi_sql_trouble(sql) && !zapi_sql_failed(sql, NULL);
}
