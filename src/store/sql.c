/* SPDX-License-Identifier: MIT
 *
 * Connections and prepared statements over SQLite. The connection owns its
 * statements, which are found by the address of their text in a small table
 * of chains; all are finalised in zapi_sql_close. Errors are kept in the
 * connection (`why`, `code`) until somebody asks, so that a job may bind and
 * run without looking at each step. Start at zapi_sql_begin.
 */
#include "store/sql.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store/connection.h"

enum { CHAINS = 64, CACHE_KIB = 16 * 1024 };

struct zapi_stmt {
    struct zapi_sql *sql;
    const char *text;
    sqlite3_stmt *st; /* NULL: could not be prepared */
    struct zapi_stmt *next;
};

struct zapi_sql {
    sqlite3 *db;
    struct zapi_stmt *chains[CHAINS];
    struct zapi_stmt none; /* stands for one that could not be made */
    size_t wal_pages;
    bool failed;
    int code; /* SQLite's, of the last failure */
    char why[256];
};

/* ---- errors ---- */

static void note(struct zapi_sql *sql, int code, const char *why)
{
    sql->failed = true;
    sql->code = code & 0xFF;
    snprintf(sql->why, sizeof sql->why, "%s", why);
}

static void note_db(struct zapi_sql *sql)
{
    note(sql, sqlite3_errcode(sql->db), sqlite3_errmsg(sql->db));
}

bool zapi_sql_failed(struct zapi_sql *sql, const char **why)
{
    bool failed = sql->failed;
    if (why)
        *why = failed ? sql->why : "";
    sql->failed = false;
    sql->code = SQLITE_OK;
    return failed;
}

const char *zapi_sql_trouble(const struct zapi_sql *sql)
{
    switch (sql->code) {
    case SQLITE_FULL:
        return "the disk is full";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return "the database is locked by another program";
    case SQLITE_IOERR:
        return "the disk cannot be written (full, too large or broken)";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return "the database may not be written";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "the database is damaged: restore a backup";
    case SQLITE_NOMEM:
        return "memory ended";
    default:
        return NULL;
    }
}

/* ---- connections ---- */

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct zapi_sql *sql = arg;
    (void)db;
    (void)name;
    sql->wal_pages = (size_t)pages;
    return SQLITE_OK;
}

/* SQLite's statistics of memory are a lock around each allocation, for all
 * threads. Refused when it has been started by somebody else: no harm. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool set_up(struct zapi_sql *sql, enum zapi_sql_mode mode, int wait_ms)
{
    char text[128];
    sqlite3_extended_result_codes(sql->db, 1);
    sqlite3_busy_timeout(sql->db, wait_ms);
    snprintf(text, sizeof text, "PRAGMA cache_size=-%d; PRAGMA temp_store=2",
             CACHE_KIB);
    if (!zapi_sql_script(sql, text))
        return false;
    if (mode == ZAPI_SQL_READ)
        return true;
    /* The hook takes the place of SQLite's own checkpoints inside COMMIT. */
    sqlite3_wal_hook(sql->db, on_commit, sql);
    /* What is deleted is overwritten where that writes no page more. (Some
     * builds of SQLite always do, and so write each page that becomes free.) */
    return zapi_sql_script(sql, "PRAGMA journal_mode=WAL;"
                                "PRAGMA synchronous=FULL;"
                                "PRAGMA secure_delete=FAST");
}

struct zapi_sql *zapi_sql_open(const char *path, enum zapi_sql_mode mode,
                               int wait_ms, struct zapi_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct zapi_sql *sql = calloc(1, sizeof *sql);
    int flags =
        mode == ZAPI_SQL_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (!sql) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a database");
        return NULL;
    }
    sql->none.sql = sql;
    pthread_once(&once, configure);
    if (sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOMUTEX, NULL) ==
            SQLITE_OK &&
        set_up(sql, mode, wait_ms))
        return sql;
    if (!sql->failed && sql->db)
        note_db(sql);
    zapi_error_set(error, ZAPI_E_IO, "%s: %s", path,
                   sql->failed ? sql->why : "cannot be opened");
    zapi_sql_close(sql);
    return NULL;
}

void zapi_sql_close(struct zapi_sql *sql)
{
    if (!sql)
        return;
    for (size_t i = 0; i < CHAINS; i++) {
        struct zapi_stmt *st = sql->chains[i];
        while (st) {
            struct zapi_stmt *next = st->next;
            sqlite3_finalize(st->st);
            free(st);
            st = next;
        }
    }
    sqlite3_close(sql->db);
    free(sql);
}

