/* SPDX-License-Identifier: MIT
 *
 * See left.h. Names are looked up by leaps through indexes, and only the rows
 * of those that nobody has are counted: a big file costs no more than a small
 * one. Start at zapi_left_each.
 */
#include "store/left.h"

#include <string.h>

enum { MOST = 16 };

struct turn {
    struct zapi_sql *sql;
    double now;
    zapi_left_known *known;
    void *arg;
    struct zapi_left rows[MOST];
    size_t n;
};

/* Each value of the first column of an index. */
#define LEAPS(column, table, where)                                    \
    "WITH RECURSIVE n(v) AS (SELECT min(" column ") FROM " table where \
    " UNION ALL SELECT (SELECT min(" column ") FROM " table where      \
    " AND " column ">n.v) FROM n WHERE n.v IS NOT NULL LIMIT 10000)"   \
    " SELECT v FROM n WHERE v IS NOT NULL"

static const char names_of_events[] = "SELECT name FROM automation";
static const char names_of_messages[] =
    LEAPS("automation", "send INDEXED BY send_queued", " WHERE state=0");
static const char names_of_timers[] =
    LEAPS("automation", "timer INDEXED BY timer_due", " WHERE 1");
static const char namespaces[] = LEAPS("ns", "kv", " WHERE 1");

static const char count_events[] =
    "SELECT count(*) FROM delivery WHERE state IN (0,1) AND"
    " automation=(SELECT id FROM automation WHERE name=?1)";
static const char count_questions[] =
    "SELECT count(*) FROM delivery WHERE state=3 AND"
    " automation=(SELECT id FROM automation WHERE name=?1)";
static const char count_messages[] =
    "SELECT count(*) FROM send WHERE state=0 AND automation=?1";
static const char count_timers[] =
    "SELECT count(*) FROM timer WHERE automation=?1";
static const char count_values[] =
    "SELECT count(*) FROM (SELECT 1 FROM kv WHERE ns=?1"
    " AND (expires IS NULL OR expires>?2) LIMIT 10000)";

static uint64_t count(struct turn *t, const char *text, const char *name)
{
    struct zapi_stmt *st = zapi_sql_begin(t->sql, text);
    int64_t n;
    zapi_sql_text(st, 1, name);
    if (text == count_values) {
        zapi_sql_real(st, 2, t->now);
    }
    n = zapi_sql_row(st) ? zapi_sql_get_int(st, 0) : 0;
    zapi_sql_end(st);
    return n > 0 ? (uint64_t)n : 0;
}

/* The row of a name that nobody has; NULL: somebody does, or there is no room. */
static struct zapi_left *row_of(struct turn *t, const char *name, size_t len)
{
    struct zapi_left *row = &t->rows[t->n];
    size_t i;
    if (len == 0 || len >= sizeof row->name) {
        return NULL;
    }
    for (i = 0; i < t->n; i++) {
        if (strlen(t->rows[i].name) == len &&
            memcmp(t->rows[i].name, name, len) == 0) {
            return &t->rows[i];
        }
    }
    if (t->n == MOST) {
        return NULL;
    }
    *row = (struct zapi_left){.events = 0};
    memcpy(row->name, name, len);
    if (t->known(t->arg, row->name)) {
        return NULL;
    }
    t->n++;
    return row;
}

static void each_name(struct turn *t, const char *text,
                      void (*found)(struct turn *t, const char *name))
{
    struct zapi_stmt *st = zapi_sql_begin(t->sql, text);
    while (zapi_sql_row(st)) {
        found(t, zapi_sql_get_text(st, 0));
    }
    zapi_sql_end(st);
}

static void add_name(struct turn *t, const char *name)
{
    row_of(t, name, strlen(name));
}

/* "NAME\2store" is a script's, "\1session:NAME" and "\1state:NAME" a bot's; the
 * others are of instances, or follow from these. */
static void add_namespace(struct turn *t, const char *ns)
{
    static const char *const ours[] = {"\1session:", "\1state:"};
    const char *name = NULL;
    size_t len = strcspn(ns, "\2"), i;
    struct zapi_left *row;
    if (ns[0] != '\1' && ns[len] == '\2') {
        name = ns;
    }
    for (i = 0; i < 2; i++) {
        if (strncmp(ns, ours[i], strlen(ours[i])) == 0) {
            name = ns + strlen(ours[i]);
            len = strlen(name);
        }
    }
    row = name ? row_of(t, name, len) : NULL;
    if (row) {
        row->values += count(t, count_values, ns);
    }
}

void zapi_left_each(struct zapi_sql *sql, double now, zapi_left_known *known,
                    zapi_left_visit *visit, void *arg)
{
    struct turn t = {.sql = sql, .now = now, .known = known, .arg = arg};
    size_t i;
    each_name(&t, names_of_events, add_name);
    each_name(&t, names_of_messages, add_name);
    each_name(&t, names_of_timers, add_name);
    each_name(&t, namespaces, add_namespace);
    for (i = 0; i < t.n; i++) {
        struct zapi_left *row = &t.rows[i];
        row->events = count(&t, count_events, row->name);
        row->questions = count(&t, count_questions, row->name);
        row->messages = count(&t, count_messages, row->name);
        row->timers = count(&t, count_timers, row->name);
        if (row->events + row->questions + row->messages + row->timers +
                row->values >
            0) {
            visit(arg, row);
        }
    }
}
