/* SPDX-License-Identifier: MIT
 *
 * See restore.h. The backup is copied beside the database, checked and
 * parked there, and takes its name when all of that went well; what was there
 * before is kept. Nothing is opened that could change the backup or the old
 * file. Start at zapi_restore_run.
 */
#include "store/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/admin_turn.h"
#include "store/connection.h"
#include "store/inbox_parts.h"
#include "store/schema.h"
#include "store/sends.h"

#define APPLICATION 0x5A415049
#define PATH        4300
#define KEPT_MAX    1000
#define WITH_KV     2 /* step of the schema that has kv and timer */

struct restore {
    struct zapi_admin_turn t; /* its request, error and reply */
    char path[PATH], temp[PATH], kept[PATH];
    double taken_at;
    char reason[96];
    int64_t events, cancelled, unknown, timers;
};

/* ---- lock, files ---- */

int zapi_restore_lock(const char *folder, long *pid)
{
    char path[PATH], text[32] = "";
    int fd;
    snprintf(path, sizeof path, "%s/zapibot.lock", folder);
    mkdir(folder, 0700);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (pread(fd, text, sizeof text - 1, 0) > 0) {
            *pid = strtol(text, NULL, 10);
        }
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool fail_at(struct restore *r, const char *path)
{
    return zapi_admin_fail(&r->t, "%s: %s", path, strerror(errno));
}

static bool copy_bytes(int from, int to)
{
    char piece[65536];
    ssize_t n;
    while ((n = read(from, piece, sizeof piece)) > 0) {
        if (write(to, piece, (size_t)n) != n) {
            return false;
        }
    }
    return n == 0;
}

static bool copy_file(struct restore *r, const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    bool ok = in >= 0 || fail_at(r, from);
    if (ok) {
        unlink(to);
        out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        ok = (out >= 0 && copy_bytes(in, out)) || fail_at(r, to);
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        ok = close(out) == 0 && ok;
    }
    return ok;
}

static void remove_temp(const struct restore *r)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[PATH + 16];
    size_t i;
    for (i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", r->temp, ends[i]);
        unlink(path);
    }
}

/* With what a copy of a running database has in its log. */
static bool copy_backup(struct restore *r)
{
    char from[PATH + 16], to[PATH + 16];
    struct stat st;
    if (stat(r->t.rq.file, &st) != 0) {
        return fail_at(r, r->t.rq.file);
    }
    r->taken_at = (double)st.st_mtime;
    snprintf(from, sizeof from, "%s-wal", r->t.rq.file);
    snprintf(to, sizeof to, "%s-wal", r->temp);
    return copy_file(r, r->t.rq.file, r->temp) &&
           (access(from, F_OK) != 0 || copy_file(r, from, to));
}

/* ---- the copy: checked and parked ---- */

static bool is_sound(struct restore *r, struct zapi_sql *sql)
{
    static const char text[] = "PRAGMA integrity_check(1)";
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    bool ok = zapi_sql_row(st) && strcmp(zapi_sql_get_text(st, 0), "ok") == 0;
    zapi_sql_end(st);
    zapi_sql_failed(sql, NULL);
    return ok || zapi_admin_fail(&r->t, "%s is damaged", r->t.rq.file);
}

static bool is_ours(struct restore *r, struct zapi_sql *sql)
{
    int64_t id = zapi_sql_ask(sql, "PRAGMA application_id", 0);
    int64_t version = zapi_sql_ask(sql, "PRAGMA user_version", 0);
    if (id != APPLICATION || version < 1) {
        return zapi_admin_fail(&r->t, "%s is not a zapibot database",
                               r->t.rq.file);
    }
    if (version > zapi_schema_newest()) {
        return zapi_admin_fail(&r->t,
                               "%s was written by a newer zapibot (version %d "
                               "of its tables; this program knows %d)",
                               r->t.rq.file, (int)version,
                               zapi_schema_newest());
    }
    return true;
}

