/* SPDX-License-Identifier: MIT
 *
 * See forget.h. What is to go is gathered in temporary tables first (ids, events,
 * keys, timers), because one table leads to the next; then it goes. All is read
 * through: this is rare, and the file is written anew afterwards anyhow. Start at
 * zapi_forget_rows.
 */
#include "store/forget.h"

#include <string.h>
#include <sys/random.h>

#include "base/sha256.h"
#include "store/connection.h"
#include "store/kv.h"
#include "store/people_map.h"

enum { MOST = 64 }; /* ids of one person */

struct ids {
    char id[MOST][ZAPI_ORDER_MAX];
    size_t n;
};

static bool run(struct zapi_sql *sql, const char *text, const char *a)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    if (a)
        zapi_sql_text(st, 1, a);
    return zapi_sql_run(st);
}

/* ---- who it is ---- */

static const char make_tables[] =
    "CREATE TEMP TABLE IF NOT EXISTS gone(id TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE IF NOT EXISTS gone_event(seq INTEGER PRIMARY KEY);"
    "CREATE TEMP TABLE IF NOT EXISTS gone_key(ns TEXT, k BLOB,"
    " PRIMARY KEY(ns, k)) WITHOUT ROWID;"
    "CREATE TEMP TABLE IF NOT EXISTS gone_timer(id INTEGER PRIMARY KEY);";
static const char empty_tables[] =
    "DELETE FROM temp.gone; DELETE FROM temp.gone_event;"
    " DELETE FROM temp.gone_key; DELETE FROM temp.gone_timer;";
static const char add_gone[] = "INSERT OR IGNORE INTO temp.gone VALUES(?1)";
static const char each_gone[] = "SELECT id FROM temp.gone";
/* Aliases in both directions, and what the person's row says. */
static const char widen_gone[] =
    "INSERT OR IGNORE INTO temp.gone"
    " SELECT person FROM alias WHERE id IN (SELECT id FROM temp.gone)"
    " UNION SELECT id FROM alias WHERE person IN (SELECT id FROM temp.gone)"
    " UNION SELECT lid FROM person WHERE lid<>'' AND key IN"
    " (SELECT id FROM temp.gone)"
    " UNION SELECT phone FROM person WHERE phone<>'' AND key IN"
    " (SELECT id FROM temp.gone)";

static void read_ids(struct zapi_sql *sql, struct ids *ids)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, each_gone);
    ids->n = 0;
    while (ids->n < MOST && zapi_sql_row(st)) {
        const char *id = zapi_sql_get_text(st, 0);
        size_t len = strlen(id);
        if (len > 0 && len < ZAPI_ORDER_MAX)
            memcpy(ids->id[ids->n++], id, len + 1);
    }
    zapi_sql_end(st);
}

/* Both spellings of every number: rows hold what the events said. */
static void add_spellings(struct zapi_sql *sql, const struct ids *ids)
{
    for (size_t i = 0; i < ids->n; i++) {
        struct zapi_id id;
        char shorter[ZAPI_ORDER_MAX];
        zapi_id_read(&id, ids->id[i], false);
        if (id.is_short)
            run(sql, add_gone, id.text);
        else if (zapi_id_shorten(id.text, shorter))
            run(sql, add_gone, shorter);
    }
}

static void gather_ids(struct zapi_sql *sql, const char *id,
                       const struct zapi_person *known, struct ids *ids)
{
    struct zapi_id as;
    zapi_id_read(&as, id, true);
    run(sql, add_gone, as.text);
    run(sql, add_gone, known->key);
    if (*known->phone)
        run(sql, add_gone, known->phone);
    if (*known->lid)
        run(sql, add_gone, known->lid);
    while (run(sql, widen_gone, NULL) && zapi_sql_changes(sql) > 0)
        ; /* until nothing is added */
    read_ids(sql, ids);
    add_spellings(sql, ids);
    read_ids(sql, ids);
}

/* ---- events ---- */

#define GONE_IDS "(SELECT id FROM temp.gone)"
#define OF_GONE \
    "chat IN " GONE_IDS " OR author IN " GONE_IDS " OR person IN " GONE_IDS

static const char gather_events[] =
    "INSERT INTO temp.gone_event SELECT seq FROM event WHERE " OF_GONE
    " UNION SELECT seq FROM delivery WHERE person IN " GONE_IDS;
static const char open_deliveries[] =
    "SELECT a.name,d.person,d.seq FROM delivery d JOIN automation a"
    " ON a.id=d.automation WHERE d.state<>2 AND (d.person IN " GONE_IDS
    " OR d.seq IN (SELECT seq FROM temp.gone_event))";

static void tell(struct zapi_sql *sql, zapi_forget_delivery *each, void *arg)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, open_deliveries);
    while (zapi_sql_row(st))
        each(arg, zapi_sql_get_text(st, 0), zapi_sql_get_text(st, 1),
             (uint64_t)zapi_sql_get_int(st, 2));
}

