/* SPDX-License-Identifier: MIT
 *
 * `zapibot status`, `backup` and `forget`. Nothing is kept here. Start at
 * zapi_admin_status.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/admin_turn.h"
#include "store/connection.h"

#define ERRORS 5

/* ---- status ---- */

static double first_real(struct zapi_sql *sql, const char *text)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    double v = zapi_sql_row(st) ? zapi_sql_get_real(st, 0) : 0;
    zapi_sql_end(st);
    return v;
}

static void put_database(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char backup[] =
        "SELECT value FROM meta WHERE name='backup_at'";
    static const char ends[] =
        "SELECT value FROM meta WHERE name='unclean_ends'";
    struct zapi_db_stats stats;
    zapi_db_stats(t->admin->db, &stats);
    zapi_put_open(t->out, "database", '{');
    zapi_put_str(t->out, "file", zapi_db_path(t->admin->db));
    zapi_put_int(t->out, "bytes", (int64_t)stats.file_bytes);
    zapi_put_int(t->out, "wal_bytes", (int64_t)stats.wal_bytes);
    zapi_put_bool(t->out, "writable", !stats.stuck);
    zapi_put_int(t->out, "unclean_ends", (int64_t)first_real(sql, ends));
    zapi_put_time(t->out, "backup_at", first_real(sql, backup));
    zapi_put_close(t->out, '}');
}

static void put_chats(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char deepest[] =
        "SELECT a.name,d.person,count(*),min(e.received_at) FROM delivery d"
        " JOIN automation a ON a.id=d.automation"
        " LEFT JOIN event e ON e.seq=d.seq WHERE d.state<>2"
        " AND substr(d.person,1,1)<>'~' GROUP BY 1,2"
        " ORDER BY 3 DESC,2 LIMIT ?1";
    struct zapi_stmt *st = zapi_sql_begin(sql, deepest);
    zapi_sql_int(st, 1, (int64_t)t->rq.limit);
    zapi_put_open(t->out, "chats", '[');
    while (zapi_sql_row(st)) {
        zapi_put_open(t->out, NULL, '{');
        zapi_put_str(t->out, "automation", zapi_sql_get_text(st, 0));
        zapi_put_str(t->out, "chat", zapi_sql_get_text(st, 1));
        zapi_put_int(t->out, "waiting", zapi_sql_get_int(st, 2));
        zapi_put_time(t->out, "oldest_at", zapi_sql_get_real(st, 3));
        zapi_put_close(t->out, '}');
    }
    zapi_put_close(t->out, ']');
}

/* Rows of the bot layer's own namespaces, as they are: only it knows what is in
 * them (lua/zapi/host/tools/lib/chats.lua). A huge one is left out. */
static void put_kept(struct zapi_admin_turn *t, struct zapi_sql *sql,
                     const char *what)
{
    static const char rows[] =
        "SELECT ns,hex(k),CASE WHEN length(v)<=65536 THEN hex(v) ELSE '' END"
        " FROM kv WHERE ns>=?1 AND ns<?2 AND (expires IS NULL OR expires>?3)"
        " ORDER BY ns,k LIMIT ?4";
    char from[32], to[32];
    snprintf(from, sizeof from, "\1%s:", what);
    snprintf(to, sizeof to, "\1%s;", what); /* the byte behind ':' */
    struct zapi_stmt *st = zapi_sql_begin(sql, rows);
    zapi_sql_text(st, 1, from);
    zapi_sql_text(st, 2, to);
    zapi_sql_real(st, 3, t->now);
    zapi_sql_int(st, 4, (int64_t)t->rq.limit);
    while (zapi_sql_row(st)) {
        zapi_put_open(t->out, NULL, '{');
        zapi_put_str(t->out, "what", what);
        zapi_put_str(t->out, "of", zapi_sql_get_text(st, 0) + strlen(what) + 2);
        zapi_put_str(t->out, "key", zapi_sql_get_text(st, 1));
        zapi_put_str(t->out, "value", zapi_sql_get_text(st, 2));
        zapi_put_close(t->out, '}');
    }
}

