/* SPDX-License-Identifier: MIT
 *
 * Requests of commands, on a database of a temporary folder: what a person may
 * do with events and sends, backups and their restoring, forgetting, and the
 * way through socket or file. Rows are made by SQL.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "check.h"
#include "folder.h"
#include "store/admin.h"
#include "store/ask.h"
#include "store/connection.h"
#include "store/restore.h"

static struct zapi_db *db;
static struct zapi_people *people;
static struct zapi_buf reply;
static char told[400]; /* changes: "+bot/order/1 -bot/order/2 " */

/* ---- set-up ---- */

static void open_db(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    db = zapi_db_open(&(struct zapi_db_config){.folder = folder}, &error);
    CHECK(db != NULL);
    people = db ? zapi_people_new(db, &error) : NULL;
    CHECK(people != NULL);
    if (!people) {
        fprintf(stderr, "%s\n", error.message);
        exit(2);
    }
}

static void close_db(void)
{
    zapi_db_close(db);
    zapi_people_delete(people);
    db = NULL;
    people = NULL;
}

static void begin(void)
{
    folder_make();
    open_db();
    zapi_buf_init(&reply, 1 << 20);
}

static void end(void)
{
    close_db();
    zapi_buf_free(&reply);
    folder_remove();
}

/* Runs SQL beside the writer, as another program might. */
static void sql(const char *text)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_sql *c =
        zapi_sql_open(folder_file("zapibot.db"), ZAPI_SQL_WRITE, 5000, &error);
    const char *why = "";
    CHECK(c != NULL);
    if (c && !zapi_sql_script(c, text)) {
        zapi_sql_failed(c, &why);
        fprintf(stderr, "%s: %s\n", text, why);
        CHECK(!"the statement works");
    }
    zapi_sql_close(c);
}

static long long ask_sql(const char *text)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_sql *c =
        zapi_sql_open(folder_file("zapibot.db"), ZAPI_SQL_READ, 5000, &error);
    long long n = c ? (long long)zapi_sql_ask(c, text, -1) : -2;
    zapi_sql_close(c);
    return n;
}

static void on_change(char sign, const char *automation, const char *order,
                      uint64_t seq)
{
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%c%s/%s/%llu ", sign, automation,
             order, (unsigned long long)seq);
}

static void on_revived(void *arg, const char *automation, const char *order,
                       uint64_t seq)
{
    (void)arg;
    on_change('+', automation, order, seq);
}

static void on_dropped(void *arg, const char *automation, const char *order,
                       uint64_t seq)
{
    (void)arg;
    on_change('-', automation, order, seq);
}

/* Runs a request of this process; the reply is in `reply`. */
__attribute__((format(printf, 1, 2))) static const char *run(const char *fmt,
                                                             ...)
{
    char request[8192];
    struct zapi_admin admin = {.db = db,
                               .people = people,
                               .revived = on_revived,
                               .dropped = on_dropped};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(request, sizeof request, fmt, ap);
    va_end(ap);
    zapi_buf_reset(&reply);
    told[0] = '\0';
    zapi_admin_run(&admin, request, strlen(request), &reply);
    return zapi_buf_str(&reply);
}

