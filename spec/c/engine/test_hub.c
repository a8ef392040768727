/* SPDX-License-Identifier: MIT
 *
 * Seats that outlive a generation: order, what runs, what is parked, what is
 * dead, and whose instance an event is. In memory and in a folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/metrics.h"
#include "check.h"
#include "engine/hub.h"
#include "engine/ingest.h"
#include "store/connection.h"

enum { MANY = 256 };

struct bot { /* one generation */
    struct zapi_hub_seat *seat;
    struct zapi_delivery *started[MANY];
    size_t n;
    uint64_t ended[MANY]; /* elsewhere */
    size_t nended;
};

static uv_loop_t loop;
static uv_timer_t
    keep; /* the loop turns though nothing of ours is waited for */
static struct zapi_hub *hub;
static struct zapi_error error;
static const char *const all[] = {"*", NULL};

static void start(void *arg, struct zapi_delivery *d)
{
    struct bot *b = arg;
    b->started[b->n++] = d;
}

static void ended_elsewhere(void *arg, uint64_t seq)
{
    struct bot *b = arg;
    b->ended[b->nended++] = seq;
}

static struct zapi_hub_seat_config config_of(struct bot *b, const char *name)
{
    return (struct zapi_hub_seat_config){.name = name,
                                         .group = "script.lua",
                                         .kinds = all,
                                         .concurrency = 4,
                                         .start = start,
                                         .ended_elsewhere = ended_elsewhere,
                                         .arg = b};
}

static void join(struct bot *b, const char *name, bool replace)
{
    struct zapi_hub_seat_config c = config_of(b, name);
    *b = (struct bot){0};
    c.replace = replace;
    b->seat = zapi_hub_join(hub, &c, &error);
    CHECK(b->seat != NULL);
}

