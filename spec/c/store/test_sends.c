/* SPDX-License-Identifier: MIT
 *
 * The table of sends on real files: what is written once, what leaves next,
 * what callbacks may do to a row. The clock is the test's: `T` is now.
 */
#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"
#include "check.h"
#include "folder.h"
#include "store/db.h"
#include "store/sends.h"
#include "store/sql.h"

#define T 1800000000.0

enum { MAX_ROWS = 64 };

static struct zapi_db *db;
static struct zapi_sends *sends;
static size_t unknown_at_start;
static struct zapi_error error;

/* ---- who is told ---- */

static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static struct flag told = FLAG;
static char told_last[200];

static void on_changed(void *arg, const struct zapi_send *row)
{
    (void)arg;
    pthread_mutex_lock(&told_lock);
    snprintf(told_last, sizeof told_last, "%s %s %s", row->automation,
             row->key ? row->key : "-", zapi_send_state_name(row->state));
    pthread_mutex_unlock(&told_lock);
    flag_raise(&told);
}

static bool was_told(const char *what)
{
    pthread_mutex_lock(&told_lock);
    bool same = strcmp(told_last, what) == 0;
    if (!same)
        fprintf(stderr, "told: %s\n", told_last);
    pthread_mutex_unlock(&told_lock);
    return same;
}

/* ---- open, close ---- */

static void start(void)
{
    struct zapi_db_config c = {.folder = folder};
    db = zapi_db_open(&c, &error);
    sends = db ? zapi_sends_new(db, on_changed, NULL, &unknown_at_start, &error)
               : NULL;
    if (!sends) {
        fprintf(stderr, "open: %s\n", error.message);
        exit(2);
    }
    told.n = 0;
    told_last[0] = '\0';
}

static void stop(void)
{
    zapi_db_close(db);
    zapi_sends_delete(sends);
    db = NULL;
    sends = NULL;
}

static void fresh(void)
{
    folder_make();
    start();
}

static void end(void)
{
    stop();
    folder_remove();
}

/* ---- anything on the writer thread, waited for ---- */

struct work {
    struct zapi_job job;
    void (*fn)(struct zapi_sql *sql, void *arg);
    void *arg;
    bool fails;
};

static bool apply_work(struct zapi_job *job, struct zapi_sql *sql)
{
    struct work *w = (struct work *)job;
    if (w->fn)
        w->fn(sql, w->arg);
    return !w->fails;
}

static void work_done(struct zapi_job *job, enum zapi_db_result result)
{
    (void)job, (void)result;
}

static void on_writer(void (*fn)(struct zapi_sql *, void *), void *arg)
{
    struct work w = {
        .job = {.apply = apply_work, .done = work_done}, .fn = fn, .arg = arg};
    CHECK_INT(zapi_db_run(db, &w.job), ZAPI_DB_OK);
}

/* All that was submitted has been done. */
static void settle(void)
{
    on_writer(NULL, NULL);
}

struct text {
    const char *sql;
};

static void run_text(struct zapi_sql *sql, void *arg)
{
    const struct text *text = arg;
    CHECK(zapi_sql_run(zapi_sql_begin(sql, text->sql)));
}

/* ---- begin ---- */

struct begun {
    struct zapi_send *row;
    bool is_new;
    struct flag ended;
};

static void on_begun(void *arg, struct zapi_send *row, bool is_new)
{
    struct begun *b = arg;
    b->row = row;
    b->is_new = is_new;
    flag_raise(&b->ended);
}

static struct begun begin(const struct zapi_send *row)
{
    struct begun b = {.ended = FLAG};
    zapi_sends_begin(sends, row, on_begun, &b);
    CHECK(flag_wait(&b.ended, 1));
    return b;
}

/* The id of a new row. */
static uint64_t add(const struct zapi_send *row)
{
    struct begun b = begin(row);
    uint64_t id = b.row ? b.row->id : 0;
    CHECK(b.row && b.is_new);
    zapi_send_free(b.row);
    return id;
}

static struct zapi_send message(const char *to, const char *text)
{
    static char args[8][200];
    static unsigned at;
    char *room = args[at++ % 8];
    snprintf(room, sizeof args[0], "{\"phone\":\"%s\",\"message\":\"%s\"}", to,
             text);
    return (struct zapi_send){.automation = "shop",
                              .instance = "3A",
                              .recipient = to,
                              .endpoint = "send_text",
                              .args = room,
                              .state = ZAPI_SEND_SENDING,
                              .created = T};
}

static uint64_t queue(const char *to, const char *key, double at)
{
    struct zapi_send row = message(to, "oi");
    row.state = ZAPI_SEND_QUEUED;
    row.key = key;
    row.at = at;
    return add(&row);
}

/* A row as it is: load(id) → a copy that lives until the next two loads. */
static struct zapi_send *kept[2];

static void keep(void *arg, const struct zapi_send *row)
{
    static const char nothing[] = "";
    struct zapi_send **out = arg;
    size_t room = sizeof *row + 4096;
    char *p;
    *out = calloc(1, room);
    p = (char *)(*out + 1);
    **out = *row;
    const char **strings[] = {
        &(*out)->automation, &(*out)->step,      &(*out)->key,
        &(*out)->instance,   &(*out)->recipient, &(*out)->person,
        &(*out)->endpoint,   &(*out)->lane,      &(*out)->message_id,
        &(*out)->error_kind, &(*out)->error,     &(*out)->args,
        &(*out)->result,
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        const char *s = *strings[i] ? *strings[i] : nothing;
        *strings[i] = strcpy(p, s);
        p += strlen(s) + 1;
    }
}

static const struct zapi_send *load(uint64_t id)
{
    static const struct zapi_send none = {.state = (enum zapi_send_state)99};
    struct zapi_sends_filter f = {.id = id};
    free(kept[1]);
    kept[1] = kept[0];
    kept[0] = NULL;
    settle();
    zapi_sends_each(zapi_db_reader(db), &f, keep, &kept[0]);
    return kept[0] ? kept[0] : &none;
}