/* The same through zapi_ask, as a command does; a failure is its message. */
__attribute__((format(printf, 1, 2))) static const char *ask(const char *fmt,
                                                             ...)
{
    static struct zapi_error error;
    char request[8192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(request, sizeof request, fmt, ap);
    va_end(ap);
    zapi_buf_reset(&reply);
    return zapi_ask(folder, request, strlen(request), &reply, &error)
               ? zapi_buf_str(&reply)
               : error.message;
}

static bool has(const char *text, const char *part)
{
    bool found = strstr(text, part) != NULL;
    if (!found) {
        fprintf(stderr, "\"%s\"\n  has no \"%s\"\n", text, part);
    }
    return found;
}

/* bot: 1 dead, 2 put aside, 3 waits, 4 dead and beside the order, 5 parked;
 * other: 1 dead. */
static void make_events(void)
{
    sql("INSERT INTO automation(id,name) VALUES(1,'bot'),(2,'other');"
        "INSERT INTO event(seq,received_at,kind,chat,person,pending,body)"
        " VALUES(1,100,'text','5511900000001','p1',2,'{\"a\":1}'),"
        "(2,101,'text','5511900000002','p2',1,'{}'),"
        "(3,102,'image','5511900000003','p3',1,'{}'),"
        "(4,103,'status','5511900000004','',1,'not json'),"
        "(5,104,'text','5511900000005','p5',1,'{}');"
        "INSERT INTO delivery(automation,person,seq,state,attempts,stuck,"
        "offered,by_script,due,ended,reason) VALUES"
        "(1,'p1',1,2,3,1,1,1,0,200,'boom\nat line 1'),"
        "(1,'p2',2,1,1,0,0,0,9e9,0,NULL),(1,'p3',3,0,0,0,0,0,0,0,NULL),"
        "(1,'~4',4,2,1,0,0,0,0,201,'other'),(1,'p5',5,3,1,0,0,0,0,0,NULL),"
        "(2,'p1',1,2,1,0,0,0,0,202,'boom too');"
        "INSERT INTO alias(id,person) VALUES('lid@lid','p2')");
}

/* ---- requests ---- */

static void refuses_what_it_does_not_know(void)
{
    char longer[400];
    begin();
    CHECK_STR(run("{\"do\":\"inbox.eat\"}"),
              "{\"ok\":false,\"error\":\"there is no request 'inbox.eat'\"}");
    CHECK(has(run("{\"do\":"), "\"ok\":false"));
    CHECK(has(run("[]"), "not an object"));
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHECK(has(run("{\"do\":\"inbox.list\",\"kind\":\"%s\"}", longer),
              "kind is too long"));
    CHECK(has(run("{\"do\":\"inbox.list\",\"state\":\"lost\"}"),
              "there is no state 'lost'"));
    CHECK(has(run("{\"do\":\"outbox.list\",\"state\":\"lost\"}"),
              "there is no state 'lost'"));
    CHECK(has(run("{\"do\":\"restore\",\"file\":\"/x\"}"), "stop it first"));
    end();
}

/* ---- inbox ---- */

static void lists_with_filters(void)
{
    begin();
    make_events();
    CHECK(has(run("{\"do\":\"inbox.list\"}"), "\"total\":6}"));
    CHECK(has(run("{\"do\":\"inbox.list\",\"limit\":1}"),
              "\"events\":[{\"id\":5,"));
    CHECK(has(zapi_buf_str(&reply), "}],\"total\":6}"));
    CHECK(
        has(run("{\"do\":\"inbox.list\",\"state\":\"dead\"}"), "\"total\":3}"));
    CHECK(has(zapi_buf_str(&reply), "\"reason\":\"boom\""));
    CHECK(strstr(zapi_buf_str(&reply), "line 1") == NULL);
    CHECK(has(run("{\"do\":\"inbox.list\",\"automation\":\"other\"}"),
              "\"total\":1}"));
    CHECK(
        has(run("{\"do\":\"inbox.list\",\"kind\":\"image\"}"), "\"total\":1}"));
    CHECK(has(run("{\"do\":\"inbox.list\",\"chat\":\"5511900000003\"}"),
              "\"id\":3,"));
    CHECK(
        has(run("{\"do\":\"inbox.list\",\"chat\":\"lid@lid\"}"), "\"id\":2,"));
    CHECK(
        has(run("{\"do\":\"inbox.list\",\"reason\":\"too\"}"), "\"total\":1}"));
    end();
}

static void shows_one_with_its_body(void)
{
    begin();
    make_events();
    CHECK(
        has(run("{\"do\":\"inbox.show\",\"id\":1}"), "\"payload\":{\"a\":1}"));
    CHECK(has(zapi_buf_str(&reply), "boom\\nat line 1"));
    CHECK(has(zapi_buf_str(&reply), "\"automation\":\"other\""));
    CHECK(has(run("{\"do\":\"inbox.show\",\"id\":4}"), "\"payload\":null"));
    CHECK(has(run("{\"do\":\"inbox.show\",\"id\":99}"),
              "no event 99 is in the inbox"));
    end();
}

static void retry_begins_anew(void)
{
    begin();
    make_events();
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":1}"), "--automation NAME"));
    CHECK_STR(told, "");
    CHECK_STR(run("{\"do\":\"inbox.retry\",\"id\":1,\"automation\":\"bot\"}"),
              "{\"ok\":true,\"retried\":1}");
    CHECK_STR(told, "+bot/p1/1 ");
    CHECK_INT(ask_sql("SELECT state+attempts+stuck+offered+by_script+due"
                      "+(reason IS NOT NULL) FROM delivery"
                      " WHERE automation=1 AND seq=1"),
              0);
    CHECK_INT(ask_sql("SELECT state FROM delivery WHERE automation=2"), 2);
    /* one that was put aside is taken from where it waits */
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":2}"), "\"retried\":1"));
    CHECK_STR(told, "-bot/p2/2 +bot/p2/2 ");
    /* beside the order */
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":4}"), "\"retried\":1"));
    CHECK_STR(told, "+bot//4 ");
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":3}"), "waits already"));
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":5}"), "waits already"));
    CHECK_STR(told, "");
    CHECK(has(run("{\"do\":\"inbox.retry\"}"), "which event?"));
    end();
}