/* Of when it is: the backup says so itself, a plain copy has its date. */
static void find_time(struct restore *r, struct zapi_sql *sql)
{
    static const char text[] = "SELECT value FROM meta WHERE name='backup_at'";
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    time_t when;
    struct tm tm;
    if (zapi_sql_row(st) && zapi_sql_get_real(st, 0) > 0) {
        r->taken_at = zapi_sql_get_real(st, 0);
    }
    zapi_sql_end(st);
    when = (time_t)r->taken_at;
    localtime_r(&when, &tm);
    strftime(r->reason, sizeof r->reason,
             "restored from a backup of %Y-%m-%d %H:%M:%S", &tm);
}

/* Number of rows that changed; -1: it failed. */
static int64_t change(struct restore *r, struct zapi_sql *sql, const char *text)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    zapi_sql_text(st, 1, r->reason);
    zapi_sql_real(st, 2, r->t.now);
    return zapi_sql_run(st) ? zapi_sql_changes(sql) : -1;
}

/* What came due since the backup has maybe fired already: once-only timers go,
 * repeating ones wait for their next time (one of a calendar is told by due=0 to
 * find it: bot/timers.lua). Open questions end: their answers came, or not, in
 * the time that was lost; `inbox retry` asks again. */
static bool park_kept(struct restore *r, struct zapi_sql *sql)
{
    static const char once[] =
        "DELETE FROM timer WHERE due<=?2 AND ?1 IS NOT NULL AND"
        " coalesce(interval, 0)=0 AND coalesce(cron, '')=''";
    static const char again[] =
        "UPDATE timer SET due=iif(coalesce(cron, '')='', ?2+interval, 0)"
        " WHERE due<=?2 AND ?1 IS NOT NULL";
    static const char questions[] =
        "DELETE FROM kv WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL AND"
        " (ns GLOB char(1)||'open:*' OR ns GLOB char(1)||'due:*'"
        " OR ns GLOB char(1)||'ready:*')";
    if (zapi_sql_ask(sql, "PRAGMA user_version", 0) < WITH_KV)
        return true;
    r->timers = change(r, sql, once);
    return r->timers >= 0 && change(r, sql, again) >= 0 &&
           change(r, sql, questions) >= 0;
}

_Static_assert(ZAPI_INBOX_IS_DEAD == 2 && ZAPI_SEND_QUEUED == 0 &&
                   ZAPI_SEND_SENDING == 1 && ZAPI_SEND_UNKNOWN == 8 &&
                   ZAPI_SEND_CANCELLED == 10,
               "the numbers in the statements below");

static bool park(struct restore *r, struct zapi_sql *sql)
{
    static const char events[] =
        "UPDATE delivery SET state=2,by_script=0,due=0,reason=?1,ended=?2"
        " WHERE state<>2";
    static const char queued[] =
        "UPDATE send SET state=10,error_kind='send.cancelled',error=?1,"
        "changed=?2 WHERE state=0";
    static const char sending[] =
        "UPDATE send SET state=8,error_kind='send.unknown',error=?1,"
        "changed=?2 WHERE state=1";
    static const char clean[] =
        "UPDATE meta SET value=1 WHERE name='clean' AND ?1 IS NOT NULL"
        " AND ?2 IS NOT NULL";
    const char *why = "";
    bool ok = zapi_sql_script(sql, "BEGIN IMMEDIATE");
    r->events = change(r, sql, events);
    r->cancelled = change(r, sql, queued);
    r->unknown = change(r, sql, sending);
    ok = ok && r->events >= 0 && r->cancelled >= 0 && r->unknown >= 0 &&
         park_kept(r, sql) && change(r, sql, clean) >= 0 &&
         zapi_sql_script(sql, "COMMIT; PRAGMA journal_mode=DELETE");
    if (!ok) {
        zapi_sql_failed(sql, &why);
        zapi_admin_fail(&r->t, "%s: %s", r->temp, why);
    }
    return ok;
}