static const char *state_of(uint64_t id)
{
    return zapi_send_state_name(load(id)->state);
}

static void drop_kept(void)
{
    free(kept[0]);
    free(kept[1]);
    kept[0] = kept[1] = NULL;
}

static void finish(uint64_t id, enum zapi_send_state state, const char *mid)
{
    struct zapi_send row = {.id = id,
                            .state = state,
                            .message_id = mid,
                            .changed = T + 1,
                            .result = mid ? "{\"ok\":true}" : NULL};
    if (state == ZAPI_SEND_FAILED || state == ZAPI_SEND_UNKNOWN) {
        row.error_kind = "net.refused";
        row.error = "no";
    }
    zapi_sends_end(sends, &row);
}

/* ---- facts ---- */

struct fact {
    const char *mid, *kind, *person, *text, *instance;
    enum zapi_send_state state;
    double at;
};

static void apply_fact(struct zapi_sql *sql, void *arg)
{
    const struct fact *f = arg;
    double at = f->at > 0 ? f->at : T + 2;
    if (f->text)
        zapi_sends_apply_echo(sends, sql, f->instance ? f->instance : "3A",
                              f->person, f->mid, f->text, at);
    else if (f->kind)
        zapi_sends_apply_failure(sends, sql, f->mid, f->kind, "it failed", at);
    else
        zapi_sends_apply_status(sends, sql, f->mid, f->state, at);
}

static void fact(struct fact f)
{
    on_writer(apply_fact, &f);
}

static void status(const char *mid, enum zapi_send_state state)
{
    fact((struct fact){.mid = mid, .state = state});
}

static void echo(const char *mid, const char *person, const char *text)
{
    fact((struct fact){.mid = mid, .person = person, .text = text});
}

/* ---- claim ---- */

struct claimed {
    struct zapi_send **rows;
    size_t n;
    double next_due;
    struct flag ended;
};

static void on_claimed(void *arg, struct zapi_send **rows, size_t n,
                       double next_due)
{
    struct claimed *c = arg;
    c->rows = rows;
    c->n = n;
    c->next_due = next_due;
    flag_raise(&c->ended);
}

static char claim_keys[400];
static double claim_next;
static uint64_t claim_ids[MAX_ROWS];

/* The keys of the claimed rows, with blanks between. */
static const char *claim_of(const char *automation, double now, size_t limit)
{
    struct claimed c = {.ended = FLAG};
    zapi_sends_claim(sends, automation, now, limit, on_claimed, &c);
    CHECK(flag_wait(&c.ended, 1));
    claim_keys[0] = '\0';
    for (size_t i = 0; i < c.n; i++) {
        const struct zapi_send *row = c.rows[i];
        size_t at = strlen(claim_keys);
        CHECK_INT(row->state, ZAPI_SEND_SENDING);
        CHECK(row->tries >= 1);
        claim_ids[i] = row->id;
        snprintf(claim_keys + at, sizeof claim_keys - at, "%s%s", at ? " " : "",
                 row->key);
        zapi_send_free(c.rows[i]);
    }
    free(c.rows);
    claim_next = c.next_due;
    return claim_keys;
}

static const char *claim(double now, size_t limit)
{
    return claim_of("shop", now, limit);
}

/* ==== begin and end ==== */

static void a_row_keeps_what_it_was_given(void)
{
    fresh();
    struct zapi_send row = message("5511999990001", "oi");
    row.event = 42;
    row.step = "h1.t0.send_text.5511999990001.1";
    row.key = "k";
    row.lane = "slow";
    row.reply = true;
    row.expires = T + 60;
    row.person = "p1";
    uint64_t id = add(&row);
    const struct zapi_send *r = load(id);
    CHECK_INT(r->event, 42);
    CHECK_STR(r->step, row.step);
    CHECK_STR(r->key, "k");
    CHECK_STR(r->lane, "slow");
    CHECK_STR(r->automation, "shop");
    CHECK_STR(r->instance, "3A");
    CHECK_STR(r->recipient, "5511999990001");
    CHECK_STR(r->person, "p1");
    CHECK_STR(r->endpoint, "send_text");
    CHECK_STR(r->args, row.args);
    CHECK_STR(zapi_send_state_name(r->state), "sending");
    CHECK(r->reply && r->tries == 1);
    CHECK(r->at == T && r->created == T && r->expires == T + 60);
    finish(id, ZAPI_SEND_ACCEPTED, "M1");
    r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "accepted");
    CHECK_STR(r->message_id, "M1");
    CHECK_STR(r->result, "{\"ok\":true}");
    CHECK(r->changed == T + 1);
    CHECK(zapi_sends_knows(sends, "M1"));
    CHECK(!zapi_sends_knows(sends, "M2") && !zapi_sends_knows(sends, ""));
    end();
}

static void a_step_is_written_once(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.event = 7;
    row.step = "s";
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_ACCEPTED, "M1");
    struct begun again = begin(&row);
    CHECK(again.row && !again.is_new);
    if (again.row) {
        CHECK_INT(again.row->id, id);
        CHECK_STR(again.row->message_id, "M1");
        CHECK_STR(again.row->result, "{\"ok\":true}");
        CHECK_INT(again.row->state, ZAPI_SEND_ACCEPTED);
    }
    zapi_send_free(again.row);
    row.automation = "other"; /* has deliveries of its own */
    CHECK(add(&row) != id);
    row.event = 8;
    add(&row);
    row.step = NULL; /* of an event, but no step: not unique */
    add(&row);
    add(&row);
    end();
}