/* What was refused may go now; what was accepted, or may have left, or belongs
 * to another event, stays as it is. */
static void retry_lets_what_was_refused_be_sent_anew(void)
{
    begin();
    make_events();
    sql("INSERT INTO send(id,event,automation,step,state,tries,error_kind,"
        "message_id) VALUES(1,1,'bot','a',7,1,'auth.unauthorized',NULL),"
        "(2,1,'bot','b',7,1,'message.failed','M2'),"
        "(3,1,'bot','c',8,1,'send.unknown',NULL),"
        "(4,1,'bot','d',2,1,NULL,'M4'),"
        "(5,1,'other','a',7,1,'auth.unauthorized',NULL),"
        "(6,4,'bot','a',7,1,'auth.unauthorized',NULL)");
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":1,\"automation\":\"bot\"}"),
              "\"retried\":1"));
    CHECK_INT(ask_sql("SELECT tries FROM send WHERE id=1"), 0);
    CHECK_INT(ask_sql("SELECT count(*) FROM send WHERE tries=1"), 5);
    CHECK_INT(ask_sql("SELECT state FROM send WHERE id=1"), ZAPI_SEND_FAILED);
    end();
}

static void retry_of_all_means_the_dead_that_match(void)
{
    begin();
    make_events();
    CHECK_STR(run("{\"do\":\"inbox.retry\",\"all\":true,"
                  "\"reason\":\"boom\"}"),
              "{\"ok\":true,\"retried\":2}");
    CHECK_STR(told, "+bot/p1/1 +other/p1/1 ");
    CHECK_STR(run("{\"do\":\"inbox.retry\",\"all\":true}"),
              "{\"ok\":true,\"retried\":1}");
    CHECK_STR(run("{\"do\":\"inbox.retry\",\"all\":true}"),
              "{\"ok\":true,\"retried\":0}");
    CHECK_INT(ask_sql("SELECT state FROM delivery WHERE seq=2"), 1);
    end();
}

static void drop_leaves_nothing_behind(void)
{
    begin();
    make_events();
    CHECK_STR(run("{\"do\":\"inbox.drop\",\"id\":1,\"automation\":\"bot\"}"),
              "{\"ok\":true,\"dropped\":1}");
    CHECK_STR(told, "-bot/p1/1 ");
    CHECK_INT(ask_sql("SELECT count(*) FROM event WHERE seq=1"), 1);
    CHECK(has(run("{\"do\":\"inbox.drop\",\"id\":1}"), "\"dropped\":1"));
    CHECK_INT(ask_sql("SELECT count(*) FROM event WHERE seq=1"), 0);
    CHECK(has(run("{\"do\":\"inbox.drop\",\"id\":1}"), "no event 1"));
    CHECK(has(run("{\"do\":\"inbox.drop\",\"all\":true}"), "\"dropped\":1"));
    CHECK_INT(ask_sql("SELECT count(*) FROM delivery"), 3);
    end();
}

static void counts(void)
{
    begin();
    make_events();
    CHECK(has(run("{\"do\":\"inbox.stats\"}"),
              "{\"name\":\"bot\",\"waiting\":1,\"later\":1,\"dead\":2,"
              "\"parked\":1,\"oldest_at\":102}"));
    CHECK(has(zapi_buf_str(&reply),
              "{\"kind\":\"text\",\"waiting\":2,\"dead\":2}"));
    CHECK(has(run("{\"do\":\"status\",\"chats\":true}"), "\"running\":false"));
    CHECK(has(zapi_buf_str(&reply), "\"chat\":\"p2\",\"waiting\":1"));
    CHECK(has(zapi_buf_str(&reply), "\"errors\":[{\"id\":1,"));
    CHECK(has(zapi_buf_str(&reply), "\"writable\":true"));
    end();
}

/* ---- outbox ---- */