bool zapi_admin_status(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char last[] = "SELECT at FROM seen ORDER BY id DESC LIMIT 1";
    const char *live = t->admin->live;
    zapi_put_bool(t->out, "running", live != NULL);
    if (live && *live) {
        zapi_put_key(t->out, NULL);
        zapi_buf_adds(t->out, live);
    }
    put_database(t, sql);
    zapi_put_time(t->out, "last_event_at", first_real(sql, last));
    zapi_admin_put_automations(t->out, sql);
    zapi_admin_put_sends(t->out, sql);
    zapi_admin_put_errors(t, sql, ERRORS);
    if (t->rq.chats) {
        put_chats(t, sql);
        zapi_put_open(t->out, "kept", '[');
        put_kept(t, sql, "state");
        put_kept(t, sql, "open");
        put_kept(t, sql, "handover");
        zapi_put_close(t->out, ']');
    }
    return true;
}

/* ---- backup ---- */

/* In the file itself: the copy then says of when it is. */
static bool note_backup(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    static const char note[] =
        "INSERT INTO meta(name,value) VALUES('backup_at',?1)"
        " ON CONFLICT(name) DO UPDATE SET value=?1";
    struct zapi_stmt *st = zapi_sql_begin(sql, note);
    zapi_sql_real(st, 1, t->now);
    return zapi_sql_run(st);
}

/* A backup is made beside the one that it replaces: there is always one. */
static bool replace(struct zapi_admin_turn *t, const char *file)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    char fresh[4200];
    snprintf(fresh, sizeof fresh, "%s.new", file);
    unlink(fresh); /* of a backup that was cut off */
    if (!zapi_db_backup(t->admin->db, fresh, &error)) {
        return zapi_admin_fail(t, "%s", error.message);
    }
    if (rename(fresh, file) != 0) {
        zapi_admin_fail(t, "%s: %s", file, strerror(errno));
        unlink(fresh);
        return false;
    }
    return true;
}

bool zapi_admin_backup(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    const char *file = t->rq.file;
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct stat st;
    bool there = lstat(file, &st) == 0;
    (void)sql;
    if (file[0] != '/') {
        return zapi_admin_fail(t, "which file?");
    }
    if (there && !t->rq.force) {
        return zapi_admin_fail(t, "%s exists: --force replaces it", file);
    }
    if (there && !S_ISREG(st.st_mode)) {
        return zapi_admin_fail(t, "%s is no file", file);
    }
    if (!zapi_admin_write(t, note_backup)) {
        return false;
    }
    if (there ? !replace(t, file)
              : !zapi_db_backup(t->admin->db, file, &error)) {
        return there ? false : zapi_admin_fail(t, "%s", error.message);
    }
    zapi_put_str(t->out, "file", file);
    zapi_put_int(t->out, "bytes", stat(file, &st) == 0 ? st.st_size : 0);
    zapi_put_num(t->out, "taken_at", t->now);
    return true;
}

/* ---- forget ---- */

/* What the running process holds of the person in its queues. */
static void note_delivery(void *arg, const char *automation, const char *order,
                          uint64_t seq)
{
    struct zapi_admin_change *c = zapi_admin_note(arg);
    if (!c) {
        return; /* the error is set */
    }
    c->dropped = true;
    snprintf(c->automation, sizeof c->automation, "%s", automation);
    snprintf(c->order, sizeof c->order, "%s", order);
    c->seq = seq;
}

static bool remove_person(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    size_t rows =
        zapi_people_forget(t->admin->people, sql, t->rq.chat, note_delivery, t);
    zapi_put_int(t->out, "rows", (int64_t)rows);
    /* A part that could not be removed: nothing is, and it is said. */
    return !t->error[0] && !zapi_sql_trouble(sql) &&
           !zapi_sql_failed(sql, NULL);
}

bool zapi_admin_forget(struct zapi_admin_turn *t, struct zapi_sql *sql)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    (void)sql;
    if (!t->rq.chat[0] || !t->admin->people) {
        return zapi_admin_fail(t, "whom?");
    }
    if (!zapi_admin_write(t, remove_person)) {
        return false;
    }
    /* Removed rows leave their bytes in free pages and in the log. */
    zapi_put_bool(t->out, "rewritten", zapi_db_rewrite(t->admin->db, &error));
    zapi_put_opt(t->out, "why", error.message);
    return true;
}