static void a_key_is_written_once(void)
{
    fresh();
    uint64_t id = queue("1", "order-1", 0);
    struct zapi_send row = message("2", "other");
    row.key = "order-1";
    row.event = 3;
    row.step = "s";
    struct begun b = begin(&row);
    CHECK(b.row && !b.is_new);
    CHECK_INT(b.row ? b.row->id : 0, id);
    zapi_send_free(b.row);
    row.automation = "other";
    CHECK(add(&row) != id);
    end();
}

struct permission {
    const char *automation;
    uint64_t event;
};

static void do_permit(struct zapi_sql *sql, void *arg)
{
    const struct permission *p = arg;
    CHECK(zapi_sends_permit(sql, p->automation, p->event));
}

static void permit(const char *automation, uint64_t event)
{
    struct permission p = {automation, event};
    on_writer(do_permit, &p);
}

static void what_failed_for_now_may_begin_again(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.event = 7;
    row.step = "s";
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_FAILED, NULL); /* net.refused: never left */
    row.args = "{\"message\":\"anew\"}";
    struct begun b = begin(&row);
    CHECK(b.row && b.is_new);
    CHECK_INT(b.row ? b.row->id : 0, id);
    CHECK_INT(b.row ? b.row->tries : 0, 2);
    zapi_send_free(b.row);
    const struct zapi_send *r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "sending");
    CHECK_STR(r->args, "{\"message\":\"anew\"}");
    CHECK_STR(r->error_kind, "");
    struct zapi_send refused = {.id = id,
                                .state = ZAPI_SEND_FAILED,
                                .error_kind = "client.invalid_phone"};
    zapi_sends_end(sends, &refused);
    b = begin(&row);
    CHECK(b.row && !b.is_new);
    zapi_send_free(b.row);
    permit("other", 7);
    permit(row.automation, 8);
    b = begin(&row);
    CHECK(b.row && !b.is_new);
    zapi_send_free(b.row);
    permit(row.automation, 7); /* a person has mended what it was */
    b = begin(&row);
    CHECK(b.row && b.is_new);
    CHECK_INT(b.row ? b.row->tries : 0, 1);
    zapi_send_free(b.row);
    zapi_sends_end(sends, &refused); /* and it was not: that holds again */
    b = begin(&row);
    CHECK(b.row && !b.is_new);
    zapi_send_free(b.row);
    row.step = "u";
    id = add(&row);
    finish(id, ZAPI_SEND_UNKNOWN, NULL); /* may have left: stays */
    b = begin(&row);
    CHECK(b.row && !b.is_new);
    CHECK_INT(b.row ? b.row->state : 0, ZAPI_SEND_UNKNOWN);
    zapi_send_free(b.row);
    end();
}

static void an_end_takes_nothing_back(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    uint64_t id = add(&row);
    echo("M1", "1", "oi"); /* before the reply */
    CHECK_STR(state_of(id), "sent");
    finish(id, ZAPI_SEND_ACCEPTED, "M1");
    const struct zapi_send *r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "sent");
    CHECK_STR(r->result, "{\"ok\":true}");
    finish(id, ZAPI_SEND_UNKNOWN, NULL);
    finish(id, ZAPI_SEND_QUEUED, NULL);
    CHECK_STR(state_of(id), "sent");
    finish(id + 100, ZAPI_SEND_ACCEPTED, "M9"); /* no such row */
    settle();
    end();
}

static void what_was_begun_for_nobody_is_undone(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    uint64_t id = add(&row), other = add(&row);
    zapi_sends_undo(sends, id);
    finish(other, ZAPI_SEND_ACCEPTED, "M1");
    zapi_sends_undo(sends, other); /* it has left */
    CHECK_STR(state_of(id), "?");
    CHECK_STR(state_of(other), "accepted");
    CHECK_INT(zapi_sends_find(sends, zapi_db_reader(db), "M1"), other);
    CHECK_INT(zapi_sends_find(sends, zapi_db_reader(db), "M2"), 0);
    CHECK_INT(zapi_sends_find(sends, zapi_db_reader(db), ""), 0);
    end();
}

static void give_back(uint64_t id, double at, unsigned tries)
{
    struct zapi_send row = {
        .id = id, .state = ZAPI_SEND_QUEUED, .at = at, .tries = tries};
    zapi_sends_end(sends, &row);
}

/* ==== a handler's good end ==== */

struct writes {
    struct work work;
    struct zapi_write *write;
};

static void apply_writes(struct zapi_sql *sql, void *arg)
{
    struct zapi_write *w = arg;
    CHECK(w->apply(w, sql));
}

static void staged_rows_come_with_the_transaction(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.state = ZAPI_SEND_QUEUED;
    row.key = "staged";
    struct zapi_write *w = zapi_sends_write(sends, &row);
    struct work fails = {.job = {.apply = apply_work, .done = work_done},
                         .fn = apply_writes,
                         .arg = w,
                         .fails = true};
    struct zapi_sends_filter f = {.key = "staged"};
    uint64_t counts[ZAPI_SEND_CANCELLED + 1];
    CHECK_INT(zapi_db_run(db, &fails.job), ZAPI_DB_FAILED);
    zapi_sends_count(zapi_db_reader(db), &f, counts);
    CHECK_INT(counts[ZAPI_SEND_QUEUED], 0);
    on_writer(apply_writes, w);
    w->release(w);
    zapi_sends_count(zapi_db_reader(db), &f, counts);
    CHECK_INT(counts[ZAPI_SEND_QUEUED], 1);
    CHECK(flag_wait(&told, 1));
    CHECK(was_told("shop staged queued"));
    w = zapi_sends_write(sends, &row); /* its key is there: nothing is added */
    on_writer(apply_writes, w);
    w->release(w);
    zapi_sends_count(zapi_db_reader(db), &f, counts);
    CHECK_INT(counts[ZAPI_SEND_QUEUED], 1);
    end();
}

/* ==== crash ==== */