/* A row of each state: id is the state and 1. */
static void make_sends(void)
{
    sql("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n"
        " WHERE i<10) INSERT INTO send(id,event,automation,step,recipient,"
        "person,endpoint,args,lane,state,at,created,changed,tries,error_kind,"
        "error,message_id,result) SELECT i+1,i+50,'bot','s'||i,'5511900000001',"
        "'p1','send_text','{\"message\":\"oi\"}','',i,1,1,1,2,'some.kind',"
        "'some error','M'||i,'{\"messageId\":\"M\"}' FROM n");
}

static long long state_of(int id)
{
    char text[64];
    snprintf(text, sizeof text, "SELECT state FROM send WHERE id=%d", id);
    return ask_sql(text);
}

static void puts_back_what_was_not_sent(void)
{
    static const char *const want[ZAPI_SEND_CANCELLED + 1] = {
        "already",          "leaving",       "was sent",     "was sent",
        "was sent",         "was sent",      "was sent",     "\"retried\":1",
        "\"confirm\":true", "\"retried\":1", "\"retried\":1"};
    int i;
    begin();
    make_sends();
    for (i = 0; i <= ZAPI_SEND_CANCELLED; i++) {
        bool back = strstr(want[i], "retried") != NULL;
        CHECK(has(run("{\"do\":\"outbox.retry\",\"id\":%d}", i + 1), want[i]));
        CHECK_INT(state_of(i + 1), back ? ZAPI_SEND_QUEUED : i);
    }
    CHECK(has(run("{\"do\":\"outbox.retry\",\"id\":9,\"force\":true}"),
              "\"retried\":1"));
    CHECK_INT(state_of(9), ZAPI_SEND_QUEUED);
    CHECK_INT(ask_sql("SELECT count(*) FROM send WHERE state=0 AND id>1"
                      " AND tries=0 AND error IS NULL AND message_id IS NULL"),
              4);
    CHECK(has(run("{\"do\":\"outbox.retry\",\"id\":77}"), "no send 77"));
    end();
}

static void puts_back_all_of_a_state(void)
{
    begin();
    sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
        " WHERE i<600) INSERT INTO send(id,automation,state,error,created,"
        "changed,at,tries,lane) SELECT i,'bot',10,"
        "CASE WHEN i%3=0 THEN 'restored from' ELSE 'by hand' END,1,1,1,0,''"
        " FROM n");
    CHECK(has(run("{\"do\":\"outbox.retry\",\"all\":true}"), "needs --state"));
    CHECK(has(run("{\"do\":\"outbox.retry\",\"all\":true,\"state\":\"sent\"}"),
              "was sent"));
    CHECK(has(run("{\"do\":\"outbox.retry\",\"all\":true,"
                  "\"state\":\"cancelled\",\"reason\":\"restored\"}"),
              "\"retried\":200"));
    CHECK(has(run("{\"do\":\"outbox.retry\",\"all\":true,"
                  "\"state\":\"cancelled\",\"automation\":\"none\"}"),
              "\"retried\":0"));
    CHECK(has(run("{\"do\":\"outbox.retry\",\"all\":true,"
                  "\"state\":\"cancelled\"}"),
              "\"retried\":400"));
    CHECK_INT(ask_sql("SELECT count(*) FROM send WHERE state=0"), 600);
    end();
}

static void finds_errors_by_text_and_kind(void)
{
    begin();
    sql("INSERT INTO send(id,automation,state,error_kind,error,created,changed,"
        "at,tries,lane) VALUES(1,'bot',7,'auth.unauthorized','refused',1,1,1,1,"
        "''),(2,'bot',7,'client.error','no auth',1,1,1,1,''),"
        "(3,'bot',7,NULL,NULL,1,1,1,1,'')");
    CHECK(has(run("{\"do\":\"outbox.retry\",\"all\":true,"
                  "\"state\":\"failed\",\"reason\":\"auth\"}"),
              "\"retried\":2"));
    CHECK_INT(state_of(3), ZAPI_SEND_FAILED);
    end();
}