static void turn(void)
{
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* The writer thread may take its time. */
static void turn_until(const size_t *n, size_t want)
{
    for (int i = 0; i < 5000 && *n < want; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    CHECK_INT(*n, want);
}

static void on_keep(uv_timer_t *timer)
{
    (void)timer;
}

static void open_hub(const char *folder)
{
    struct zapi_hub_config c = {.loop = &loop, .folder = folder};
    uv_loop_init(&loop);
    uv_timer_init(&loop, &keep);
    uv_timer_start(&keep, on_keep, 3600000, 0);
    hub = zapi_hub_open(&c, &error);
    CHECK(hub != NULL);
}

static void close_hub(void)
{
    zapi_hub_close(hub);
    uv_close((uv_handle_t *)&keep, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static size_t stored;

static void on_stored(void *arg, enum zapi_inbox_result result)
{
    (void)arg;
    CHECK_INT(result, ZAPI_INBOX_STORED);
    __atomic_fetch_add(&stored, 1, __ATOMIC_SEQ_CST);
}

static void say(const char *instance, const char *phone, const char *id)
{
    char body[400];
    struct zapi_error why = {0};
    int n = snprintf(body, sizeof body,
                     "{\"type\":\"ReceivedCallback\",\"instanceId\":\"%s\","
                     "\"phone\":\"%s\",\"messageId\":\"%s\",\"fromMe\":false,"
                     "\"isGroup\":false,\"text\":{\"message\":\"oi\"}}",
                     instance, phone, id);
    struct zapi_event *ev = zapi_ingest(strdup(body), (size_t)n, &why);
    CHECK(ev != NULL);
    if (ev && zapi_hub_take(hub, ev, false, on_stored, NULL))
        zapi_hub_wake(hub);
}

static void end(struct bot *b, struct zapi_delivery *d,
                enum zapi_inbox_outcome outcome)
{
    struct zapi_inbox_end e = {.outcome = outcome,
                               .attempt = d->attempt,
                               .by_script = outcome == ZAPI_INBOX_DEAD,
                               .reason =
                                   outcome == ZAPI_INBOX_DEAD ? "no" : NULL};
    zapi_hub_end(b->seat, d, &e);
}

static void what_starts_next_starts_with_the_next_one(void)
{
    struct bot old, new;
    open_hub(NULL);
    join(&old, "bot", false);
    say("I1", "5511900000001", "A1");
    say("I1", "5511900000001", "A2");
    say("I1", "5511900000002", "B1");
    turn();
    CHECK_INT(old.n, 2);
    join(&new, "bot", true);
    CHECK(zapi_hub_is_current(old.seat) && !zapi_hub_is_current(new.seat));
    zapi_hub_succeed(new.seat);
    CHECK(!zapi_hub_is_current(old.seat) && zapi_hub_is_current(new.seat));
    CHECK_INT(zapi_hub_running(old.seat), 2);
    CHECK_INT(zapi_hub_running(new.seat), 0);
    CHECK_INT(zapi_hub_waiting(old.seat), 0);
    CHECK_INT(zapi_hub_waiting(new.seat), 1);
    turn();
    CHECK_INT(new.n, 0); /* A2 waits for A1, which runs with the old one */
    end(&old, old.started[1], ZAPI_INBOX_DONE);
    end(&old, old.started[0], ZAPI_INBOX_DONE);
    turn();
    CHECK_INT(new.n, 1);
    CHECK_STR(new.started[0]->event->message_id, "A2");
    zapi_hub_pause(old.seat); /* it stops nobody */
    zapi_hub_leave(old.seat);
    say("I1", "5511900000003", "C1");
    turn();
    CHECK_INT(new.n, 2);
    CHECK_INT(old.n, 2);
    end(&new, new.started[0], ZAPI_INBOX_DONE);
    end(&new, new.started[1], ZAPI_INBOX_DONE);
    zapi_hub_leave(new.seat);
    CHECK(zapi_hub_is_vacant(hub));
    close_hub();
}

static void nothing_starts_in_the_turn_of_the_change(void)
{
    struct bot old, new;
    open_hub(NULL);
    join(&old, "bot", false);
    turn();
    join(&new, "bot", true);
    say("I1", "5511900000001", "A1");
    zapi_hub_succeed(new.seat);
    CHECK_INT(new.n + old.n, 0);
    turn();
    CHECK_INT(new.n, 1);
    CHECK_INT(old.n, 0);
    end(&new, new.started[0], ZAPI_INBOX_DONE);
    zapi_hub_leave(old.seat);
    zapi_hub_leave(new.seat);
    close_hub();
}

static void what_is_given_up_runs_again_with_the_next_one(void)
{
    struct bot old, new;
    open_hub(NULL);
    join(&old, "bot", false);
    say("I1", "5511900000001", "A1");
    say("I1", "5511900000001", "A2");
    turn();
    CHECK_INT(old.n, 1);
    CHECK(!old.started[0]->again);
    join(&new, "bot", true);
    zapi_hub_succeed(new.seat);
    turn();
    zapi_hub_abandon(old.seat, old.started[0]);
    zapi_hub_leave(old.seat);
    CHECK_INT(new.n, 1);
    CHECK_STR(new.started[0]->event->message_id, "A1");
    CHECK_INT(new.started[0]->attempt, 1);
    CHECK(new.started[0]->again);
    end(&new, new.started[0], ZAPI_INBOX_DONE);
    CHECK_INT(new.n, 2);
    end(&new, new.started[1], ZAPI_INBOX_DONE);
    zapi_hub_leave(new.seat);
    close_hub();
}

static void without_a_next_one_it_stays(void)
{
    struct bot b;
    open_hub(NULL);
    join(&b, "bot", false);
    say("I1", "5511900000001", "A1");
    say("I1", "5511900000002", "B1");
    turn();
    CHECK_INT(b.n, 2);
    zapi_hub_abandon(b.seat, b.started[0]);
    say("I1", "5511900000003", "C1");
    turn();
    CHECK_INT(b.n, 2); /* nothing new starts */
    zapi_hub_abandon(b.seat, b.started[1]);
    zapi_hub_leave(b.seat);
    close_hub();
}

static void names_belong_to_a_script(void)
{
    struct bot a, b;
    struct zapi_hub_seat_config c;
    open_hub(NULL);
    join(&a, "bot", false);
    c = config_of(&b, "bot");
    CHECK(!zapi_hub_may_join(hub, &c, &error)); /* no next generation */
    CHECK(strstr(error.message, "'bot'") != NULL);
    c.replace = true;
    CHECK(zapi_hub_may_join(hub, &c, &error));
    c.group = "other.lua";
    CHECK(!zapi_hub_may_join(hub, &c, &error));
    CHECK(zapi_hub_join(hub, &c, &error) == NULL);
    join(&b, "bot", true);
    c.group = "script.lua";
    CHECK(!zapi_hub_may_join(hub, &c, &error)); /* one next one at a time */
    zapi_hub_leave(b.seat);
    CHECK(zapi_hub_may_join(hub, &c, &error));
    CHECK(zapi_hub_is_current(a.seat));
    zapi_hub_leave(a.seat);
    close_hub();
}

static void a_new_bot_beside_former_ones(void)
{
    struct bot old, mid, new;
    open_hub(NULL);
    join(&old, "bot", false);
    say("I1", "5511900000001", "A1");
    turn();
    join(&mid, "bot", true);
    zapi_hub_succeed(mid.seat);
    turn();
    zapi_hub_leave(mid.seat); /* bot:stop() */
    join(&new, "bot", false);
    CHECK(zapi_hub_is_current(new.seat));
    say("I1", "5511900000002", "B1");
    turn();
    CHECK_INT(new.n, 1);
    end(&old, old.started[0], ZAPI_INBOX_DONE);
    end(&new, new.started[0], ZAPI_INBOX_DONE);
    zapi_hub_leave(old.seat);
    zapi_hub_leave(new.seat);
    close_hub();
}

static void instances_tell_bots_apart(void)
{
    static const char *const one[] = {"I1", NULL}, *const two[] = {"I2", NULL};
    struct bot a = {0}, b = {0}, c;
    struct zapi_hub_seat_config ca = config_of(&a, "a"),
                                cb = config_of(&b, "b");
    ca.instances = one;
    cb.instances = two;
    open_hub(NULL);
    a.seat = zapi_hub_join(hub, &ca, &error);
    b.seat = zapi_hub_join(hub, &cb, &error);
    join(&c, "c", false); /* names none */
    say("I1", "5511900000001", "M1");
    say("I2", "5511900000002", "M2");
    turn();
    CHECK_INT(a.n, 1);
    CHECK_STR(a.started[0]->event->instance, "I1");
    CHECK_INT(b.n, 1);
    CHECK_STR(b.started[0]->event->instance, "I2");
    CHECK_INT(c.n, 0);
    say("I3", "5511900000003", "M3"); /* nobody's: for all */
    say("", "5511900000004", "M4");
    turn();
    CHECK_INT(a.n, 3);
    CHECK_INT(b.n, 3);
    CHECK_INT(c.n, 2);
    for (size_t i = 0; i < 3; i++) {
        end(&a, a.started[i], ZAPI_INBOX_DONE);
        end(&b, b.started[i], ZAPI_INBOX_DONE);
    }
    end(&c, c.started[0], ZAPI_INBOX_DONE);
    end(&c, c.started[1], ZAPI_INBOX_DONE);
    zapi_hub_leave(b.seat);
    say("I2", "5511900000005", "M5"); /* nobody's any more */
    turn();
    CHECK_INT(a.n, 4);
    CHECK_INT(c.n, 3);
    end(&a, a.started[3], ZAPI_INBOX_DONE);
    end(&c, c.started[2], ZAPI_INBOX_DONE);
    zapi_hub_leave(a.seat);
    zapi_hub_leave(c.seat);
    close_hub();
}

/* Each of many bots has instances of its own, of one name length, so that a
 * mistake in the table of names would show. */
enum { BOTS = 200, OF_EACH = 5 };

static struct bot crowd[BOTS];
static char crowd_names[BOTS][16], crowd_ids[BOTS * OF_EACH][24];

static void join_crowd(void)
{
    for (int i = 0; i < BOTS; i++) {
        const char *ids[OF_EACH + 1] = {NULL};
        for (int k = 0; k < OF_EACH; k++) {
            ids[k] = crowd_ids[i * OF_EACH + k];
            snprintf(crowd_ids[i * OF_EACH + k], sizeof *crowd_ids,
                     "INSTANCE%06d", i * OF_EACH + k);
        }
        snprintf(crowd_names[i], sizeof *crowd_names, "bot%d", i);
        crowd[i] = (struct bot){0};
        struct zapi_hub_seat_config c = config_of(&crowd[i], crowd_names[i]);
        c.instances = ids;
        crowd[i].seat = zapi_hub_join(hub, &c, &error);
        CHECK(crowd[i].seat != NULL);
    }
}

/* Ends what has started; how many there were. */
static size_t end_all(struct bot *b)
{
    size_t n = b->n;
    for (size_t i = 0; i < n; i++)
        end(b, b->started[i], ZAPI_INBOX_DONE);
    b->n = 0;
    return n;
}

static void each_of_a_crowd_gets_its_own(void)
{
    static const char *const everything[] = {"*", NULL};
    struct bot listener = {0};
    struct zapi_hub_seat_config c = config_of(&listener, "listener");
    char phone[24], id[24];
    open_hub(NULL);
    join_crowd();
    c.instances = everything;
    listener.seat = zapi_hub_join(hub, &c, &error);
    for (int i = 0; i < BOTS * OF_EACH; i++) {
        snprintf(phone, sizeof phone, "55119%08d", i);
        snprintf(id, sizeof id, "M%d", i);
        say(crowd_ids[i], phone, id);
        turn();
        CHECK_INT(crowd[i / OF_EACH].n, 1);
        CHECK_INT(end_all(&crowd[i / OF_EACH]), 1);
        CHECK_INT(end_all(&listener), 1);
    }
    say("INSTANCE999999", "5511900000001", "nobody's");
    turn();
    for (int i = 0; i < BOTS; i++)
        CHECK_INT(end_all(&crowd[i]), 1);
    CHECK_INT(end_all(&listener), 1);
    zapi_hub_leave(crowd[BOTS / 2].seat);
    say(crowd_ids[BOTS / 2 * OF_EACH], "5511900000001", "whose bot has left");
    turn();
    for (int i = 0; i < BOTS; i++)
        CHECK_INT(end_all(&crowd[i]), i != BOTS / 2);
    CHECK_INT(end_all(&listener), 1);
    for (int i = 0; i < BOTS; i++)
        if (i != BOTS / 2)
            zapi_hub_leave(crowd[i].seat);
    zapi_hub_leave(listener.seat);
    close_hub();
}

static void what_is_subscribed_to_counts_at_once(void)
{
    static const char *const images[] = {"image", NULL};
    struct bot a, b;
    open_hub(NULL);
    join(&a, "a", false);
    join(&b, "b", false);
    say("I1", "5511900000001", "M1");
    turn();
    CHECK_INT(end_all(&a) + end_all(&b), 2);
    zapi_hub_subscribe(a.seat, images);
    say("I1", "5511900000001", "M2");
    turn();
    CHECK_INT(end_all(&a), 0);
    CHECK_INT(end_all(&b), 1);
    zapi_hub_subscribe(a.seat, all);
    say("I1", "5511900000001", "M3");
    turn();
    CHECK_INT(end_all(&a) + end_all(&b), 2);
    zapi_hub_leave(a.seat);
    zapi_hub_leave(b.seat);
    close_hub();
}

static void a_timer_is_its_own_bots(void)
{
    struct zapi_own_event own = {.type = "timer:b",
                                 .kind = "timer:wake",
                                 .chat = "5511900000001",
                                 .body = "{}"};
    struct bot a, b;
    open_hub(NULL);
    join(&a, "a", false);
    join(&b, "b", false);
    struct zapi_event *ev = zapi_ingest_own(&own, &error);
    CHECK(ev != NULL);
    if (ev && zapi_hub_take(hub, ev, false, on_stored, NULL))
        zapi_hub_wake(hub);
    turn();
    CHECK_INT(end_all(&a), 0);
    CHECK_INT(end_all(&b), 1);
    zapi_hub_leave(a.seat);
    zapi_hub_leave(b.seat);
    close_hub();
}

/* ---- one person by two names ---- */

enum { COUPLES = 70 };

/* A message by lid, by number, or by both. */
static void write_as(int who, bool number, bool lid)
{
    static int said;
    char chat[40], body[400], hidden[40];
    struct zapi_error why = {0};
    snprintf(hidden, sizeof hidden, "9000000000%04d@lid", who);
    snprintf(chat, sizeof chat, "551190000%04d", who);
    int n = snprintf(body, sizeof body,
                     "{\"type\":\"ReceivedCallback\",\"instanceId\":\"I1\","
                     "\"phone\":\"%s\",\"chatLid\":%s%s%s,"
                     "\"messageId\":\"M%d\",\"fromMe\":false,"
                     "\"isGroup\":false,\"text\":{\"message\":\"oi\"}}",
                     number ? chat : hidden, lid ? "\"" : "",
                     lid ? hidden : "null", lid ? "\"" : "", ++said);
    struct zapi_event *ev = zapi_ingest(strdup(body), (size_t)n, &why);
    CHECK(ev != NULL);
    if (ev && zapi_hub_take(hub, ev, false, on_stored, NULL))
        zapi_hub_wake(hub);
}

/* More than a few turn out to be one while the loop is busy elsewhere. */
static void many_orders_become_one_at_once(void)
{
    struct bot b = {0};
    struct zapi_hub_seat_config c = config_of(&b, "bot");
    open_hub(NULL);
    c.concurrency = MANY;
    b.seat = zapi_hub_join(hub, &c, &error);
    CHECK(b.seat != NULL);
    turn();
    for (int i = 0; i < COUPLES; i++) {
        write_as(i, false, true);
        write_as(i, true, false);
    }
    for (int i = 0; i < COUPLES; i++)
        write_as(i, true, true);
    turn();
    CHECK_INT(b.n, COUPLES);
    CHECK_INT(zapi_hub_waiting(b.seat), 2 * COUPLES);
    for (size_t i = 0; i < b.n; i++) {
        end(&b, b.started[i], ZAPI_INBOX_DONE);
        CHECK(zapi_hub_running(b.seat) <= COUPLES);
    }
    CHECK_INT(b.n, 3 * COUPLES);
    zapi_hub_leave(b.seat);
    close_hub();
}

/* ---- on disk ---- */

static char folder[64];

static void open_folder(void)
{
    strcpy(folder, "/tmp/zapi-hub-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    open_hub(folder);
}

static void remove_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_INT(system(command), 0);
}

static void a_parked_one_waits_until_it_was_let_go(void)
{
    struct bot old, new;
    open_folder();
    join(&old, "bot", false);
    say("I1", "5511900000001", "A1");
    say("I1", "5511900000002", "B1");
    turn_until(&old.n, 2);
    struct zapi_delivery *a = old.started[0], *b = old.started[1];
    uint64_t seq = a->seq, other = b->seq;
    zapi_hub_park(old.seat, a, NULL);
    zapi_hub_park(old.seat, b, NULL);
    CHECK_INT(zapi_hub_running(old.seat), 0);
    join(&new, "bot", true);
    zapi_hub_succeed(new.seat);
    turn();
    zapi_hub_unpark(new.seat, seq, 0);
    zapi_hub_unpark(new.seat, other, 0);
    turn();
    CHECK_INT(new.n, 0); /* both are with the old one still */
    zapi_hub_abandon(old.seat, a);
    turn_until(&new.n, 1);
    CHECK(new.started[0]->seq == seq &&new.started[0]->again);
    end(&old, b, ZAPI_INBOX_DONE);
    turn();
    CHECK_INT(new.n, 1);
    CHECK_INT(new.nended, 1);
    CHECK(new.ended[0] == other);
    end(&new, new.started[0], ZAPI_INBOX_DONE);
    zapi_hub_leave(old.seat);
    zapi_hub_leave(new.seat);
    close_hub();
    remove_folder();
}

static void dead_by_the_script_is_offered_once_to_each(void)
{
    struct bot one, two, three;
    open_folder();
    join(&one, "bot", false);
    say("I1", "5511900000001", "A1");
    turn_until(&one.n, 1);
    end(&one, one.started[0], ZAPI_INBOX_DEAD);
    join(&two, "bot", true);
    zapi_hub_succeed(two.seat);
    turn_until(&two.n, 1);
    CHECK_STR(two.started[0]->event->message_id, "A1");
    CHECK_INT(two.started[0]->attempt, 2);
    end(&two, two.started[0], ZAPI_INBOX_DEAD);
    for (int i = 0; i < 50; i++) { /* never twice to the same one */
        turn();
        usleep(1000);
    }
    CHECK_INT(two.n, 1);
    join(&three, "bot", true);
    zapi_hub_succeed(three.seat);
    turn_until(&three.n, 1);
    end(&three, three.started[0], ZAPI_INBOX_DONE);
    zapi_hub_leave(one.seat);
    zapi_hub_leave(two.seat);
    zapi_hub_leave(three.seat);
    close_hub();
    remove_folder();
}

static void what_the_former_one_gets_wrong_the_next_one_tries(void)
{
    struct bot old, new;
    open_folder();
    join(&old, "bot", false);
    say("I1", "5511900000001", "A1");
    turn_until(&old.n, 1);
    join(&new, "bot", true);
    zapi_hub_succeed(new.seat);
    turn();
    end(&old, old.started[0], ZAPI_INBOX_DEAD);
    zapi_hub_leave(old.seat);
    turn_until(&new.n, 1);
    CHECK_INT(new.started[0]->attempt, 2);
    end(&new, new.started[0], ZAPI_INBOX_DONE);
    zapi_hub_leave(new.seat);
    close_hub();
    remove_folder();
}

/* What it left in the queue, a desk finds on disk too when it opens anew; of
 * another name it is nobody's. */
static void what_is_taken_up_from_disk_is_not_taken_from_the_queue(void)
{
    struct bot first, again;
    size_t before = stored;
    open_folder();
    join(&first, "bot", false);
    turn();
    say("I1", "5511900000001", "A1");
    say("I1", "5511900000002", "B1");
    say("I1", "5511900000001", "A2");
    while (__atomic_load_n(&stored, __ATOMIC_SEQ_CST) < before + 3)
        usleep(1000);
    zapi_hub_leave(first.seat);
    join(&again, "bot", false);
    say("I1", "5511900000003", "C1");
    turn_until(&again.n, 3);
    CHECK_INT(zapi_hub_waiting(again.seat), 1);
    for (size_t i = 0; i < again.n; i++)
        end(&again, again.started[i], ZAPI_INBOX_DONE);
    turn();
    CHECK_INT(again.n, 4);
    zapi_hub_leave(again.seat);
    close_hub();
    remove_folder();
}

static double gauge(const char *name)
{
    struct zapi_buf text;
    char line[100];
    zapi_buf_init(&text, 1 << 20);
    zapi_metrics_write(&text);
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(zapi_buf_str(&text), line);
    double v = at ? strtod(at + strlen(line), NULL) : -1;
    zapi_buf_free(&text);
    return v;
}

/* Thousands of dead letters: the loop does not read them each time it is asked,
 * but the number becomes right. */
static void gauges_that_cost_are_not_read_each_time(void)
{
    const char *name = "zapibot_dead_letters";
    size_t asked = 0, changed = 0;
    double last = 0;
    open_folder();
    struct zapi_sql *sql = zapi_sql_open(zapi_db_path(zapi_hub_db(hub)),
                                         ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(
        sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
             " WHERE i<5000) INSERT INTO delivery(automation, person, seq,"
             " state, ended) SELECT 1, 'p'||i, i, 2, i FROM n;"
             "INSERT INTO event(seq, received_at, person) SELECT seq, 1, person"
             " FROM delivery"));
    for (; last != 4980 && asked < 20000; asked++) {
        if (asked < 20)
            CHECK(zapi_sql_script(sql, "DELETE FROM delivery WHERE seq ="
                                       " (SELECT max(seq) FROM delivery)"));
        zapi_hub_measure(hub);
        double now = gauge(name);
        changed += now != last;
        last = now;
        usleep(1000);
    }
    CHECK(last == 4980);
    CHECK(changed < 10); /* of 20 */
    zapi_sql_close(sql);
    close_hub();
    remove_folder();
    zapi_metrics_clear();
}

int main(void)
{
    RUN(what_starts_next_starts_with_the_next_one);
    RUN(nothing_starts_in_the_turn_of_the_change);
    RUN(what_is_given_up_runs_again_with_the_next_one);
    RUN(without_a_next_one_it_stays);
    RUN(names_belong_to_a_script);
    RUN(a_new_bot_beside_former_ones);
    RUN(instances_tell_bots_apart);
    RUN(each_of_a_crowd_gets_its_own);
    RUN(what_is_subscribed_to_counts_at_once);
    RUN(a_timer_is_its_own_bots);
    RUN(many_orders_become_one_at_once);
    RUN(what_is_taken_up_from_disk_is_not_taken_from_the_queue);
    RUN(gauges_that_cost_are_not_read_each_time);
    RUN(a_parked_one_waits_until_it_was_let_go);
    RUN(dead_by_the_script_is_offered_once_to_each);
    RUN(what_the_former_one_gets_wrong_the_next_one_tries);
    return CHECK_END();
}