/* A process that has noted that it sends, and dies. */
static void die_sending(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        start();
        struct zapi_send row = message("1", "oi");
        struct zapi_send queued = message("2", "oi");
        struct zapi_send done = message("3", "oi");
        row.key = "open";
        add(&row);
        queued.key = "waits";
        queued.state = ZAPI_SEND_QUEUED;
        add(&queued);
        done.key = "done";
        finish(add(&done), ZAPI_SEND_ACCEPTED, "M3");
        settle();
        kill(getpid(), SIGKILL);
    }
    int how = 0;
    CHECK(pid > 0 && waitpid(pid, &how, 0) == pid);
    CHECK(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

static uint64_t id_of(const char *key)
{
    struct zapi_sends_filter f = {.automation = "shop", .key = key};
    struct zapi_send *row = NULL;
    zapi_sends_each(zapi_db_reader(db), &f, keep, &row);
    uint64_t id = row ? row->id : 0;
    free(row);
    return id;
}

static void what_was_being_sent_is_unknown_after_a_crash(void)
{
    folder_make();
    die_sending();
    start();
    CHECK_INT(unknown_at_start, 1);
    const struct zapi_send *r = load(id_of("open"));
    CHECK_STR(zapi_send_state_name(r->state), "unknown");
    CHECK_STR(r->error_kind, "send.unknown");
    CHECK_STR(state_of(id_of("waits")), "queued");
    CHECK(zapi_sends_knows(sends, "M3"));
    status("M3", ZAPI_SEND_READ);
    CHECK_STR(state_of(id_of("done")), "read");
    echo("M1", "1", "oi"); /* but ten minutes of the test's clock */
    CHECK_STR(state_of(id_of("open")), "sent");
    stop();
    start();
    CHECK_INT(unknown_at_start, 0);
    end();
}

/* ==== moves ==== */

/* Written out once more by hand: row from, column to, in the order of the
 * enum: queued sending accepted sent received read played failed unknown
 * expired cancelled. */
static const char *const allowed[] = {
    ".x.....x.xx", /* queued */
    "x.xxxxxxxxx", /* sending */
    "...xxxxxx..", /* accepted */
    "....xxxx...", /* sent */
    ".....xx....", /* received */
    "......x....", /* read */
    "...........", /* played */
    "....xxx....", /* failed */
    "..xxxxxx...", /* unknown */
    "...........", /* expired */
    "...........", /* cancelled */
};

static void every_move_is_as_the_table_says(void)
{
    enum { N = ZAPI_SEND_CANCELLED + 1 };
    for (int from = 0; from < N; from++) {
        for (int to = 0; to < N; to++) {
            bool may = zapi_send_may_move((enum zapi_send_state)from,
                                          (enum zapi_send_state)to);
            if (may != (allowed[from][to] == 'x'))
                fprintf(stderr, "%s to %s\n",
                        zapi_send_state_name((enum zapi_send_state)from),
                        zapi_send_state_name((enum zapi_send_state)to));
            CHECK_INT(may, allowed[from][to] == 'x');
        }
    }
    CHECK(!zapi_send_may_move((enum zapi_send_state)N, ZAPI_SEND_SENT));
    CHECK(!zapi_send_may_move(ZAPI_SEND_SENT, (enum zapi_send_state)N));
}

static void names_and_states_agree(void)
{
    for (int i = 0; i <= ZAPI_SEND_CANCELLED; i++) {
        enum zapi_send_state s = ZAPI_SEND_QUEUED;
        const char *name = zapi_send_state_name((enum zapi_send_state)i);
        CHECK(zapi_send_state_find(name, &s));
        CHECK_INT(s, i);
    }
    enum zapi_send_state s;
    CHECK(!zapi_send_state_find("open", &s));
    CHECK(!zapi_send_state_find(NULL, &s));
}

struct put {
    uint64_t id;
    int state;
};

static const char put_text[] = "UPDATE send SET state=?2 WHERE id=?1";

static void put_state(struct zapi_sql *sql, void *arg)
{
    const struct put *p = arg;
    struct zapi_stmt *st = zapi_sql_begin(sql, put_text);
    zapi_sql_int(st, 1, (int64_t)p->id);
    zapi_sql_int(st, 2, p->state);
    CHECK(zapi_sql_run(st));
}

/* All pairs again, on rows, by what really arrives. */
static void facts_move_rows_as_the_table_says(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_ACCEPTED, "M1");
    for (int from = 0; from <= ZAPI_SEND_CANCELLED; from++) {
        for (int to = ZAPI_SEND_SENT; to <= ZAPI_SEND_FAILED; to++) {
            struct put p = {id, from};
            on_writer(put_state, &p);
            if (to == ZAPI_SEND_FAILED)
                fact((struct fact){.mid = "M1", .kind = "whatsapp.rejected"});
            else
                status("M1", (enum zapi_send_state)to);
            int want = allowed[from][to] == 'x' ? to : from;
            CHECK_STR(state_of(id),
                      zapi_send_state_name((enum zapi_send_state)want));
        }
    }
    end();
}

/* ==== facts ==== */

static void callbacks_repeat_and_come_out_of_order(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.key = "k";
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_ACCEPTED, "M1");
    status("M1", ZAPI_SEND_READ);
    CHECK(flag_wait(&told, 1));
    CHECK(was_told("shop k read"));
    CHECK(load(id)->changed == T + 2);
    status("M1", ZAPI_SEND_SENT);
    status("M1", ZAPI_SEND_RECEIVED);
    status("M1", ZAPI_SEND_READ);
    fact((struct fact){.mid = "M1", .kind = "transient.timeout"});
    CHECK_STR(state_of(id), "read");
    settle();
    CHECK_INT(told.n, 1);
    status("M1", ZAPI_SEND_PLAYED);
    CHECK_STR(state_of(id), "played");
    status("somebody else's", ZAPI_SEND_READ);
    end();
}