static void closes_without_forgetting_the_step(void)
{
    static const char *const want[ZAPI_SEND_CANCELLED + 1] = {
        "\"was\":\"queued\"", "leaving",          "was sent",
        "was sent",           "was sent",         "was sent",
        "was sent",           "has failed",       "\"was\":\"unknown\"",
        "has expired",        "cancelled already"};
    int i;
    begin();
    make_sends();
    for (i = 0; i <= ZAPI_SEND_CANCELLED; i++) {
        bool done = strstr(want[i], "\"was\"") != NULL;
        CHECK(has(run("{\"do\":\"outbox.drop\",\"id\":%d}", i + 1), want[i]));
        CHECK_INT(state_of(i + 1), done ? ZAPI_SEND_CANCELLED : i);
    }
    CHECK_INT(ask_sql("SELECT event FROM send WHERE id=9 AND step='s8'"
                      " AND error_kind='send.unknown'"),
              58);
    end();
}

static void shows_sends(void)
{
    begin();
    make_sends();
    CHECK(has(run("{\"do\":\"outbox.list\"}"), "\"total\":11}"));
    CHECK(strstr(zapi_buf_str(&reply), "\"oi\"") == NULL);
    CHECK(has(run("{\"do\":\"outbox.list\",\"state\":\"open\"}"),
              "\"total\":2}"));
    CHECK(has(run("{\"do\":\"outbox.list\",\"chat\":\"p1\",\"limit\":2}"),
              "\"total\":11}"));
    CHECK(has(run("{\"do\":\"outbox.show\",\"id\":9}"),
              "\"params\":{\"message\":\"oi\"}"));
    CHECK(has(zapi_buf_str(&reply), "\"step\":\"s8\""));
    CHECK(has(run("{\"do\":\"outbox.show\",\"id\":99}"), "no send 99"));
    sql("INSERT INTO lane(automation,name,paused) VALUES('bot','',1)");
    CHECK(has(run("{\"do\":\"outbox.stats\"}"), "\"unknown\":1"));
    CHECK(has(zapi_buf_str(&reply), "\"queued\":1,\"next_at\":1,"
                                    "\"paused\":true"));
    end();
}

/* ---- while nothing can be stored ---- */

static void can_be_looked_at_while_nothing_can_be_stored(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_sql *other;
    begin();
    make_events();
    other = zapi_sql_open(folder_file("zapibot.db"), ZAPI_SQL_WRITE, 0, &error);
    CHECK(other && zapi_sql_script(other, "BEGIN IMMEDIATE"));
    CHECK(has(run("{\"do\":\"inbox.list\"}"), "\"total\":6}"));
    CHECK(has(run("{\"do\":\"inbox.retry\",\"id\":2}"),
              "nothing can be stored now"));
    CHECK_STR(told, "");
    CHECK(has(run("{\"do\":\"status\"}"), "\"writable\":false"));
    zapi_sql_close(other);
    end();
}

/* ---- backup and restore ---- */

static unsigned mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 0777u : 0;
}

static void put_file(const char *name, const char *text, size_t at)
{
    FILE *f = fopen(folder_file(name), at ? "r+" : "w");
    CHECK(f != NULL);
    if (f) {
        CHECK(fseek(f, (long)at, SEEK_SET) == 0 && fputs(text, f) >= 0);
        CHECK(fclose(f) == 0);
    }
}

static void backs_up(void)
{
    char request[600];
    begin();
    make_events();
    snprintf(request, sizeof request, "{\"do\":\"backup\",\"file\":\"%s\"}",
             folder_file("b.db"));
    CHECK(has(run("%s", request), "\"ok\":true"));
    CHECK_INT(mode_of(folder_file("b.db")), 0600);
    CHECK(has(run("%s", request), "exists: --force replaces it"));
    sql("DELETE FROM delivery");
    CHECK(has(run("{\"do\":\"backup\",\"force\":true,\"file\":\"%s\"}",
                  folder_file("b.db")),
              "\"ok\":true"));
    CHECK_INT(mode_of(folder_file("b.db")), 0600);
    CHECK(has(run("{\"do\":\"backup\",\"force\":true,\"file\":\"%s\"}", folder),
              "is no file"));
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"b.db\"}"), "which file?"));
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"/nowhere/b.db\"}"),
              "No such file"));
    CHECK(has(run("{\"do\":\"status\"}"), "\"backup_at\":"));
    CHECK(access(folder_file("b.db.new"), F_OK) != 0);
    end();
}

static const char *restore(const char *name)
{
    return ask("{\"do\":\"restore\",\"file\":\"%s\"}", folder_file(name));
}

