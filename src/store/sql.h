/* SPDX-License-Identifier: MIT
 *
 * One connection and its prepared statements, for the files of this layer.
 * A statement is known by the address of its text, which is therefore a static
 * string: `static const char insert_event[] = "INSERT …";`. It is prepared at
 * first use and kept. Not thread-safe: one connection, one thread.
 *
 *   struct zapi_stmt *st = zapi_sql_begin(sql, insert_event);
 *   zapi_sql_text(st, 1, kind);
 *   ok = zapi_sql_run(st);            // INSERT, UPDATE, DELETE
 *
 *   st = zapi_sql_begin(sql, select_heads);
 *   while (zapi_sql_row(st)) … zapi_sql_get_int(st, 0) …
 *   zapi_sql_end(st);                 // needed when rows are left unread
 */
#ifndef ZAPI_STORE_SQL_H
#define ZAPI_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zapi_sql;
struct zapi_stmt;

/* Never NULL: a statement that cannot be prepared fails when it is run, and
 * the connection remembers (zapi_sql_failed). */
struct zapi_stmt *zapi_sql_begin(struct zapi_sql *sql, const char *text);
/* Parameters from 1; strings are borrowed until run/end. NULL text is NULL. */
void zapi_sql_int(struct zapi_stmt *st, int at, int64_t v);
void zapi_sql_real(struct zapi_stmt *st, int at, double v);
void zapi_sql_text(struct zapi_stmt *st, int at, const char *s);
void zapi_sql_textn(struct zapi_stmt *st, int at, const char *s, size_t n);
void zapi_sql_blob(struct zapi_stmt *st, int at, const void *p, size_t n);
void zapi_sql_null(struct zapi_stmt *st, int at);
/* To its end, then reset. false: the database's error, kept in the
 * connection. */
bool zapi_sql_run(struct zapi_stmt *st);
/* The next row; at the end (or at an error) false, and the statement is reset. */
bool zapi_sql_row(struct zapi_stmt *st);
void zapi_sql_end(struct zapi_stmt *st);
/* Columns from 0. Text is "" for NULL, borrowed until the next row or end. */
int64_t zapi_sql_get_int(struct zapi_stmt *st, int col);
double zapi_sql_get_real(struct zapi_stmt *st, int col);
const char *zapi_sql_get_text(struct zapi_stmt *st, int col);
const void *zapi_sql_get_blob(struct zapi_stmt *st, int col, size_t *n);
bool zapi_sql_is_null(struct zapi_stmt *st, int col);

int64_t zapi_sql_last_id(struct zapi_sql *sql);
int64_t zapi_sql_changes(struct zapi_sql *sql);
/* Did anything fail since this was last asked? `why` gets static-lifetime or
 * connection-owned text. */
bool zapi_sql_failed(struct zapi_sql *sql, const char **why);

#endif