static void an_error_that_comes_later_is_kept(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_ACCEPTED, "M1");
    fact((struct fact){.mid = "M1", .kind = "whatsapp.shadow_ban"});
    const struct zapi_send *r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "failed");
    CHECK_STR(r->error_kind, "whatsapp.shadow_ban");
    CHECK_STR(r->error, "it failed");
    status("M1", ZAPI_SEND_SENT);
    CHECK_STR(state_of(id), "failed");
    status("M1", ZAPI_SEND_RECEIVED); /* a telephone has it */
    r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "received");
    CHECK_STR(r->error_kind, "");
    end();
}

static void a_callback_may_overtake_the_reply(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.key = "k";
    uint64_t one = add(&row);
    row = message("2", "oi");
    uint64_t two = add(&row);
    status("M1", ZAPI_SEND_RECEIVED);
    status("M1", ZAPI_SEND_SENT); /* does not take its place */
    fact((struct fact){.mid = "M2", .kind = "recipient.not_on_whatsapp"});
    CHECK_STR(state_of(one), "sending");
    finish(one, ZAPI_SEND_ACCEPTED, "M1");
    finish(two, ZAPI_SEND_ACCEPTED, "M2");
    CHECK_STR(state_of(one), "received");
    CHECK(flag_wait(&told, 1));
    const struct zapi_send *r = load(two);
    CHECK_STR(zapi_send_state_name(r->state), "failed");
    CHECK_STR(r->error_kind, "recipient.not_on_whatsapp");
    CHECK_STR(r->error, "it failed");
    CHECK_STR(r->message_id, "M2");
    end();
}

/* ==== echoes ==== */

static uint64_t lost(const char *to, const char *text, const char *key)
{
    struct zapi_send row = message(to, text);
    row.key = key;
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_UNKNOWN, NULL);
    return id;
}

static void an_echo_resolves_what_is_unknown(void)
{
    fresh();
    uint64_t id = lost("1", "Ol\\u00e1 \\n", "k");
    echo("M1", "1", "Olá");
    const struct zapi_send *r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "sent");
    CHECK_STR(r->message_id, "M1");
    CHECK_STR(r->error_kind, "");
    CHECK(zapi_sends_knows(sends, "M1"));
    CHECK(flag_wait(&told, 1));
    CHECK(was_told("shop k sent"));
    status("M1", ZAPI_SEND_READ);
    CHECK_STR(state_of(id), "read");
    struct zapi_send row = message("2", "oi");
    id = add(&row);
    finish(id, ZAPI_SEND_ACCEPTED, "M2");
    echo("M2", "2", "whatever"); /* known: it was sent */
    CHECK_STR(state_of(id), "sent");
    row = message("3", "oi");
    row.args = "{\"image\":\"…\",\"caption\":\"foto\"}";
    row.person = "person three";
    id = add(&row);
    echo("M3", "person three", "foto");
    CHECK_STR(state_of(id), "sent");
    end();
}

static void an_echo_of_something_else_resolves_nothing(void)
{
    fresh();
    uint64_t id = lost("1", "oi", NULL);
    echo("M1", "2", "oi");
    echo("M2", "1", "tchau");
    echo("M3", "1", "");
    fact((struct fact){
        .mid = "M4", .person = "1", .text = "oi", .instance = "3B"});
    fact(
        (struct fact){.mid = "M5", .person = "1", .text = "oi", .at = T + 601});
    fact(
        (struct fact){.mid = "M6", .person = "1", .text = "oi", .at = T - 601});
    echo("", "1", "oi");
    CHECK_STR(state_of(id), "unknown");
    fact(
        (struct fact){.mid = "M7", .person = "1", .text = "oi", .at = T + 599});
    CHECK_STR(state_of(id), "sent");
    end();
}

static void two_that_may_be_meant_are_left(void)
{
    fresh();
    uint64_t one = lost("1", "oi", NULL), two = lost("1", "oi", NULL);
    echo("M1", "1", "oi");
    CHECK_STR(state_of(one), "unknown");
    CHECK_STR(state_of(two), "unknown");
    struct zapi_send row = message("1", "outra");
    uint64_t three = add(&row);
    finish(three, ZAPI_SEND_FAILED, NULL);
    echo("M2", "1", "outra"); /* it was not sent by us */
    CHECK_STR(state_of(three), "failed");
    end();
}

/* ==== claim ==== */

static void due_rows_leave_in_order_one_a_person(void)
{
    fresh();
    queue("1", "b", T + 5);
    queue("1", "a", T + 1);
    queue("2", "c", T + 3);
    queue("1", "d", T + 1);
    queue("3", "later", T + 50);
    CHECK_STR(claim(T, 10), "");
    CHECK(claim_next == T + 1);
    CHECK_STR(claim(T + 10, 10), "a c");
    CHECK(claim_next == T + 50);
    uint64_t a = claim_ids[0], c = claim_ids[1];
    CHECK_STR(state_of(a), "sending");
    CHECK_STR(claim(T + 11, 10), ""); /* a is not finished */
    finish(c, ZAPI_SEND_ACCEPTED, "M1");
    CHECK_STR(claim(T + 11, 10), "");
    finish(a, ZAPI_SEND_UNKNOWN, NULL);
    CHECK_STR(claim(T + 11, 10), "d");
    finish(claim_ids[0], ZAPI_SEND_ACCEPTED, "M2");
    CHECK_STR(claim(T + 11, 10), "b");
    CHECK_STR(claim(T + 60, 10), "later");
    CHECK(claim_next == 0);
    CHECK_STR(claim_of("other", T + 60, 10), "");
    end();
}