static void parks_what_a_backup_had_queued(void)
{
    begin();
    make_events();
    make_sends();
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"%s\"}", folder_file("b.db")),
              "\"ok\":true"));
    sql("DELETE FROM send; DELETE FROM delivery; DELETE FROM event");
    CHECK(has(restore("b.db"), "stop it first"));
    close_db();
    CHECK(has(restore("b.db"), "\"events\":3,\"cancelled\":1,\"unknown\":1"));
    CHECK(has(zapi_buf_str(&reply), "before-restore-1\""));
    CHECK_INT(mode_of(folder_file("zapibot.db")), 0600);
    CHECK_INT(mode_of(folder_file("zapibot.db.before-restore-1")), 0600);
    open_db();
    CHECK_INT(ask_sql("SELECT count(*) FROM delivery WHERE state=2"), 6);
    CHECK_INT(ask_sql("SELECT count(*) FROM delivery WHERE reason LIKE"
                      " 'restored from a backup of 20%' AND by_script=0"),
              3);
    CHECK_INT(state_of(1), ZAPI_SEND_CANCELLED);
    CHECK_INT(state_of(2), ZAPI_SEND_UNKNOWN);
    CHECK_INT(ask_sql("SELECT count(*) FROM send WHERE state IN (0,1)"), 0);
    /* it was in order when it was taken */
    CHECK(!zapi_db_was_unclean(db));
    CHECK(has(run("{\"do\":\"inbox.retry\",\"all\":true,"
                  "\"reason\":\"restored\"}"),
              "\"retried\":3"));
    end();
}

/* Killed: what was committed is in the log only. */
static void keeps_the_old_file_with_its_log(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_sql *old;
    char copy[400], wal[400];
    begin();
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"%s\"}", folder_file("b.db")),
              "\"ok\":true"));
    make_events();
    snprintf(copy, sizeof copy, "cp %s/zapibot.db-wal %s/w", folder, folder);
    CHECK_INT(system(copy), 0);
    snprintf(copy, sizeof copy, "cp %s/zapibot.db %s/d", folder, folder);
    CHECK_INT(system(copy), 0);
    close_db();
    snprintf(wal, sizeof wal, "%s", folder_file("zapibot.db-wal"));
    CHECK(rename(folder_file("w"), wal) == 0);
    snprintf(wal, sizeof wal, "%s", folder_file("zapibot.db"));
    CHECK(rename(folder_file("d"), wal) == 0);
    CHECK(has(restore("b.db"), "\"ok\":true"));
    old = zapi_sql_open(folder_file("zapibot.db.before-restore-1"),
                        ZAPI_SQL_WRITE, 0, &error);
    CHECK_INT(zapi_sql_ask(old, "SELECT count(*) FROM event", -1), 5);
    zapi_sql_close(old);
    CHECK(has(restore("b.db"), "before-restore-2\""));
    open_db();
    CHECK_INT(ask_sql("SELECT count(*) FROM event"), 0);
    end();
}

static void restores_nothing_but_whole_backups(void)
{
    char old[400];
    begin();
    make_events();
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"%s\"}", folder_file("b.db")),
              "\"ok\":true"));
    close_db();
    CHECK(has(restore("none.db"), "No such file"));
    put_file("text.db", "this is no database, but long enough to be one", 0);
    CHECK(has(restore("text.db"), "is not a zapibot database"));
    put_file("empty.db", "", 0);
    CHECK(has(restore("empty.db"), "is not a zapibot database"));
    put_file("b.db", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", 3 * 4096);
    put_file("b.db", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", 4 * 4096);
    put_file("b.db", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", 5 * 4096);
    CHECK(has(restore("b.db"), "damaged"));
    sql("PRAGMA user_version=99");
    snprintf(old, sizeof old, "%s", folder_file("zapibot.db"));
    CHECK_INT(rename(old, folder_file("newer.db")), 0);
    CHECK(has(restore("newer.db"), "newer zapibot"));
    CHECK(access(folder_file("zapibot.db"), F_OK) != 0);
    CHECK(access(folder_file("zapibot.db.restoring"), F_OK) != 0);
    CHECK(access(folder_file("zapibot.db.before-restore-1"), F_OK) != 0);
    open_db();
    end();
}

static void takes_the_place_of_a_damaged_one(void)
{
    begin();
    make_events();
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"%s\"}", folder_file("b.db")),
              "\"ok\":true"));
    close_db();
    put_file("zapibot.db", "what a pity", 0);
    CHECK(has(ask("{\"do\":\"inbox.list\"}"), "zapibot.db"));
    CHECK(has(restore("b.db"), "\"ok\":true"));
    CHECK(has(ask("{\"do\":\"inbox.list\"}"), "\"total\":6}"));
    open_db();
    end();
}