/* ---- keys that name a person ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* As a word: old groups begin with the number of who made them and go on with
 * "-", and are nobody's. */
static bool has_id(struct zapi_bytes key, const char *id)
{
    size_t len = strlen(id);
    for (size_t at = 0; at + len <= key.n; at++) {
        size_t end = at + len;
        if (memcmp(key.p + at, id, len) == 0 &&
            (at == 0 || !is_word(key.p[at - 1])) &&
            (end == key.n ||
             (!is_word(key.p[end]) && key.p[end] != '-' && key.p[end] != '@')))
            return true;
    }
    return false;
}

static bool names_one(const struct ids *ids, struct zapi_bytes key)
{
    for (size_t i = 0; i < ids->n; i++)
        if (has_id(key, ids->id[i]))
            return true;
    return false;
}

static bool begins(const char *ns, const char *with)
{
    return strncmp(ns, with, strlen(with)) == 0;
}

static const char our_keys[] =
    "SELECT ns,k FROM kv WHERE ns>=char(1) AND ns<char(2)";
static const char add_key[] =
    "INSERT OR IGNORE INTO temp.gone_key VALUES(?1,?2)";
/* What handlers did up to their questions lies under their events (lua/zapi/
 * bot/steps.lua, ask.lua). */
static const char add_steps[] =
    "INSERT OR IGNORE INTO temp.gone_key SELECT ns,k FROM kv"
    " WHERE ns>=char(1) AND ns<char(2) AND (substr(ns,2,5)='step:'"
    " OR substr(ns,2,6)='ready:') AND CAST(substr(k,1,16) AS TEXT) IN"
    " (SELECT printf('%016x',seq) FROM temp.gone_event)";

static void gather_keys(struct zapi_sql *sql, const struct ids *ids)
{
    enum { DUE_DIGITS = 16 }; /* before the place of a deadline */
    struct zapi_stmt *st = zapi_sql_begin(sql, our_keys);
    while (zapi_sql_row(st)) {
        const char *ns = zapi_sql_get_text(st, 0);
        struct zapi_bytes key, place;
        key.p = zapi_sql_get_blob(st, 1, &key.n);
        place = key;
        if (begins(ns, "\1due:") && key.n > DUE_DIGITS) {
            place.p += DUE_DIGITS;
            place.n -= DUE_DIGITS;
        }
        if (names_one(ids, place)) {
            struct zapi_stmt *add = zapi_sql_begin(sql, add_key);
            zapi_sql_text(add, 1, ns);
            zapi_sql_blob(add, 2, key.p, key.n);
            zapi_sql_run(add);
        }
    }
    run(sql, add_steps, NULL);
}

static const char all_timers[] = "SELECT id,key FROM timer WHERE key<>''";
static const char add_timer[] =
    "INSERT OR IGNORE INTO temp.gone_timer VALUES(?1)";
static const char add_timers_of[] =
    "INSERT OR IGNORE INTO temp.gone_timer"
    " SELECT id FROM timer WHERE chat IN " GONE_IDS;

static void gather_timers(struct zapi_sql *sql, const struct ids *ids)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, all_timers);
    while (zapi_sql_row(st)) {
        const char *key = zapi_sql_get_text(st, 1);
        if (names_one(ids, (struct zapi_bytes){key, strlen(key)})) {
            struct zapi_stmt *add = zapi_sql_begin(sql, add_timer);
            zapi_sql_int(add, 1, zapi_sql_get_int(st, 0));
            zapi_sql_run(add);
        }
    }
    run(sql, add_timers_of, NULL);
}

/* ---- who has opted out ---- */

static const char next_ledger[] =
    "SELECT min(ns) FROM temp.gone_key WHERE ns>?1"
    " AND substr(ns,1,8)=char(1)||'optout:'";
static const char get_secret[] =
    "SELECT v FROM kv WHERE ns=?1 AND k=CAST('#' AS BLOB)";
static const char put_row[] =
    "INSERT INTO kv(ns,k,v) VALUES(?1,?2,?3)"
    " ON CONFLICT(ns,k) DO UPDATE SET v=?3, expires=NULL";

static bool put(struct zapi_sql *sql, const char *ns, struct zapi_bytes key,
                struct zapi_bytes value)
{
    struct zapi_stmt *st = zapi_sql_begin(sql, put_row);
    zapi_sql_text(st, 1, ns);
    zapi_sql_blob(st, 2, key.p, key.n);
    zapi_sql_blob(st, 3, value.p, value.n);
    return zapi_sql_run(st);
}