static void a_limit_asks_again_at_once(void)
{
    fresh();
    queue("1", "a", 0);
    queue("2", "b", 0);
    queue("3", "c", 0);
    CHECK_STR(claim(T + 1, 2), "a b");
    CHECK(claim_next == T + 1);
    CHECK_STR(claim(T + 1, 2), "c");
    CHECK(claim_next == 0);
    end();
}

static void what_is_given_back_goes_first(void)
{
    fresh();
    uint64_t a = queue("1", "a", 0);
    queue("1", "b", 0);
    queue("2", "c", 0);
    CHECK_STR(claim(T + 1, 1), "a");
    give_back(a, T + 30, 1);
    CHECK_STR(claim(T + 2, 10), "c"); /* b waits behind a */
    CHECK(claim_next == T + 30);
    CHECK_STR(claim(T + 31, 10), "a");
    CHECK_INT(load(a)->tries, 2);
    finish(a, ZAPI_SEND_ACCEPTED, "M1");
    CHECK_STR(claim(T + 31, 10), "b");
    end();
}

struct pause {
    const char *automation, *lane;
    bool paused;
};

static void apply_pause(struct zapi_sql *sql, void *arg)
{
    const struct pause *p = arg;
    zapi_sends_pause(sql, p->automation, p->lane, p->paused);
}

static void paused_lanes_wait(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.state = ZAPI_SEND_QUEUED;
    row.key = "slow";
    row.lane = "campaign";
    add(&row);
    queue("1", "fast", 0);
    struct pause p = {"shop", "campaign", true}, other = {"other", "", true};
    on_writer(apply_pause, &p);
    on_writer(apply_pause, &other);
    CHECK_STR(claim(T + 1, 10), "fast");
    CHECK(claim_next == 0);
    finish(claim_ids[0], ZAPI_SEND_ACCEPTED, "M1");
    CHECK_STR(claim(T + 1, 10), "");
    stop(); /* a pause outlives the process */
    start();
    CHECK_STR(claim(T + 1, 10), "");
    p.paused = false;
    on_writer(apply_pause, &p);
    CHECK_STR(claim(T + 1, 10), "slow");
    end();
}

static void what_is_over_expires(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    row.state = ZAPI_SEND_QUEUED;
    row.key = "short";
    row.at = T + 100;
    row.expires = T + 20;
    uint64_t id = add(&row);
    CHECK_STR(claim(T + 1, 10), "");
    CHECK(claim_next == T + 20);
    CHECK_STR(claim(T + 20, 10), "");
    const struct zapi_send *r = load(id);
    CHECK_STR(zapi_send_state_name(r->state), "expired");
    CHECK_STR(r->error_kind, "send.expired");
    CHECK(flag_wait(&told, 1));
    CHECK(was_told("shop short expired"));
    CHECK_STR(claim(T + 200, 10), "");
    end();
}

static struct text flood = {
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
    " WHERE i<20000) INSERT INTO send(state, created, changed, at, tries,"
    " automation, person, lane) SELECT 0, 0, 0, i, 0, 'shop', '1', '' FROM n"};