/* ---- forget ---- */

static bool in_file(const char *name, const char *text)
{
    char command[400];
    snprintf(command, sizeof command, "grep -aqF '%s' %s/%s", text, folder,
             name);
    return system(command) == 0;
}

static void forgets_to_the_last_byte(void)
{
    begin();
    sql("INSERT INTO automation(id,name) VALUES(1,'bot');"
        "INSERT INTO alias(id,person) VALUES('5511988887777','5511988887777');"
        "INSERT INTO person(key,phone,name,at)"
        " VALUES('5511988887777','5511988887777','Joana Silva',1);"
        "INSERT INTO event(seq,received_at,kind,chat,author,person,pending,"
        "body) VALUES(1,1,'text','5511988887777','5511988887777',"
        "'5511988887777',1,'{\"phone\":\"5511988887777\"}'),"
        "(2,1,'text','5511966665555','5511966665555','5511966665555',1,'{}');"
        "INSERT INTO delivery(automation,person,seq,state) VALUES"
        "(1,'5511988887777',1,0),(1,'5511966665555',2,0);"
        /* one in each state, the last to somebody else; and a timer */
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n"
        " WHERE i<10) INSERT INTO send(id,event,automation,step,key,state,"
        "created,changed,recipient,person,endpoint,args,error) SELECT 50+i,1,"
        "'bot','h1.5511988887777.'||i,'k5511988887777'||i,i,1,1,"
        "'5511988887777','5511988887777','send_text',"
        "'{\"phone\":\"5511988887777\"}','of 5511988887777' FROM n;"
        "INSERT INTO send(id,automation,state,recipient,person,args)"
        " VALUES(90,'bot',3,'5511966665555','5511966665555','{}');"
        "INSERT INTO timer(automation,name,due,chat,payload) VALUES"
        "('bot','t',9e9,'5511988887777','{\"of\":\"5511988887777\"}'),"
        "('bot','t2',9e9,'5511966665555','{}');"
        /* and what was handled long ago: rows that are gone already */
        "INSERT INTO event(seq,person,body) VALUES(3,'5511988887777',"
        "'{\"phone\":\"5511988887777\"}'); DELETE FROM event WHERE seq=3");
    CHECK(has(run("{\"do\":\"backup\",\"file\":\"%s\"}", folder_file("b.db")),
              "\"ok\":true"));
    CHECK(in_file("b.db", "5511988887777"));
    close_db();
    CHECK(in_file("zapibot.db", "5511988887777"));
    open_db(); /* who is known is read at the start */
    CHECK(has(run("{\"do\":\"forget\",\"chat\":\"5511988887777\"}"),
              "\"rewritten\":true"));
    CHECK_STR(told, "-bot/5511988887777/1 ");
    CHECK(!in_file("zapibot.db", "5511988887777"));
    CHECK(!in_file("zapibot.db", "Joana"));
    CHECK(!in_file("zapibot.db-wal", "5511988887777"));
    CHECK_INT(ask_sql("SELECT count(*) FROM delivery"), 1);
    CHECK_INT(ask_sql("SELECT count(*) FROM timer"), 1);
    /* The counts of what is over stay, and nobody can send it again. */
    CHECK(has(run("{\"do\":\"outbox.stats\"}"),
              "{\"queued\":0,\"sending\":0,\"accepted\":1,\"sent\":2,"));
    CHECK(has(run("{\"do\":\"outbox.stats\"}"), "\"unknown\":0,"));
    CHECK(has(run("{\"do\":\"outbox.show\",\"id\":57}"), "\"ok\":true"));
    CHECK(has(run("{\"do\":\"outbox.retry\",\"id\":57}"), "\"retried\":0"));
    CHECK(has(run("{\"do\":\"forget\",\"chat\":\"5511988887777\"}"),
              "\"rows\":0"));
    CHECK(has(run("{\"do\":\"forget\"}"), "whom?"));
    end();
}