static bool prepare(struct restore *r)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_sql *sql = zapi_sql_open(r->temp, ZAPI_SQL_WRITE, 1000, &error);
    bool ok;
    if (!sql) {
        return zapi_admin_fail(&r->t, "%s is not a zapibot database",
                               r->t.rq.file);
    }
    ok = is_ours(r, sql) && is_sound(r, sql);
    if (ok) {
        find_time(r, sql);
        ok = park(r, sql);
    }
    zapi_sql_close(sql);
    return ok;
}

/* ---- the names ---- */

static bool sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* The old file gets a second name, its log goes along (a database without its
 * log is an older one, and a log without its database would spoil the new). */
static bool keep_old(struct restore *r)
{
    char log[PATH + 16], kept_log[PATH + 16];
    int n;
    for (n = 1; n <= KEPT_MAX; n++) {
        snprintf(r->kept, sizeof r->kept, "%.4200s.before-restore-%d", r->path,
                 n);
        if (link(r->path, r->kept) == 0) {
            break;
        }
        if (errno == ENOENT) { /* there was none */
            r->kept[0] = '\0';
            break;
        }
        if (errno != EEXIST || n == KEPT_MAX) {
            return fail_at(r, r->kept);
        }
    }
    snprintf(log, sizeof log, "%s-wal", r->path);
    snprintf(kept_log, sizeof kept_log, "%s-wal", r->kept);
    if (r->kept[0] && rename(log, kept_log) != 0 && errno != ENOENT) {
        return fail_at(r, log);
    }
    unlink(log);
    snprintf(log, sizeof log, "%s-shm", r->path);
    unlink(log);
    return true;
}

static bool take_place(struct restore *r, const char *folder)
{
    if (!sync_path(r->temp)) {
        return fail_at(r, r->temp);
    }
    if (!keep_old(r)) {
        return false;
    }
    return (rename(r->temp, r->path) == 0 && sync_path(folder)) ||
           fail_at(r, r->path);
}

/* ---- the request ---- */

static void put_result(struct restore *r)
{
    struct zapi_buf *b = r->t.out;
    zapi_put_str(b, "file", r->path);
    zapi_put_opt(b, "kept", r->kept);
    zapi_put_num(b, "taken_at", r->taken_at);
    zapi_put_str(b, "reason", r->reason);
    zapi_put_int(b, "events", r->events);
    zapi_put_int(b, "cancelled", r->cancelled);
    zapi_put_int(b, "unknown", r->unknown);
    zapi_put_int(b, "timers", r->timers);
}

static bool restore(struct restore *r, const char *folder)
{
    bool ok;
    snprintf(r->path, sizeof r->path, "%.4096s/zapibot.db", folder);
    snprintf(r->temp, sizeof r->temp, "%.4096s/zapibot.db.restoring", folder);
    if (r->t.rq.file[0] != '/') {
        return zapi_admin_fail(&r->t, "which file?");
    }
    remove_temp(r);
    ok = copy_backup(r) && prepare(r) && take_place(r, folder);
    if (ok) {
        put_result(r);
    }
    remove_temp(r);
    return ok;
}

void zapi_restore_run(const char *folder, const char *request, size_t len,
                      struct zapi_buf *reply)
{
    struct restore *r = calloc(1, sizeof *r);
    struct zapi_buf out;
    long pid = 0;
    int lock = zapi_restore_lock(folder, &pid);
    bool ok = r != NULL;
    zapi_buf_init(&out, 64 * 1024);
    if (ok) {
        zapi_admin_begin(&r->t, &out);
        ok = lock >= 0 || zapi_admin_fail(&r->t,
                                          "process %ld runs in %s: stop it "
                                          "first",
                                          pid, folder);
        ok = ok && zapi_admin_read(&r->t, request, len) && restore(r, folder);
        zapi_admin_end(&r->t, ok, reply);
    }
    if (lock >= 0) {
        close(lock);
    }
    zapi_buf_free(&out);
    free(r);
}