static void a_flood_to_one_does_not_hold_up_others(void)
{
    struct timespec from, to;
    fresh();
    on_writer(run_text, &flood);
    queue("2", "other", T + 1);
    clock_gettime(CLOCK_MONOTONIC, &from);
    struct claimed c = {.ended = FLAG};
    zapi_sends_claim(sends, "shop", T + 2, 8, on_claimed, &c);
    CHECK(flag_wait(&c.ended, 1));
    clock_gettime(CLOCK_MONOTONIC, &to);
    CHECK_INT(c.n, 2);
    CHECK_STR(c.n == 2 ? c.rows[0]->person : "", "1");
    CHECK_STR(c.n == 2 ? c.rows[1]->key : "", "other");
    for (size_t i = 0; i < c.n; i++)
        zapi_send_free(c.rows[i]);
    free(c.rows);
    double took = (double)(to.tv_sec - from.tv_sec) +
                  (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    CHECK(took < 1.0);
    printf("a claim over 20,000 waiting rows: %.1f ms\n", took * 1000);
    end();
}

/* ==== filters and commands ==== */

static char seen_keys[400];

static void see(void *arg, const struct zapi_send *row)
{
    size_t at = strlen(seen_keys);
    (void)arg;
    snprintf(seen_keys + at, sizeof seen_keys - at, "%s%s", at ? " " : "",
             row->key ? row->key : "-");
}

static const char *list(struct zapi_sends_filter f)
{
    seen_keys[0] = '\0';
    zapi_sends_each(zapi_db_reader(db), &f, see, NULL);
    return seen_keys;
}

/* Six rows in four states. */
static void fill(void)
{
    struct zapi_send row = message("5511", "oi");
    queue("1", "order-1", 0);
    queue("2", "order-2", T + 9);
    row.key = "order-3";
    row.person = "p";
    add(&row);
    row.key = "sent-1";
    row.lane = "news";
    finish(add(&row), ZAPI_SEND_ACCEPTED, "M1");
    row.key = "bad";
    finish(add(&row), ZAPI_SEND_FAILED, NULL);
    row.automation = "other";
    row.key = "order-1";
    row.state = ZAPI_SEND_QUEUED;
    add(&row);
    settle();
}

static void filters_find(void)
{
    typedef struct zapi_sends_filter F;
    fresh();
    fill();
    CHECK_STR(list((F){.limit = 0}),
              "order-1 bad sent-1 order-3 order-2 order-1");
    CHECK_STR(list((F){.automation = "shop", .limit = 2}), "bad sent-1");
    CHECK_STR(list((F){.state = "queued"}), "order-1 order-2 order-1");
    CHECK_STR(list((F){.state = "open", .automation = "shop"}),
              "order-3 order-2 order-1");
    CHECK_STR(list((F){.state = "open", .limit = 2}), "order-3 order-1");
    CHECK_STR(list((F){.state = "failed"}), "bad");
    CHECK_STR(list((F){.state = "accepted"}), "sent-1");
    CHECK_STR(list((F){.state = "no such state"}), "");
    CHECK_STR(list((F){.automation = "shop", .key = "order-1"}), "order-1");
    CHECK_STR(list((F){.key = "order-1"}), "order-1 order-1");
    CHECK_STR(list((F){.automation = "shop", .prefix = "order-"}),
              "order-3 order-2 order-1");
    CHECK_STR(list((F){.automation = "shop", .prefix = "order%"}), "");
    CHECK_STR(list((F){.prefix = "order-3"}), "order-3");
    CHECK_STR(list((F){.recipient = "2"}), "order-2");
    CHECK_STR(list((F){.recipient = "p", .lane = ""}), "order-3");
    CHECK_STR(list((F){.recipient = "5511", .lane = "news"}),
              "order-1 bad sent-1");
    CHECK_STR(list((F){.id = id_of("bad")}), "bad");
    CHECK_STR(list((F){.id = id_of("bad"), .state = "sent"}), "");
    end();
}

static void counts_are_by_state(void)
{
    uint64_t n[ZAPI_SEND_CANCELLED + 1];
    struct zapi_sends_filter f = {.automation = "shop"};
    fresh();
    fill();
    zapi_sends_count(zapi_db_reader(db), &f, n);
    CHECK_INT(n[ZAPI_SEND_QUEUED], 2);
    CHECK_INT(n[ZAPI_SEND_SENDING], 1);
    CHECK_INT(n[ZAPI_SEND_ACCEPTED], 1);
    CHECK_INT(n[ZAPI_SEND_FAILED], 1);
    CHECK_INT(n[ZAPI_SEND_UNKNOWN], 0);
    f = (struct zapi_sends_filter){.automation = "shop", .prefix = "order"};
    zapi_sends_count(zapi_db_reader(db), &f, n);
    CHECK_INT(n[ZAPI_SEND_QUEUED] + n[ZAPI_SEND_SENDING], 3);
    CHECK_INT(n[ZAPI_SEND_ACCEPTED] + n[ZAPI_SEND_FAILED], 0);
    f = (struct zapi_sends_filter){.state = "queued"};
    zapi_sends_count(zapi_db_reader(db), &f, n);
    CHECK_INT(n[ZAPI_SEND_QUEUED], 3);
    CHECK_INT(n[ZAPI_SEND_SENDING], 0);
    end();
}

struct command {
    struct zapi_sends_filter f;
    bool requeue;
    size_t n;
};

static void apply_command(struct zapi_sql *sql, void *arg)
{
    struct command *c = arg;
    c->n = (c->requeue ? zapi_sends_requeue : zapi_sends_cancel)(sends, sql,
                                                                 &c->f, T + 5);
}

static size_t command(bool requeue, struct zapi_sends_filter f)
{
    struct command c = {.f = f, .requeue = requeue};
    on_writer(apply_command, &c);
    return c.n;
}

static void only_what_waits_can_be_cancelled(void)
{
    typedef struct zapi_sends_filter F;
    fresh();
    fill();
    uint64_t one = id_of("order-1");
    CHECK_INT(command(false, (F){.automation = "shop", .prefix = "order-"}), 2);
    const struct zapi_send *r = load(one);
    CHECK_STR(zapi_send_state_name(r->state), "cancelled");
    CHECK_STR(r->error_kind, "send.cancelled");
    CHECK(r->changed == T + 5);
    CHECK(flag_wait(&told, 2));
    CHECK_STR(state_of(id_of("order-3")), "sending");
    CHECK_STR(list((F){.state = "queued"}), "order-1"); /* the other's */
    CHECK_INT(command(false, (F){.automation = "shop", .key = "bad"}), 0);
    CHECK_INT(command(false, (F){.recipient = "p"}), 1);
    CHECK_STR(claim(T + 100, 10), "");
    end();
}

static void a_person_may_send_again(void)
{
    typedef struct zapi_sends_filter F;
    fresh();
    fill();
    uint64_t bad = id_of("bad"), gone = lost("9", "oi", "gone");
    CHECK_INT(command(true, (F){.automation = "shop", .key = "sent-1"}), 0);
    CHECK_INT(command(true, (F){.automation = "shop", .key = "order-1"}), 0);
    CHECK_INT(command(true, (F){.id = bad}), 1);
    CHECK_INT(command(true, (F){.id = gone}), 1);
    CHECK_STR(load(bad)->error_kind, "");
    CHECK_INT(load(bad)->tries, 0);
    finish(id_of("order-3"), ZAPI_SEND_ACCEPTED, "M3"); /* the same person */
    CHECK_STR(claim(T + 6, 10), "order-1 bad gone");
    end();
}

/* ==== time ==== */

static void age(struct zapi_sql *sql, void *arg)
{
    double *now = arg;
    size_t n = zapi_sends_age(sends, sql, *now);
    *now = (double)n;
}

static size_t age_at(double now)
{
    on_writer(age, &now);
    return (size_t)now;
}

static void a_day_without_callback_is_unknown(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    uint64_t one = add(&row);
    finish(one, ZAPI_SEND_ACCEPTED, "M1"); /* at T + 1 */
    row = message("2", "oi");
    uint64_t two = add(&row);
    finish(two, ZAPI_SEND_ACCEPTED, "M2");
    status("M2", ZAPI_SEND_SENT);
    CHECK_INT(age_at(T + 86400), 0);
    CHECK_INT(age_at(T + 86402), 1);
    const struct zapi_send *r = load(one);
    CHECK_STR(zapi_send_state_name(r->state), "unknown");
    CHECK_STR(r->error_kind, "send.unknown");
    CHECK_STR(state_of(two), "sent");
    CHECK_INT(age_at(T + 86402), 0);
    echo("M9", "1", "oi"); /* it has an id, which is another */
    CHECK_STR(state_of(one), "unknown");
    status("M1", ZAPI_SEND_READ);
    CHECK_STR(state_of(one), "read");
    end();
}

static void prune(struct zapi_sql *sql, void *arg)
{
    double now = *(double *)arg;
    while (zapi_sends_prune(sends, sql, now))
        ;
}

static void finished_rows_go_after_thirty_days(void)
{
    double day = 86400, now = T + 30 * day;
    fresh();
    struct zapi_send row = message("1", "oi");
    uint64_t old = add(&row), open, late, young;
    finish(old, ZAPI_SEND_ACCEPTED, "M1");
    open = queue("2", "open", T + 90 * day);
    late = add(&row);
    finish(late, ZAPI_SEND_ACCEPTED, "M2");
    fact((struct fact){
        .mid = "M2", .state = ZAPI_SEND_READ, .at = T + 20 * day});
    row.created = T + day;
    young = add(&row);
    finish(young, ZAPI_SEND_FAILED, NULL);
    on_writer(prune, &now);
    CHECK_STR(state_of(old), "accepted"); /* changed at T + 1 */
    now += 10;
    on_writer(prune, &now);
    CHECK_STR(state_of(old), "?");
    CHECK_STR(state_of(open), "queued");
    CHECK_STR(state_of(late), "read");
    CHECK_STR(state_of(young), "failed");
    now = T + 51 * day;
    on_writer(prune, &now);
    CHECK_STR(state_of(late), "?");
    CHECK_STR(state_of(open), "queued");
    row.created = 0;
    CHECK(add(&row) > young); /* ids are never used again */
    end();
}

static struct text many = {
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
    " WHERE i<2500) INSERT INTO send(state, created, changed, automation,"
    " message_id) SELECT 6, 1000+i, 1000+i, 'shop', 'OLD'||i FROM n"};

static void maintenance_goes_on_piece_by_piece(void)
{
    typedef struct zapi_sends_filter F;
    uint64_t n[ZAPI_SEND_CANCELLED + 1];
    fresh();
    on_writer(run_text, &many);
    zapi_sends_count(zapi_db_reader(db), &(F){.limit = 0}, n);
    CHECK_INT(n[ZAPI_SEND_PLAYED], 2500);
    zapi_sends_maintain(sends, T);
    zapi_sends_maintain(sends, T); /* one at a time */
    for (int i = 0; i < 1000 && n[ZAPI_SEND_PLAYED] > 0; i++) {
        settle();
        zapi_sends_count(zapi_db_reader(db), &(F){.limit = 0}, n);
    }
    CHECK_INT(n[ZAPI_SEND_PLAYED], 0);
    end();
}

static void message_ids_are_known_for_seven_days(void)
{
    double day = 86400;
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    double now = (double)real.tv_sec;
    fresh();
    struct zapi_send row = message("1", "oi");
    row.created = now - 8 * day;
    finish(add(&row), ZAPI_SEND_ACCEPTED, "OLD");
    row.created = now - 6 * day;
    uint64_t id = add(&row);
    finish(id, ZAPI_SEND_ACCEPTED, "NEW");
    settle();
    CHECK(zapi_sends_knows(sends, "OLD"));
    stop();
    start();
    CHECK(!zapi_sends_knows(sends, "OLD"));
    CHECK(zapi_sends_knows(sends, "NEW"));
    zapi_sends_maintain(sends, now + 2 * day); /* lets go while it runs */
    settle();
    settle();
    CHECK(!zapi_sends_knows(sends, "NEW"));
    end();
}

static void without_room_nothing_is_begun(void)
{
    fresh();
    struct zapi_send row = message("1", "oi");
    on_writer(run_text, &(struct text){"ALTER TABLE send RENAME TO gone"});
    struct begun b = begin(&row);
    CHECK(b.row == NULL && !b.is_new);
    CHECK_STR(claim(T, 1), "");
    CHECK(claim_next == T + 1);
    end();
}

static void no_log(void *arg, enum zapi_log_level level, const char *line,
                   size_t len)
{
    (void)arg, (void)level, (void)line, (void)len;
}

int main(void)
{
    zapi_log_set_sink(no_log, NULL);
    RUN(a_row_keeps_what_it_was_given);
    RUN(a_step_is_written_once);
    RUN(a_key_is_written_once);
    RUN(what_failed_for_now_may_begin_again);
    RUN(an_end_takes_nothing_back);
    RUN(what_was_begun_for_nobody_is_undone);
    RUN(staged_rows_come_with_the_transaction);
    RUN(what_was_being_sent_is_unknown_after_a_crash);
    RUN(every_move_is_as_the_table_says);
    RUN(names_and_states_agree);
    RUN(facts_move_rows_as_the_table_says);
    RUN(callbacks_repeat_and_come_out_of_order);
    RUN(an_error_that_comes_later_is_kept);
    RUN(a_callback_may_overtake_the_reply);
    RUN(an_echo_resolves_what_is_unknown);
    RUN(an_echo_of_something_else_resolves_nothing);
    RUN(two_that_may_be_meant_are_left);
    RUN(due_rows_leave_in_order_one_a_person);
    RUN(a_limit_asks_again_at_once);
    RUN(what_is_given_back_goes_first);
    RUN(paused_lanes_wait);
    RUN(what_is_over_expires);
    RUN(a_flood_to_one_does_not_hold_up_others);
    RUN(filters_find);
    RUN(counts_are_by_state);
    RUN(only_what_waits_can_be_cancelled);
    RUN(a_person_may_send_again);
    RUN(a_day_without_callback_is_unknown);
    RUN(finished_rows_go_after_thirty_days);
    RUN(maintenance_goes_on_piece_by_piece);
    RUN(message_ids_are_known_for_seven_days);
    RUN(without_room_nothing_is_begun);
    drop_kept();
    return CHECK_END();
}
