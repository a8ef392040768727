/* SPDX-License-Identifier: MIT
 *
 * The tables. user_version counts the steps that a file has been through.
 *
 * Times are Unix seconds. `event.seq` comes from the inbox, which takes it
 * above every id that `seen`, `event` and `send` know: it is never used again,
 * as sends refer to it for weeks. A row of `seen` is an event that was
 * accepted, in the order of seq; `mid` is the hash of its message id. An order
 * that stands beside all others is "~" with the seq, so that the primary key of
 * `delivery` stays one. `event.pending` counts the deliveries left of it.
 * Namespaces of `kv` that begin with byte 1 are ours (store/kv.h). `timer.next`
 * is when a timer that repeats is due after `due`.
 */
#include "store/schema.h"

#include <stdio.h>

static const char *const steps[] = {
    "PRAGMA application_id=0x5A415049;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE automation(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
    /* ---- what came in ---- */
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, received_at REAL,"
    " instance TEXT, type TEXT, kind TEXT, message_id TEXT, chat TEXT,"
    " author TEXT, person TEXT, flags INTEGER, pending INTEGER, body TEXT);"
    "CREATE TABLE delivery(automation INTEGER, person TEXT, seq INTEGER,"
    " state INTEGER, attempts INTEGER, stuck INTEGER, offered INTEGER,"
    " by_script INTEGER, due REAL, ended REAL, reason TEXT,"
    " PRIMARY KEY(automation, person, seq)) WITHOUT ROWID;"
    "CREATE INDEX delivery_dead ON delivery(ended) WHERE state=2;"
    "CREATE TABLE seen(id INTEGER PRIMARY KEY, k0 INTEGER, k1 INTEGER,"
    " at REAL, mid INTEGER, author TEXT, mine INTEGER);"
    /* ---- people ---- */
    "CREATE TABLE alias(id TEXT PRIMARY KEY, person TEXT) WITHOUT ROWID;"
    "CREATE TABLE person(key TEXT PRIMARY KEY, phone TEXT, lid TEXT,"
    " name TEXT, at REAL) WITHOUT ROWID;"
    /* ---- what goes out ---- */
    "CREATE TABLE send(id INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER,"
    " created REAL, changed REAL, tried REAL, at REAL, expires REAL,"
    " tries INTEGER, reply INTEGER, event INTEGER, automation TEXT, step TEXT,"
    " key TEXT, instance TEXT, recipient TEXT, person TEXT, endpoint TEXT,"
    " lane TEXT, message_id TEXT, error_kind TEXT, error TEXT, args TEXT,"
    " result TEXT);"
    "CREATE UNIQUE INDEX send_step ON send(event, automation, step)"
    " WHERE event IS NOT NULL AND step IS NOT NULL;"
    "CREATE UNIQUE INDEX send_key ON send(automation, key)"
    " WHERE key IS NOT NULL;"
    "CREATE INDEX send_queued ON send(automation, at, id, person, lane)"
    " WHERE state=0;"
    "CREATE INDEX send_expires ON send(automation, expires)"
    " WHERE state=0 AND expires IS NOT NULL;"
    "CREATE INDEX send_again ON send(automation, person)"
    " WHERE state=0 AND tries>0;"
    "CREATE INDEX send_accepted ON send(changed) WHERE state=2;"
    "CREATE INDEX send_trouble ON send(person, automation, state)"
    " WHERE (state=1 OR state=7 OR state=8);"
    "CREATE TABLE lane(automation TEXT, name TEXT, paused INTEGER,"
    " PRIMARY KEY(automation, name)) WITHOUT ROWID;"
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;",
    /* ---- what scripts keep: values, and what is due later ---- */
    "CREATE TABLE kv(ns TEXT, k BLOB, v BLOB, expires REAL,"
    " PRIMARY KEY(ns, k)) WITHOUT ROWID;"
    "CREATE INDEX kv_expires ON kv(expires) WHERE expires IS NOT NULL;"
    "CREATE TABLE timer(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " automation TEXT NOT NULL, name TEXT NOT NULL,"
    " key TEXT NOT NULL DEFAULT '', due REAL NOT NULL, next REAL,"
    " interval REAL, cron TEXT, tz TEXT, chat TEXT, instance TEXT,"
    " payload TEXT, UNIQUE(automation, name, key));"
    "CREATE INDEX timer_due ON timer(due);",
    /* ---- the next timer of one automation among the many of all ---- */
    "DROP INDEX timer_due;"
    "CREATE INDEX timer_due ON timer(automation, due, id);",
};

enum { NEWEST = sizeof steps / sizeof *steps };

int zapi_schema_newest(void)
{
    return NEWEST;
}

static bool run_step(struct zapi_sql *sql, int version)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA user_version=%d; COMMIT", version + 1);
    if (zapi_sql_script(sql, "BEGIN IMMEDIATE") &&
        zapi_sql_script(sql, steps[version]) && zapi_sql_script(sql, mark))
        return true;
    if (zapi_sql_inside(sql))
        zapi_sql_script(sql, "ROLLBACK");
    return false;
}

bool zapi_schema_migrate(struct zapi_sql *sql, const char *path,
                         struct zapi_error *error)
{
    const char *why = "";
    zapi_sql_failed(sql, NULL);
    int64_t version = zapi_sql_ask(sql, "PRAGMA user_version", -1);
    int64_t tables = zapi_sql_ask(sql, "SELECT count(*) FROM sqlite_master", 0);
    if (zapi_sql_failed(sql, &why)) {
        zapi_error_set(error, ZAPI_E_IO,
                       "%s: %s; if it is damaged, restore a backup", path, why);
        return false;
    }
    if (version > NEWEST) {
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "%s was written by a newer zapibot (version %d of its "
                       "tables; this program knows %d): use that one",
                       path, (int)version, (int)NEWEST);
        return false;
    }
    if (version == 0 && tables > 0) {
        zapi_error_set(error, ZAPI_E_CONFIG, "%s is not a zapibot database",
                       path);
        return false;
    }
    for (int v = (int)version; v < NEWEST; v++) {
        if (run_step(sql, v))
            continue;
        zapi_sql_failed(sql, &why);
        zapi_error_set(error, ZAPI_E_IO,
                       "%s could not be brought to version %d: %s", path, v + 1,
                       why);
        return false;
    }
    return true;
}
