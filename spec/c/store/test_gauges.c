/* SPDX-License-Identifier: MIT
 *
 * What is counted of the file: by meaning, and in a time that a broken script's
 * thousands of dead letters do not stretch.
 */
#include <time.h>

#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/gauges.h"
#include "store/schema.h"

static struct zapi_sql *sql;
static struct zapi_error error;

static void script(const char *text)
{
    CHECK(zapi_sql_script(sql, text));
}

static void open_file(void)
{
    const char *path = folder_file("g.db");
    fclose(fopen(path, "w"));
    sql = zapi_sql_open(path, ZAPI_SQL_WRITE, 100, &error);
    CHECK(sql && zapi_schema_migrate(sql, path, &error));
    script("INSERT INTO automation(id, name) VALUES(1, 'a'), (2, 'b')");
    script("INSERT INTO meta(name, value) VALUES('unclean_ends', 3)");
}

static struct zapi_gauges measure(double now)
{
    struct zapi_gauges g;
    zapi_sql_failed(sql, NULL);
    zapi_gauges_read(sql, now, &g);
    CHECK(!zapi_sql_failed(sql, NULL));
    return g;
}

/* `n` events from `first` on, each with a delivery in this state; received at
 * their number. */
static void put(int first, int n, int state)
{
    char text[700];
    snprintf(text, sizeof text,
             "BEGIN;"
             "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i+1 FROM n"
             " WHERE i<%d) INSERT INTO event(seq, received_at, person, pending)"
             " SELECT i, i, '~'||i, 1 FROM n;"
             "INSERT INTO delivery(automation, person, seq, state, ended)"
             " SELECT 1+seq%%2, person, seq, %d, iif(%d=2, seq, NULL)"
             " FROM event WHERE seq BETWEEN %d AND %d; COMMIT",
             first, first + n - 1, state, state, first, first + n - 1);
    script(text);
}

static void what_waits_is_neither_dead_nor_asked(void)
{
    open_file();
    CHECK(measure(100).oldest_seconds == 0);
    put(10, 2, 2);
    CHECK(measure(100).oldest_seconds == 0);
    CHECK_INT(measure(100).dead, 2);
    put(20, 2, 3); /* parked: a person has not answered yet */
    CHECK(measure(100).oldest_seconds == 0);
    put(30, 2, 0);
    CHECK(measure(100).oldest_seconds == 70);
    put(25, 1, 1); /* put off until 90 */
    script("UPDATE delivery SET due=90 WHERE seq=25");
    CHECK(measure(80).oldest_seconds == 50);
    CHECK(measure(100).oldest_seconds == 75);
    CHECK(measure(5).oldest_seconds == 0); /* the clock was set back */
    CHECK_INT(measure(100).unclean, 3);
    zapi_sql_close(sql);
}

static void many_dead_letters(void)
{
    struct timespec a, b;
    open_file();
    put(1, 20000, 2);
    put(20001, 1, 0);
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK(measure(20101).oldest_seconds == 100);
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (b.tv_sec - a.tv_sec > 3) /* 0.02 s; minutes, if looked at for each */
        CHECK_INT(b.tv_sec - a.tv_sec, 0);
    zapi_sql_close(sql);
}

#define EACH(fn)         \
    do {                 \
        folder_make();   \
        RUN(fn);         \
        folder_remove(); \
    } while (0)

int main(void)
{
    EACH(what_waits_is_neither_dead_nor_asked);
    EACH(many_dead_letters);
    return CHECK_END();
}