static bool secret_of(struct zapi_sql *sql, const char *ns,
                      unsigned char secret[ZAPI_FORGET_SECRET])
{
    struct zapi_stmt *st = zapi_sql_begin(sql, get_secret);
    size_t n = 0;
    zapi_sql_text(st, 1, ns);
    if (zapi_sql_row(st)) {
        const void *p = zapi_sql_get_blob(st, 0, &n);
        if (n == ZAPI_FORGET_SECRET)
            memcpy(secret, p, n);
    }
    zapi_sql_end(st);
    if (n == ZAPI_FORGET_SECRET)
        return true;
    return getrandom(secret, ZAPI_FORGET_SECRET, 0) == ZAPI_FORGET_SECRET &&
           put(sql, ns, (struct zapi_bytes){"#", 1},
               (struct zapi_bytes){(char *)secret, ZAPI_FORGET_SECRET});
}

static void hash_ledger(struct zapi_sql *sql, const char *ns,
                        const struct ids *ids)
{
    unsigned char secret[ZAPI_FORGET_SECRET];
    unsigned char keys[MOST * ZAPI_FORGET_KEY];
    if (!secret_of(sql, ns, secret))
        return;
    for (size_t i = 0; i < ids->n; i++) {
        unsigned char *key = keys + i * ZAPI_FORGET_KEY;
        key[0] = '#';
        zapi_hmac_sha256(secret, sizeof secret, ids->id[i], strlen(ids->id[i]),
                         key + 1);
    }
    for (size_t i = 0; i < ids->n; i++)
        put(sql, ns,
            (struct zapi_bytes){(char *)keys + i * ZAPI_FORGET_KEY,
                                ZAPI_FORGET_KEY},
            (struct zapi_bytes){(char *)keys, ids->n * ZAPI_FORGET_KEY});
}

static void hash_ledgers(struct zapi_sql *sql, const struct ids *ids)
{
    char ns[1024] = "";
    for (;;) {
        struct zapi_stmt *st = zapi_sql_begin(sql, next_ledger);
        zapi_sql_text(st, 1, ns);
        bool more = zapi_sql_row(st) && !zapi_sql_is_null(st, 0) &&
                    strlen(zapi_sql_get_text(st, 0)) < sizeof ns;
        if (more)
            strcpy(ns, zapi_sql_get_text(st, 0));
        zapi_sql_end(st);
        if (!more)
            return;
        hash_ledger(sql, ns, ids);
    }
}

/* ---- the end ---- */

#define SENT_TO_GONE "(recipient IN " GONE_IDS " OR person IN " GONE_IDS ")"

static const char gone_deliveries[] =
    "DELETE FROM delivery WHERE person IN " GONE_IDS
    " OR seq IN (SELECT seq FROM temp.gone_event)";
static const char gone_events[] =
    "DELETE FROM event WHERE seq IN (SELECT seq FROM temp.gone_event)";
/* What is not over, and what is: that goes on being counted, without a trace of
 * the person (a step names the recipient, a key may). */
static const char gone_sends[] =
    "DELETE FROM send WHERE state IN (0,1,8) AND " SENT_TO_GONE;
static const char gone_traces[] =
    "UPDATE send SET recipient='',person='',event=NULL,step=NULL,key=NULL,"
    "message_id=NULL,error=NULL,args=NULL,result=NULL WHERE " SENT_TO_GONE;
static const char gone_timers[] =
    "DELETE FROM timer WHERE id IN (SELECT id FROM temp.gone_timer)";
static const char gone_keys[] =
    "DELETE FROM kv WHERE (ns,k) IN (SELECT ns,k FROM temp.gone_key)";
static const char gone_aliases[] = "DELETE FROM alias WHERE id IN " GONE_IDS;
static const char gone_person[] = "DELETE FROM person WHERE key IN " GONE_IDS;
static const char gone_author[] =
    "UPDATE seen SET author='' WHERE author IN " GONE_IDS;
static const char *const removals[] = {
    gone_deliveries, gone_events,  gone_sends,  gone_traces, gone_timers,
    gone_keys,       gone_aliases, gone_person, gone_author,
};

size_t zapi_forget_rows(struct zapi_sql *sql, const char *id,
                        const struct zapi_person *known,
                        zapi_forget_delivery *each, void *arg)
{
    struct ids ids;
    size_t removed = 0;
    zapi_sql_script(sql, "PRAGMA secure_delete=ON"); /* also free pages */
    zapi_sql_script(sql, make_tables);
    zapi_sql_script(sql, empty_tables);
    gather_ids(sql, id, known, &ids);
    run(sql, gather_events, NULL);
    if (each)
        tell(sql, each, arg);
    gather_keys(sql, &ids);
    gather_timers(sql, &ids);
    hash_ledgers(sql, &ids);
    for (size_t i = 0; i < sizeof removals / sizeof *removals; i++)
        if (run(sql, removals[i], NULL))
            removed += (size_t)zapi_sql_changes(sql);
    zapi_sql_script(sql, empty_tables);
    zapi_sql_script(sql, "PRAGMA secure_delete=FAST");
    return removed;
}