bool zapi_sql_script(struct zapi_sql *sql, const char *text)
{
    if (sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    note_db(sql);
    return false;
}

int64_t zapi_sql_ask(struct zapi_sql *sql, const char *text, int64_t otherwise)
{
    sqlite3_stmt *st = NULL;
    int64_t out = otherwise;
    int rc = sqlite3_prepare_v2(sql->db, text, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        out = sqlite3_column_int64(st, 0);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        note_db(sql);
    sqlite3_finalize(st);
    return out;
}

bool zapi_sql_inside(const struct zapi_sql *sql)
{
    return !sqlite3_get_autocommit(sql->db);
}

void zapi_sql_settle(struct zapi_sql *sql)
{
    sqlite3_stmt *st = NULL;
    while ((st = sqlite3_next_stmt(sql->db, st)))
        if (sqlite3_stmt_busy(st))
            sqlite3_reset(st);
}

size_t zapi_sql_wal_pages(struct zapi_sql *sql)
{
    size_t pages = sql->wal_pages;
    sql->wal_pages = 0;
    return pages;
}

int64_t zapi_sql_last_id(struct zapi_sql *sql)
{
    return sqlite3_last_insert_rowid(sql->db);
}

int64_t zapi_sql_changes(struct zapi_sql *sql)
{
    return sqlite3_changes64(sql->db);
}

/* ---- statements ---- */

static struct zapi_stmt *make(struct zapi_sql *sql, const char *text)
{
    struct zapi_stmt *st = calloc(1, sizeof *st);
    if (!st) {
        note(sql, SQLITE_NOMEM, "no memory for a statement");
        return NULL;
    }
    st->sql = sql;
    st->text = text;
    if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT,
                           &st->st, NULL) == SQLITE_OK)
        return st;
    note_db(sql);
    free(st); /* tried again next time: it may have been the disk */
    return NULL;
}

struct zapi_stmt *zapi_sql_begin(struct zapi_sql *sql, const char *text)
{
    struct zapi_stmt **chain =
        &sql->chains[((uintptr_t)text >> 3) * 2654435761u % CHAINS];
    for (struct zapi_stmt *st = *chain; st; st = st->next) {
        if (st->text == text) {
            sqlite3_reset(st->st);
            return st;
        }
    }
    struct zapi_stmt *st = make(sql, text);
    if (!st)
        return &sql->none;
    st->next = *chain;
    *chain = st;
    return st;
}

/* A parameter that is not there, or no memory. */
static void bound(struct zapi_stmt *st, int rc)
{
    if (rc != SQLITE_OK && st->st)
        note_db(st->sql);
}

void zapi_sql_int(struct zapi_stmt *st, int at, int64_t v)
{
    bound(st, sqlite3_bind_int64(st->st, at, v));
}

void zapi_sql_real(struct zapi_stmt *st, int at, double v)
{
    bound(st, sqlite3_bind_double(st->st, at, v));
}

void zapi_sql_textn(struct zapi_stmt *st, int at, const char *s, size_t n)
{
    bound(st,
          sqlite3_bind_text64(st->st, at, s, n, SQLITE_STATIC, SQLITE_UTF8));
}

void zapi_sql_text(struct zapi_stmt *st, int at, const char *s)
{
    zapi_sql_textn(st, at, s, s ? strlen(s) : 0);
}

void zapi_sql_blob(struct zapi_stmt *st, int at, const void *p, size_t n)
{
    bound(st, sqlite3_bind_blob64(st->st, at, p, n, SQLITE_STATIC));
}

void zapi_sql_null(struct zapi_stmt *st, int at)
{
    bound(st, sqlite3_bind_null(st->st, at));
}

bool zapi_sql_row(struct zapi_stmt *st)
{
    if (!st->st)
        return false;
    int rc = sqlite3_step(st->st);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        note_db(st->sql);
    sqlite3_reset(st->st);
    return false;
}

bool zapi_sql_run(struct zapi_stmt *st)
{
    int rc = st->st ? sqlite3_step(st->st) : SQLITE_ERROR;
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(st->st);
    if (rc != SQLITE_DONE && st->st)
        note_db(st->sql);
    sqlite3_reset(st->st);
    return rc == SQLITE_DONE;
}

void zapi_sql_end(struct zapi_stmt *st)
{
    sqlite3_reset(st->st);
}

int64_t zapi_sql_get_int(struct zapi_stmt *st, int col)
{
    return sqlite3_column_int64(st->st, col);
}

double zapi_sql_get_real(struct zapi_stmt *st, int col)
{
    return sqlite3_column_double(st->st, col);
}

const char *zapi_sql_get_text(struct zapi_stmt *st, int col)
{
    const unsigned char *s = sqlite3_column_text(st->st, col);
    return s ? (const char *)s : "";
}

const void *zapi_sql_get_blob(struct zapi_stmt *st, int col, size_t *n)
{
    const void *p = sqlite3_column_blob(st->st, col);
    *n = (size_t)sqlite3_column_bytes(st->st, col);
    return p;
}

bool zapi_sql_is_null(struct zapi_stmt *st, int col)
{
    return sqlite3_column_type(st->st, col) == SQLITE_NULL;
}
