/* SPDX-License-Identifier: MIT
 *
 * One connection to the database, for the files of this layer that open and
 * look after it; statements are in store/sql.h. SQLite's own header is known
 * to sql.c alone.
 */
#ifndef ZAPI_STORE_CONNECTION_H
#define ZAPI_STORE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/sql.h"

enum zapi_sql_mode {
    ZAPI_SQL_READ,  /* cannot write */
    ZAPI_SQL_WRITE, /* the file is there already */
};

/* Waits at most wait_ms for a lock of another connection. NULL: *error. */
struct zapi_sql *zapi_sql_open(const char *path, enum zapi_sql_mode mode,
                               int wait_ms, struct zapi_error *error);
/* NULL is fine. */
void zapi_sql_close(struct zapi_sql *sql);
/* One or several statements without parameters; rows are thrown away. */
bool zapi_sql_script(struct zapi_sql *sql, const char *text);
/* The first column of the first row; `otherwise` when there is none. */
int64_t zapi_sql_ask(struct zapi_sql *sql, const char *text, int64_t otherwise);
/* Is a transaction open? SQLite ends some by itself after an error. */
bool zapi_sql_inside(const struct zapi_sql *sql);
/* Ends statements that were left half read: they would keep an old state of
 * the database alive. */
void zapi_sql_settle(struct zapi_sql *sql);
/* Did the last failure since zapi_sql_failed come from the disk, the memory or
 * a lock, and not from the statement? What it was, as static text; else NULL. */
const char *zapi_sql_trouble(const struct zapi_sql *sql);
/* Pages in the write-ahead log after this connection's last commit; 0: nothing
 * was committed since this was last asked. */
size_t zapi_sql_wal_pages(struct zapi_sql *sql);

#endif