/* All of it or nothing, and nobody is told that it was done. */
static void forgets_wholly_or_says_so(void)
{
    begin();
    sql("INSERT INTO automation(id,name) VALUES(1,'bot');"
        "INSERT INTO event(seq,chat,person,pending,body) VALUES"
        "(1,'5511988887777','5511988887777',1,'{}');"
        "INSERT INTO delivery(automation,person,seq,state) VALUES"
        "(1,'5511988887777',1,0);"
        "INSERT INTO timer(automation,name,due,chat) VALUES"
        "('bot','t',9e9,'5511988887777');"
        "CREATE TRIGGER no BEFORE DELETE ON timer BEGIN"
        " SELECT RAISE(FAIL,'no'); END");
    CHECK(has(run("{\"do\":\"forget\",\"chat\":\"5511988887777\"}"),
              "{\"ok\":false,\"error\":\"the database refused it\"}"));
    CHECK_STR(told, "");
    CHECK_INT(ask_sql("SELECT count(*) FROM event"), 1);
    end();
}

/* ---- socket or file ---- */

static void finds_its_way(void)
{
    begin();
    make_events();
    close_db();
    CHECK(has(ask("{\"do\":\"inbox.list\"}"), "\"total\":6}"));
    CHECK(has(ask("{\"do\":\"forget\",\"chat\":\"5511900000001\"}"),
              "\"rewritten\":true"));
    CHECK(unlink(folder_file("zapibot.db")) == 0);
    CHECK(has(ask("{\"do\":\"inbox.list\"}"), "no database: looked for /tmp/"));
    open_db();
    end();
}

/* A process that hangs, or whose socket somebody removed. */
static void says_who_holds_the_folder(void)
{
    char want[128];
    int fd;
    begin();
    close_db();
    fd = open(folder_file("zapibot.lock"), O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
    snprintf(want, sizeof want, "process %ld holds %s", (long)getpid(), folder);
    CHECK(has(ask("{\"do\":\"inbox.list\"}"), want));
    close(fd);
    open_db();
    end();
}

static void binds_in_a_folder_with_a_long_name(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    char name[120], path[300], sock[400];
    struct stat st;
    int fd;
    folder_make();
    memset(name, 'l', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(sock, sizeof sock, "%s/control.sock", path);
    CHECK(mkdir(path, 0700) == 0);
    fd = zapi_ask_bind(path, &error);
    CHECK(fd >= 0);
    CHECK(stat(sock, &st) == 0 && S_ISSOCK(st.st_mode));
    CHECK_INT(st.st_mode & 0777, 0600);
    close(fd);
    fd = zapi_ask_bind(path, &error); /* in place of the one left behind */
    CHECK(fd >= 0);
    close(fd);
    zapi_ask_unlink(path);
    CHECK(stat(sock, &st) != 0);
    CHECK(zapi_ask_bind("/nowhere", &error) < 0);
    CHECK(has(error.message, "/nowhere/control.sock"));
    rmdir(path);
    folder_remove();
}

/* It ends between the request and the reply. */
static void says_when_the_process_has_ended(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    int fd, one;
    char buf[256];
    pid_t child;
    begin();
    close_db();
    fd = zapi_ask_bind(folder, &error);
    CHECK(fd >= 0 && listen(fd, 1) == 0);
    child = fork();
    if (child == 0) {
        one = accept(fd, NULL, NULL);
        _exit(read(one, buf, sizeof buf) > 0 && write(one, "\n\n{", 3) == 3
                  ? 0
                  : 1);
    }
    close(fd);
    CHECK(has(ask("{\"do\":\"status\"}"), "ended before it had answered"));
    zapi_ask_unlink(folder);
    open_db();
    end();
}

int main(void)
{
    RUN(refuses_what_it_does_not_know);
    RUN(lists_with_filters);
    RUN(shows_one_with_its_body);
    RUN(retry_begins_anew);
    RUN(retry_lets_what_was_refused_be_sent_anew);
    RUN(retry_of_all_means_the_dead_that_match);
    RUN(drop_leaves_nothing_behind);
    RUN(counts);
    RUN(puts_back_what_was_not_sent);
    RUN(puts_back_all_of_a_state);
    RUN(finds_errors_by_text_and_kind);
    RUN(closes_without_forgetting_the_step);
    RUN(shows_sends);
    RUN(can_be_looked_at_while_nothing_can_be_stored);
    RUN(backs_up);
    RUN(parks_what_a_backup_had_queued);
    RUN(keeps_the_old_file_with_its_log);
    RUN(restores_nothing_but_whole_backups);
    RUN(takes_the_place_of_a_damaged_one);
    RUN(forgets_to_the_last_byte);
    RUN(forgets_wholly_or_says_so);
    RUN(finds_its_way);
    RUN(says_who_holds_the_folder);
    RUN(binds_in_a_folder_with_a_long_name);
    RUN(says_when_the_process_has_ended);
    return CHECK_END();
}
