/* SPDX-License-Identifier: MIT
 *
 * The inbox: order, duplicates and what is left after a restart, with a
 * database and without; bounds; several threads.
 */
#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/inbox.h"

static struct zapi_error error;
static _Atomic unsigned woken;
static enum zapi_inbox_result result;

static struct zapi_event *event_of(uint64_t key, const char *type,
                                   const char *chat, const char *id)
{
    const char *const from[] = {"INSTANCE", type, "text", id, chat, "AUTHOR"};
    size_t n = 0;
    for (size_t i = 0; i < 6; i++)
        n += strlen(from[i]) + 1;
    struct zapi_event *ev = calloc(1, sizeof *ev + n);
    char **const to[] = {&ev->instance,   &ev->type, &ev->kind,
                         &ev->message_id, &ev->chat, &ev->author};
    char *at = (char *)(ev + 1);
    for (size_t i = 0; i < 6; i++) {
        *to[i] = strcpy(at, from[i]);
        at += strlen(from[i]) + 1;
    }
    ev->key[0] = key;
    ev->key[1] = key ? ~key : 0;
    ev->keep = true;
    ev->received_at = 1000;
    ev->body = strdup("{\"n\":1}");
    ev->body_len = strlen(ev->body);
    return ev;
}

static struct zapi_event *message(uint64_t key, const char *chat)
{
    char id[32];
    snprintf(id, sizeof id, "M%llu", (unsigned long long)key);
    return event_of(key, "ReceivedCallback", chat, id);
}

/* ---- without a database ---- */

static void wake(void *arg)
{
    (void)arg;
    woken++;
}

static void stored(void *arg, enum zapi_inbox_result r)
{
    (void)arg;
    result = r;
}

static struct zapi_inbox *open_with(size_t window, size_t remember)
{
    struct zapi_inbox_config c = {
        .window = window, .remember = remember, .wake = wake};
    woken = 0;
    return zapi_inbox_new(&c, &error);
}

static enum zapi_inbox_result put(struct zapi_inbox *in, uint64_t key)
{
    woken += zapi_inbox_append(in, message(key, "C"), false, stored, NULL);
    return result;
}

/* The event of the next item, which the caller releases; NULL: none waits. */
static struct zapi_event *take(struct zapi_inbox *in)
{
    struct zapi_inbox_item item;
    if (!zapi_inbox_take(in, &item))
        return NULL;
    CHECK(item.event && item.event->seq == item.seq);
    return item.event;
}

static uint64_t take_seq(struct zapi_inbox *in)
{
    struct zapi_inbox_item item;
    if (!zapi_inbox_take(in, &item))
        return 0;
    zapi_inbox_release(in, item.event);
    return item.seq;
}

static void order_and_sequence(void)
{
    struct zapi_inbox *in = open_with(4, 10);
    CHECK_INT(take_seq(in), 0);
    CHECK_INT(put(in, 1), ZAPI_INBOX_STORED);
    CHECK_INT(put(in, 2), ZAPI_INBOX_STORED);
    CHECK_INT(woken, 1); /* once for both: the first made it non-empty */
    CHECK_INT(zapi_inbox_depth(in), 2);
    struct zapi_event *ev = take(in);
    CHECK(ev && ev->seq == 1 && ev->only);
    CHECK_STR(ev->message_id, "M1");
    zapi_inbox_release(in, ev);
    CHECK_INT(take_seq(in), 2);
    CHECK_INT(take_seq(in), 0);
    put(in, 3);
    CHECK_INT(woken, 2);
    zapi_inbox_delete(in); /* frees the one that still waits */
}

static void bounded_until_released(void)
{
    struct zapi_inbox *in = open_with(2, 10);
    put(in, 1);
    put(in, 2);
    CHECK_INT(put(in, 3), ZAPI_INBOX_FULL);
    CHECK_INT(put(in, 1), ZAPI_INBOX_DUPLICATE); /* known: 200, not 503 */
    struct zapi_event *ev = take(in);
    CHECK_INT(put(in, 3), ZAPI_INBOX_FULL); /* taken is not done */
    zapi_inbox_release(in, ev);
    CHECK_INT(put(in, 3), ZAPI_INBOX_STORED); /* was not remembered */
    zapi_inbox_delete(in);
}

static void late_ones_wait_for_room(void)
{
    struct zapi_inbox *in = open_with(1, 10);
    put(in, 1);
    result = ZAPI_INBOX_DUPLICATE;
    zapi_inbox_append(in, message(2, "C"), true, stored, NULL);
    CHECK_INT(result, ZAPI_INBOX_DUPLICATE); /* not told yet */
    zapi_inbox_append(in, message(3, "C"), true, stored, NULL);
    CHECK_INT(take_seq(in), 1);
    CHECK_INT(result, ZAPI_INBOX_STORED); /* the first of the two */
    struct zapi_event *ev = take(in);
    CHECK(ev && ev->key[0] == 2);
    CHECK_INT(take_seq(in), 0);
    zapi_inbox_close(in);
    CHECK_INT(result, ZAPI_INBOX_FULL); /* the other */
    CHECK_INT(put(in, 4), ZAPI_INBOX_FULL);
    zapi_inbox_release(in, ev);
    zapi_inbox_delete(in);
}

static void duplicates_also_after_done(void)
{
    struct zapi_inbox *in = open_with(10, 3);
    put(in, 7);
    CHECK_INT(take_seq(in), 1);
    CHECK_INT(put(in, 7), ZAPI_INBOX_DUPLICATE);
    put(in, 8);
    put(in, 9);
    CHECK_INT(put(in, 7), ZAPI_INBOX_DUPLICATE);
    put(in, 10); /* the ring of three forgets 7 */
    CHECK_INT(put(in, 7), ZAPI_INBOX_STORED);
    CHECK_INT(put(in, 9), ZAPI_INBOX_DUPLICATE);
    zapi_inbox_delete(in);
}

static void without_key_never_a_duplicate(void)
{
    struct zapi_inbox *in = open_with(10, 10);
    CHECK_INT(put(in, 0), ZAPI_INBOX_STORED);
    CHECK_INT(put(in, 0), ZAPI_INBOX_STORED);
    zapi_inbox_delete(in);
}

/* Keys that collide in the table on purpose, over many turns of the ring. */
static void set_agrees_with_a_list(void)
{
    enum { KEEP = 50, STEPS = 20000 };
    struct zapi_inbox *in = open_with(STEPS, KEEP);
    uint64_t list[KEEP] = {0};
    size_t at = 0;
    unsigned rnd = 99;
    for (int i = 0; i < STEPS; i++) {
        rnd = rnd * 1103515245u + 12345u;
        uint64_t key = 1 + ((rnd >> 16) % 120);
        key = (key % 10) | (key << 32); /* ten homes for all */
        bool known = false;
        for (size_t k = 0; k < KEEP; k++)
            known = known || list[k] == key;
        enum zapi_inbox_result want =
            known ? ZAPI_INBOX_DUPLICATE : ZAPI_INBOX_STORED;
        if (put(in, key) != want) {
            CHECK_INT(i, -1);
            break;
        }
        if (!known) {
            list[at] = key;
            at = (at + 1) % KEEP;
        }
    }
    zapi_inbox_delete(in);
}

static void in_memory_ends_are_told(void)
{
    struct zapi_inbox *in = open_with(10, 10);
    int slot = zapi_inbox_attach(in, "bot");
    struct zapi_inbox_end end = {.slot = slot, .seq = 1, .order = "C"};
    CHECK_INT(slot, 0);
    CHECK_INT(zapi_inbox_attach(in, "other"), 1);
    CHECK_INT(zapi_inbox_attach(in, "bot"), 0);
    zapi_inbox_finish(in, &end, NULL, NULL);
    CHECK(zapi_inbox_load(in, 1, &error) == NULL);
    CHECK_INT(error.kind, ZAPI_E_NONE);
    CHECK_INT(zapi_inbox_pending(in, slot, NULL, NULL), 0);
    zapi_inbox_delete(in);
}

struct worker {
    struct zapi_inbox *in;
    uint64_t base;
    unsigned stored;
};

static void count(void *arg, enum zapi_inbox_result r)
{
    struct worker *w = arg;
    w->stored += r == ZAPI_INBOX_STORED;
}

static void *append_many(void *arg)
{
    struct worker *w = arg;
    for (uint64_t i = 1; i <= 2000; i++)
        zapi_inbox_append(w->in, message(w->base + i, "C"), false, count, w);
    return NULL;
}

static void threads(void)
{
    struct zapi_inbox_config c = {.window = 20000};
    struct zapi_inbox *in = zapi_inbox_new(&c, &error);
    struct worker w[4];
    pthread_t t[4];
    unsigned taken = 0, total = 0;
    for (unsigned i = 0; i < 4; i++) { /* two by two the same keys */
        w[i] = (struct worker){.in = in, .base = i / 2 * 10000};
        pthread_create(&t[i], NULL, append_many, &w[i]);
    }
    while (taken < 4000) {
        uint64_t seq = take_seq(in);
        if (seq)
            CHECK_INT(seq, ++taken);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        total += w[i].stored;
    }
    CHECK_INT(total, 4000);
    CHECK_INT(take_seq(in), 0);
    zapi_inbox_delete(in);
}

/* ---- with a database ---- */

static struct zapi_db *db;
static struct zapi_inbox *inbox;
static uint64_t wanted_bits = 1, wanted_last;
static const char *order_of_apply;

static void apply(void *arg, struct zapi_sql *sql, struct zapi_event *ev)
{
    (void)arg;
    CHECK(sql != NULL && ev->seq > 0);
    if (order_of_apply)
        strcpy(ev->order, order_of_apply);
}

static void wanted(void *arg, const struct zapi_event *ev,
                   struct zapi_slots *out)
{
    (void)arg;
    (void)ev;
    out->words[0] = wanted_bits;
    out->words[ZAPI_SLOT_WORDS - 1] |= wanted_last;
}

static void start_with(size_t window)
{
    struct zapi_db_config d = {.folder = folder};
    struct zapi_inbox_config c = {
        .window = window, .apply = apply, .wanted = wanted, .wake = wake};
    db = c.db = zapi_db_open(&d, &error);
    inbox = db ? zapi_inbox_new(&c, &error) : NULL;
    if (!inbox) {
        fprintf(stderr, "open: %s\n", error.message);
        exit(2);
    }
}

static void start(void)
{
    wanted_bits = 1;
    order_of_apply = NULL;
    start_with(0);
    CHECK_INT(zapi_inbox_attach(inbox, "bot"), 0);
}

static void stop(void)
{
    zapi_db_close(db);
    zapi_inbox_delete(inbox);
}

struct answer {
    struct flag told;
    enum zapi_inbox_result result;
};

static void answered(void *arg, enum zapi_inbox_result r)
{
    struct answer *a = arg;
    a->result = r;
    flag_raise(&a->told);
}

static enum zapi_inbox_result add(struct zapi_event *ev)
{
    struct answer a = {.told = FLAG};
    zapi_inbox_append(inbox, ev, false, answered, &a);
    CHECK(flag_wait(&a.told, 1));
    return a.result;
}

/* Rows of a table, read on a connection that sees the last commit. */
static int64_t rows(const char *text)
{
    return zapi_sql_ask(zapi_db_reader(db), text, -1);
}

static int64_t events(void)
{
    return rows("SELECT count(*) FROM event");
}

static int64_t deliveries(void)
{
    return rows("SELECT count(*) FROM delivery");
}

static struct flag finished = FLAG;
static enum zapi_db_result finish_result;

static void on_finished(void *arg, enum zapi_db_result r)
{
    (void)arg;
    finish_result = r;
    flag_raise(&finished);
}

static void finish(struct zapi_inbox_end end)
{
    int before = finished.n;
    zapi_inbox_finish(inbox, &end, on_finished, NULL);
    CHECK(flag_wait(&finished, before + 1));
}

static struct zapi_inbox_item next_item(void)
{
    struct zapi_inbox_item item = {.seq = 0};
    CHECK(zapi_inbox_take(inbox, &item));
    return item;
}

static void stored_taken_and_done(void)
{
    start();
    woken = 0;
    CHECK_INT(add(message(1, "C")), ZAPI_INBOX_STORED);
    CHECK_INT(woken, 1);
    CHECK_INT(events(), 1);
    CHECK_INT(deliveries(), 1);
    struct zapi_inbox_item item = next_item();
    CHECK(item.event && item.event->only && item.wanted.words[0] == 1);
    CHECK_STR(item.order, "C"); /* the chat, as apply said nothing */
    CHECK_INT(events(), 1);     /* taken is not done */
    zapi_inbox_release(inbox, item.event);
    finish((struct zapi_inbox_end){.seq = item.seq, .order = "C"});
    CHECK_INT(finish_result, ZAPI_DB_OK);
    CHECK_INT(events() + deliveries(), 0);
    CHECK_INT(add(message(1, "C")), ZAPI_INBOX_DUPLICATE);
    stop();
}

static void duplicates_in_a_batch_and_after_a_restart(void)
{
    struct answer a[3] = {{.told = FLAG}, {.told = FLAG}, {.told = FLAG}};
    start();
    for (uint64_t i = 0; i < 3; i++)
        zapi_inbox_append(inbox, message(i == 2 ? 8 : 7, "C"), false, answered,
                          &a[i]);
    for (int i = 0; i < 3; i++)
        CHECK(flag_wait(&a[i].told, 1));
    CHECK_INT(a[0].result, ZAPI_INBOX_STORED);
    CHECK_INT(a[1].result, ZAPI_INBOX_DUPLICATE);
    CHECK_INT(a[2].result, ZAPI_INBOX_STORED);
    CHECK_INT(add(message(0, "C")), ZAPI_INBOX_STORED); /* no key */
    CHECK_INT(add(message(0, "C")), ZAPI_INBOX_STORED);
    CHECK_INT(events(), 4);
    stop();
    start();
    CHECK_INT(add(message(7, "C")), ZAPI_INBOX_DUPLICATE);
    CHECK_INT(add(message(8, "C")), ZAPI_INBOX_DUPLICATE);
    CHECK_INT(add(message(9, "C")), ZAPI_INBOX_STORED);
    CHECK_INT(events(), 5);
    stop();
}

static void unwanted_ones_leave_a_key_only(void)
{
    start();
    wanted_bits = 0;
    CHECK_INT(add(message(1, "C")), ZAPI_INBOX_STORED);
    CHECK_INT(zapi_inbox_depth(inbox), 0);
    CHECK_INT(events() + deliveries(), 0);
    CHECK_INT(add(message(1, "C")), ZAPI_INBOX_DUPLICATE);
    stop();
}

static void presence_is_taken_and_not_stored(void)
{
    struct zapi_event *ev = event_of(0, "PresenceChatCallback", "C", "");
    start();
    ev->keep = false;
    CHECK_INT(add(ev), ZAPI_INBOX_STORED);
    CHECK_INT(rows("SELECT count(*) FROM seen"), 0);
    CHECK_INT(events(), 0);
    struct zapi_inbox_item item = next_item();
    CHECK(item.seq > 0 && item.event && !item.event->keep);
    finish((struct zapi_inbox_end){.seq = item.seq, .order = item.order});
    CHECK_INT(finish_result, ZAPI_DB_OK);
    zapi_inbox_release(inbox, item.event);
    stop();
}

/* It cannot wait on disk, and who is typing is soon not true any more. */
static void presence_past_the_window_is_dropped(void)
{
    struct zapi_inbox_item item;
    wanted_bits = 1;
    order_of_apply = NULL;
    start_with(3);
    zapi_inbox_attach(inbox, "bot");
    for (int i = 0; i < 10; i++) {
        struct zapi_event *ev = event_of(0, "PresenceChatCallback", "C", "");
        ev->keep = false;
        CHECK_INT(add(ev), ZAPI_INBOX_STORED);
    }
    CHECK_INT(zapi_inbox_depth(inbox), 3);
    CHECK_INT(add(message(1, "C")), ZAPI_INBOX_STORED);
    for (int i = 0; i < 3; i++) {
        item = next_item();
        CHECK(item.event && !item.event->keep);
        zapi_inbox_release(inbox, item.event);
    }
    CHECK(next_item().event == NULL); /* the message: on disk */
    CHECK(!zapi_inbox_take(inbox, &item));
    stop();
}

static void receipts_stand_beside_all_order(void)
{
    start();
    add(event_of(1, "MessageStatusCallback", "C", "X"));
    add(event_of(2, "DeliveryCallback", "C", "X"));
    struct zapi_inbox_item item = next_item();
    CHECK_STR(item.order, "");
    zapi_inbox_release(inbox, item.event);
    CHECK_INT(rows("SELECT count(DISTINCT person) FROM delivery"), 2);
    finish((struct zapi_inbox_end){.seq = item.seq, .order = ""});
    CHECK_INT(deliveries(), 1);
    struct zapi_event *ev = zapi_inbox_load(inbox, item.seq + 1, &error);
    CHECK(ev != NULL);
    CHECK_STR(ev->order, "");
    zapi_inbox_release(inbox, ev);
    stop();
}

static void loaded_as_it_was(void)
{
    struct zapi_event *ev = event_of(5, "ReceivedCallback", "CHAT", "MID");
    start();
    order_of_apply = "PERSON";
    free(ev->body);
    ev->body = strdup("{\"text\":{\"message\":\"ol\xC3\xA1\"}}");
    ev->body_len = strlen(ev->body);
    ev->from_me = ev->is_group = true;
    ev->received_at = 1234.5;
    add(ev);
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    CHECK_STR(item.order, "PERSON");
    ev = zapi_inbox_load(inbox, item.seq, &error);
    CHECK(ev && ev->seq == item.seq && ev->keep && ev->only);
    CHECK(ev->from_me && ev->is_group && !ev->from_api);
    CHECK(ev->received_at > 1234.4 && ev->received_at < 1234.6);
    CHECK_STR(ev->instance, "INSTANCE");
    CHECK_STR(ev->type, "ReceivedCallback");
    CHECK_STR(ev->kind, "text");
    CHECK_STR(ev->message_id, "MID");
    CHECK_STR(ev->chat, "CHAT");
    CHECK_STR(ev->author, "AUTHOR");
    CHECK_STR(ev->order, "PERSON");
    CHECK_STR(ev->body, "{\"text\":{\"message\":\"ol\xC3\xA1\"}}");
    CHECK_INT(ev->body_len, strlen(ev->body));
    zapi_inbox_release(inbox, ev);
    CHECK(zapi_inbox_load(inbox, 999, &error) == NULL);
    CHECK_INT(error.kind, ZAPI_E_NONE);
    stop();
}

/* What lies past the window waits on disk, and comes in order all the same. */
static void bodies_past_the_window_wait_on_disk(void)
{
    struct zapi_event *held[3];
    wanted_bits = 1;
    order_of_apply = NULL;
    start_with(3);
    zapi_inbox_attach(inbox, "bot");
    for (uint64_t i = 1; i <= 6; i++)
        CHECK_INT(add(message(i, "C")), ZAPI_INBOX_STORED);
    uint64_t last = 0;
    for (int i = 0; i < 6; i++) {
        struct zapi_inbox_item item = next_item();
        CHECK(item.seq > last);
        last = item.seq;
        CHECK((item.event != NULL) == (i < 3));
        if (i < 3)
            held[i] = item.event;
    }
    zapi_inbox_release(inbox, held[0]);
    add(message(7, "C"));
    add(message(8, "C"));
    struct zapi_inbox_item seventh = next_item(), eighth = next_item();
    CHECK(seventh.event != NULL && eighth.event == NULL);
    zapi_inbox_release(inbox, seventh.event);
    struct zapi_event *ev = zapi_inbox_load(inbox, eighth.seq, &error);
    CHECK(ev != NULL);
    CHECK_STR(ev->message_id, "M8");
    zapi_inbox_release(inbox, ev);
    zapi_inbox_release(inbox, held[1]);
    zapi_inbox_release(inbox, held[2]);
    stop();
}

static struct {
    char order[ZAPI_ORDER_MAX];
    uint64_t seq;
    unsigned attempt;
    double due;
} left[16];
static size_t nleft;

static void visit(void *arg, const struct zapi_inbox_pending *p)
{
    (void)arg;
    if (nleft == 16)
        return;
    strcpy(left[nleft].order, p->order);
    left[nleft].seq = p->seq;
    left[nleft].attempt = p->attempt;
    left[nleft++].due = p->due;
}

static size_t pending(const char *name)
{
    nleft = 0;
    return zapi_inbox_pending(inbox, zapi_inbox_attach(inbox, name), visit,
                              NULL);
}

static void two_automations_have_their_own(void)
{
    start();
    CHECK_INT(zapi_inbox_attach(inbox, "second"), 1);
    wanted_bits = 3;
    add(message(1, "C"));
    wanted_bits = 2;
    add(message(2, "C"));
    struct zapi_inbox_item a = next_item(), b = next_item();
    CHECK(a.wanted.words[0] == 3 && !a.event->only && b.wanted.words[0] == 2 &&
          b.event->only);
    zapi_inbox_release(inbox, a.event);
    zapi_inbox_release(inbox, b.event);
    CHECK_INT(deliveries(), 3);
    finish((struct zapi_inbox_end){.slot = 0, .seq = a.seq, .order = "C"});
    CHECK_INT(events(), 2); /* the second one still needs it */
    stop();
    start();
    CHECK_INT(pending("bot"), 0);
    CHECK_INT(pending("second"), 2);
    CHECK(left[0].seq == a.seq && left[1].seq == b.seq);
    int slot = zapi_inbox_attach(inbox, "second");
    finish((struct zapi_inbox_end){.slot = slot, .seq = a.seq, .order = "C"});
    CHECK_INT(events(), 1);
    finish((struct zapi_inbox_end){.slot = slot, .seq = b.seq, .order = "C"});
    CHECK_INT(events() + deliveries(), 0);
    stop();
}

static void left_undone_in_order(void)
{
    static const char *const chats[] = {"B", "A", "B", "A", "C"};
    uint64_t seqs[5];
    start();
    for (uint64_t i = 0; i < 5; i++) {
        add(message(i + 1, chats[i]));
        struct zapi_inbox_item item = next_item();
        seqs[i] = item.seq;
        zapi_inbox_release(inbox, item.event);
    }
    finish((struct zapi_inbox_end){.seq = seqs[4],
                                   .order = "C",
                                   .outcome = ZAPI_INBOX_LATER,
                                   .attempt = 1,
                                   .due = 5000});
    finish((struct zapi_inbox_end){.seq = seqs[0],
                                   .order = "B",
                                   .outcome = ZAPI_INBOX_AGAIN,
                                   .attempt = 2,
                                   .due = 6000});
    stop();
    start();
    CHECK_INT(pending("bot"), 5);
    CHECK_STR(left[0].order, "A");
    CHECK_INT(left[0].seq, seqs[1]);
    CHECK_INT(left[1].seq, seqs[3]);
    CHECK(left[2].seq == seqs[0] && left[2].attempt == 2);
    CHECK(left[2].due == 0); /* first of its order, at once */
    CHECK_INT(left[3].seq, seqs[2]);
    CHECK(left[4].seq == seqs[4] && left[4].attempt == 1);
    CHECK(left[4].due > 4999 && left[4].due < 5001);
    CHECK(left[1].due == 0 && left[1].attempt == 0);
    CHECK_INT(add(message(50, "Z")), ZAPI_INBOX_STORED);
    struct zapi_inbox_item item = next_item();
    CHECK(item.seq > seqs[4]); /* numbers go on */
    zapi_inbox_release(inbox, item.event);
    stop();
}

static uint64_t one_dead(bool by_script)
{
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    finish((struct zapi_inbox_end){.seq = item.seq,
                                   .order = "C",
                                   .outcome = ZAPI_INBOX_DEAD,
                                   .attempt = 1,
                                   .by_script = by_script,
                                   .reason = "bot.lua:1: oh no"});
    return item.seq;
}

static void a_script_gets_its_dead_once_more(void)
{
    start();
    uint64_t seq = one_dead(true);
    CHECK_INT(events(), 1); /* kept and shown */
    CHECK_INT(rows("SELECT count(*) FROM delivery WHERE state=2 AND"
                   " reason='bot.lua:1: oh no' AND ended>1e9"),
              1);
    stop();
    start();
    CHECK_INT(pending("bot"), 1);
    CHECK(left[0].seq == seq && left[0].attempt == 1);
    finish((struct zapi_inbox_end){.seq = seq,
                                   .order = "C",
                                   .outcome = ZAPI_INBOX_DEAD,
                                   .attempt = 2,
                                   .by_script = true,
                                   .reason = "again"});
    stop();
    start();
    CHECK_INT(pending("bot"), 0);
    CHECK_INT(deliveries(), 1);
    stop();
}

static void others_stay_dead(void)
{
    start();
    one_dead(false);
    stop();
    start();
    CHECK_INT(pending("bot"), 0);
    CHECK_INT(deliveries(), 1);
    stop();
}

static void stuck_twice_is_dead(void)
{
    start();
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    zapi_inbox_note_stuck(inbox, "bot", item.seq, "a loop");
    CHECK_INT(pending("bot"), 1);
    CHECK_INT(left[0].attempt, 1);
    zapi_inbox_note_stuck(inbox, "nobody", item.seq, "a loop");
    zapi_inbox_note_stuck(inbox, "bot", item.seq, "a loop");
    CHECK_INT(pending("bot"), 0);
    CHECK_INT(rows("SELECT count(*) FROM delivery WHERE state=2 AND"
                   " reason='a loop' AND ended>1e9"),
              1);
    stop();
}

static void a_number_is_never_used_again(void)
{
    start();
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(
        zapi_sql_script(sql, "INSERT INTO send(event, state) VALUES(500, 2)"));
    zapi_sql_close(sql);
    stop();
    start();
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    CHECK_INT(item.seq, 501);
    zapi_inbox_release(inbox, item.event);
    stop();
}

static void slots_are_given_again(void)
{
    char name[16];
    start();
    for (int i = 1; i < ZAPI_AUTOMATIONS; i++) {
        snprintf(name, sizeof name, "a%d", i);
        CHECK_INT(zapi_inbox_attach(inbox, name), i);
    }
    CHECK_INT(zapi_inbox_attach(inbox, "one more"), -1);
    zapi_inbox_detach(inbox, 7);
    CHECK_INT(zapi_inbox_attach(inbox, "one more"), 7);
    wanted_bits = 1 << 7;
    add(message(1, "C"));
    CHECK_INT(rows("SELECT count(*) FROM delivery d JOIN automation a ON"
                   " a.id=d.automation WHERE a.name='one more'"),
              1);
    stop();
}

static void the_last_slot_is_one_as_the_first(void)
{
    char name[16];
    start();
    for (int i = 1; i < ZAPI_AUTOMATIONS; i++) {
        snprintf(name, sizeof name, "a%d", i);
        CHECK_INT(zapi_inbox_attach(inbox, name), i);
    }
    wanted_last = UINT64_C(1) << 63;
    add(message(1, "C"));
    wanted_bits = 0;
    add(message(2, "D"));
    wanted_last = 0;
    CHECK_INT(rows("SELECT count(*) FROM delivery"), 3);
    CHECK_INT(rows("SELECT count(*) FROM delivery d JOIN automation a ON"
                   " a.id=d.automation WHERE a.name='a255'"),
              2);
    CHECK_INT(rows("SELECT pending FROM event ORDER BY seq LIMIT 1"), 2);
    struct zapi_inbox_item both = next_item(), last = next_item();
    CHECK(!both.event->only && last.event->only);
    CHECK_INT(zapi_slots_next(&both.wanted, 0), 0);
    CHECK_INT(zapi_slots_next(&both.wanted, 1), ZAPI_AUTOMATIONS - 1);
    CHECK_INT(zapi_slots_next(&last.wanted, 0), ZAPI_AUTOMATIONS - 1);
    CHECK_INT(zapi_slots_count(&last.wanted), 1);
    zapi_inbox_release(inbox, both.event);
    zapi_inbox_release(inbox, last.event);
    stop();
}

/* ---- a good end, with what it leaves ---- */

struct note {
    struct zapi_write write;
    const char *name;
    bool fails;
};

static int notes_released;

static bool apply_note(struct zapi_write *w, struct zapi_sql *sql)
{
    static const char text[] = "INSERT INTO counter(name, value) VALUES(?1, 1)";
    struct note *n = (struct note *)w;
    struct zapi_stmt *st = zapi_sql_begin(sql, text);
    zapi_sql_text(st, 1, n->name);
    return zapi_sql_run(st) && !n->fails;
}

static void release_note(struct zapi_write *w)
{
    notes_released++;
    free(w);
}

static struct zapi_write *note(const char *name, bool fails,
                               struct zapi_write *next)
{
    struct note *n = malloc(sizeof *n);
    *n = (struct note){
        .write = {.apply = apply_note, .release = release_note, .next = next},
        .name = name,
        .fails = fails};
    return &n->write;
}

static void a_good_end_is_one_transaction(void)
{
    start();
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    notes_released = 0;
    finish((struct zapi_inbox_end){
        .seq = item.seq,
        .order = "C",
        .writes = note("a", false, note("b", false, NULL))});
    CHECK_INT(finish_result, ZAPI_DB_OK);
    CHECK_INT(notes_released, 2);
    CHECK_INT(rows("SELECT count(*) FROM counter"), 2);
    CHECK_INT(events() + deliveries(), 0);
    stop();
}

static void parked_ones_stay_until_they_end(void)
{
    start();
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    finish((struct zapi_inbox_end){.seq = item.seq,
                                   .order = "C",
                                   .outcome = ZAPI_INBOX_PARKED,
                                   .attempt = 1,
                                   .writes = note("a", false, NULL)});
    CHECK_INT(rows("SELECT count(*) FROM counter"), 1);
    stop();
    start();
    CHECK_INT(pending("bot"), 0);
    CHECK_INT(events(), 1);
    finish((struct zapi_inbox_end){.seq = item.seq, .order = "C"});
    CHECK_INT(events() + deliveries(), 0);
    stop();
}

static void a_write_that_fails_makes_a_dead_letter(void)
{
    start();
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    notes_released = 0;
    finish((struct zapi_inbox_end){
        .seq = item.seq,
        .order = "C",
        .writes = note("a", false, note("b", true, NULL))});
    CHECK_INT(finish_result, ZAPI_DB_FAILED);
    CHECK_INT(notes_released, 2);
    CHECK_INT(rows("SELECT count(*) FROM counter"), 0); /* nothing half */
    CHECK_INT(rows("SELECT count(*) FROM delivery WHERE state=2"), 1);
    CHECK_INT(events(), 1);
    stop();
}

static void found_after_its_person_was_merged(void)
{
    start();
    add(message(1, "OLD"));
    add(message(2, "OLD"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    zapi_inbox_release(inbox, next_item().event);
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(sql, "UPDATE delivery SET person='NEW';"
                               "UPDATE event SET person='NEW'"));
    zapi_sql_close(sql);
    finish((struct zapi_inbox_end){.seq = item.seq, .order = "OLD"});
    CHECK_INT(deliveries(), 1);
    CHECK_INT(events(), 1);
    finish((struct zapi_inbox_end){.seq = item.seq + 1,
                                   .order = "OLD",
                                   .outcome = ZAPI_INBOX_DEAD,
                                   .reason = "x"});
    CHECK_INT(rows("SELECT count(*) FROM delivery WHERE state=2"), 1);
    stop();
}

/* ---- trouble ---- */

static void nothing_can_be_stored(void)
{
    start();
    add(message(1, "C"));
    struct zapi_inbox_item item = next_item();
    zapi_inbox_release(inbox, item.event);
    struct zapi_sql *other =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(other, "BEGIN IMMEDIATE"));
    int before = finished.n;
    struct zapi_inbox_end end = {.seq = item.seq, .order = "C"};
    zapi_inbox_finish(inbox, &end, on_finished, NULL);
    CHECK_INT(add(message(2, "C")), ZAPI_INBOX_FULL);
    CHECK_INT(add(message(2, "C")), ZAPI_INBOX_FULL); /* its key left again */
    CHECK_INT(finished.n, before);
    CHECK(zapi_sql_script(other, "COMMIT"));
    CHECK(flag_wait(&finished, before + 1)); /* the end is not lost */
    CHECK_INT(add(message(2, "C")), ZAPI_INBOX_STORED);
    CHECK_INT(events(), 1);
    zapi_sql_close(other);
    zapi_inbox_close(inbox);
    CHECK_INT(add(message(3, "C")), ZAPI_INBOX_FULL);
    stop();
}

static void no_done(struct zapi_job *job, enum zapi_db_result r)
{
    (void)job;
    (void)r;
}

static bool nothing(struct zapi_job *job, struct zapi_sql *sql)
{
    (void)job;
    (void)sql;
    return true;
}

struct held {
    struct zapi_job job;
    struct flag begun, go;
};

static bool hold(struct zapi_job *job, struct zapi_sql *sql)
{
    struct held *h = (struct held *)job;
    (void)sql;
    flag_raise(&h->begun);
    return flag_wait(&h->go, 1);
}

static _Atomic int nstored, nfull;

static void counted(void *arg, enum zapi_inbox_result r)
{
    (void)arg;
    if (r == ZAPI_INBOX_STORED)
        nstored++;
    else if (r == ZAPI_INBOX_FULL)
        nfull++;
}

/* The disk hangs: what waits for it is bounded, the rest is refused at once. */
static void no_more_than_can_wait_for_the_disk(void)
{
    enum { MOST = 20000, MORE = 50 };
    static struct held h = {.begun = FLAG, .go = FLAG};
    h.job = (struct zapi_job){.apply = hold, .done = no_done};
    start();
    zapi_db_submit(db, &h.job);
    CHECK(flag_wait(&h.begun, 1));
    for (uint64_t i = 1; i <= MOST - 1 + MORE; i++)
        zapi_inbox_append(inbox, message(i, "C"), true, counted, NULL);
    CHECK_INT(nfull, MORE);
    CHECK_INT(nstored, 0);
    flag_raise(&h.go);
    CHECK_INT(zapi_db_run(db, &(struct zapi_job){.apply = nothing}),
              ZAPI_DB_OK);
    CHECK_INT(nstored, MOST - 1);
    CHECK_INT(add(message(MOST, "C")), ZAPI_INBOX_STORED); /* no key stayed */
    CHECK_INT(events(), MOST);
    stop();
}

static bool fail_job(struct zapi_job *job, struct zapi_sql *sql)
{
    (void)job;
    (void)sql;
    return false;
}

/* Of a repetition in the batch of one that could not be stored: the sender must
 * not be told that it is there already. */
static void a_repetition_of_what_failed(void)
{
    struct held h = {
        .job = {.apply = hold, .done = no_done}, .begun = FLAG, .go = FLAG};
    struct answer a[2] = {{.told = FLAG}, {.told = FLAG}};
    start();
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(sql, "CREATE TRIGGER no BEFORE INSERT ON seen BEGIN"
                               " SELECT RAISE(FAIL, 'no'); END"));
    zapi_sql_close(sql);
    zapi_db_submit(db, &h.job);
    CHECK(flag_wait(&h.begun, 1));
    for (int i = 0; i < 2; i++)
        zapi_inbox_append(inbox, message(1, "C"), false, answered, &a[i]);
    flag_raise(&h.go);
    for (int i = 0; i < 2; i++) {
        CHECK(flag_wait(&a[i].told, 1));
        CHECK_INT(a[i].result, ZAPI_INBOX_FULL);
    }
    CHECK_INT(events(), 0);
    stop();
}

/* A job that fails has the batch applied twice: keys must not seem known. */
static void a_batch_that_runs_again(void)
{
    enum { N = 50 };
    static struct answer a[N];
    static struct zapi_job bad[N];
    start();
    for (uint64_t i = 0; i < N; i++) {
        a[i] = (struct answer){.told = FLAG};
        bad[i] = (struct zapi_job){.apply = fail_job, .done = no_done};
        zapi_inbox_append(inbox, message(i / 2 + 1, "C"), false, answered,
                          &a[i]);
        zapi_db_submit(db, &bad[i]);
    }
    uint64_t last = 0;
    for (int i = 0; i < N; i++) {
        CHECK(flag_wait(&a[i].told, 1));
        CHECK_INT(a[i].result,
                  i % 2 ? ZAPI_INBOX_DUPLICATE : ZAPI_INBOX_STORED);
    }
    for (int i = 0; i < N / 2; i++) {
        struct zapi_inbox_item item = next_item();
        CHECK(item.seq > last);
        last = item.seq;
        zapi_inbox_release(inbox, item.event);
    }
    CHECK_INT(events(), N / 2);
    stop();
}

/* ---- seven days ---- */

static void authors_are_known_for_a_week(void)
{
    char author[ZAPI_ORDER_MAX];
    bool mine = true;
    struct zapi_event *own = event_of(2, "ReceivedCallback", "C", "OWN");
    start();
    add(event_of(1, "ReceivedCallback", "C", "THEIRS"));
    own->from_me = true;
    add(own);
    add(event_of(3, "DeliveryCallback", "C", "SENT"));
    for (int again = 0; again < 2; again++) {
        CHECK(zapi_inbox_author(inbox, "THEIRS", author, &mine) && !mine);
        CHECK_STR(author, "AUTHOR");
        CHECK(zapi_inbox_author(inbox, "OWN", author, &mine) && mine);
        CHECK(zapi_inbox_author(inbox, "SENT", author, &mine) && mine);
        CHECK_STR(author, "");
        CHECK(!zapi_inbox_author(inbox, "NOBODY", author, &mine) && !mine);
        stop();
        start(); /* read again from the file */
    }
    stop();
}

static void flush(void)
{
    struct zapi_job job = {.apply = fail_job};
    while (zapi_db_queued(db) > 0)
        zapi_db_run(db, &job); /* behind what was submitted */
}

static void keys_are_forgotten_after_a_week(void)
{
    enum { N = 2500 }; /* more than two pieces */
    char author[ZAPI_ORDER_MAX];
    bool mine;
    start();
    wanted_bits = 0;
    for (uint64_t i = 1; i <= N; i++)
        zapi_inbox_append(inbox, message(i, "C"), false, NULL, NULL);
    struct zapi_event *late = message(N + 1, "C");
    late->received_at = 1000 + 3 * 86400;
    add(late);
    zapi_inbox_maintain(inbox, 1000 + 6 * 86400);
    flush();
    CHECK_INT(rows("SELECT count(*) FROM seen"), N + 1);
    zapi_inbox_maintain(inbox, 1000 + 8 * 86400);
    flush();
    CHECK_INT(rows("SELECT count(*) FROM seen"), 1);
    CHECK(!zapi_inbox_author(inbox, "M5", author, &mine));
    CHECK(zapi_inbox_author(inbox, "M2501", author, &mine));
    CHECK_INT(add(message(5, "C")), ZAPI_INBOX_STORED);
    CHECK_INT(add(message(N + 1, "C")), ZAPI_INBOX_DUPLICATE);
    zapi_inbox_maintain(inbox, 1000 + 80 * 86400);
    flush();
    CHECK_INT(rows("SELECT count(*) FROM seen"), 1); /* numbers go on above */
    stop();
}

static void dead_letters_are_kept_a_month(void)
{
    start();
    one_dead(false);
    zapi_inbox_maintain(inbox, (double)time(NULL) + 29 * 86400);
    flush();
    CHECK_INT(deliveries(), 1);
    zapi_inbox_maintain(inbox, (double)time(NULL) + 31 * 86400);
    flush();
    CHECK_INT(deliveries() + events(), 0);
    stop();
}

/* ---- many ---- */

static void visit_order(void *arg, const struct zapi_inbox_pending *p)
{
    uint64_t *last = arg;
    nleft += p->seq != *last;
    *last = p->seq;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void two_hundred_thousand_pending(void)
{
    uint64_t last = 0;
    start();
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(
        sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
             " WHERE i<200000) INSERT INTO delivery SELECT 1, '55119'||"
             "(i*7919%10000), i, 0, 0, 0, 0, 0, 0, NULL, NULL FROM n"));
    zapi_sql_close(sql);
    nleft = 0;
    double began = seconds();
    CHECK_INT(zapi_inbox_pending(inbox, 0, visit_order, &last), 200000);
    double took = seconds() - began;
    CHECK_INT(nleft, 200000);
    if (took > 2) /* 0.06 s without sanitizers on a quiet machine */
        CHECK_INT(took * 1000, 300);
    stop();
}

/* One that is not there (a presence with something to keep, a dropped one) is
 * looked for by its key, and not among all that wait. */
static void a_missing_one_among_many(void)
{
    enum { ENDS = 1000 };
    start();
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(
        sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
             " WHERE i<100000) INSERT INTO delivery SELECT 1, '55119'||"
             "(i*7919%10000), i, 0, 0, 0, 0, 0, 0, NULL, NULL FROM n"));
    zapi_sql_close(sql);
    double began = seconds();
    struct zapi_inbox_end end = {.seq = 200000, .order = "C"};
    int before = finished.n;
    for (int i = 0; i < ENDS; i++)
        zapi_inbox_finish(inbox, &end, on_finished, NULL);
    CHECK(flag_wait(&finished, before + ENDS));
    if (seconds() - began > 3) /* 0.1 s; 20 s when all are looked at */
        CHECK_INT((seconds() - began) * 1000, 100);
    CHECK_INT(deliveries(), 100000);
    stop();
}

static void *append_to_disk(void *arg)
{
    struct worker *w = arg;
    for (uint64_t i = 1; i <= 500; i++)
        zapi_inbox_append(inbox, message(w->base + i, "C"), false, count, w);
    return NULL;
}

static void threads_on_disk(void)
{
    struct worker w[4];
    pthread_t t[4];
    unsigned taken = 0, total = 0;
    uint64_t last = 0;
    start();
    for (unsigned i = 0; i < 4; i++) { /* two by two the same keys */
        w[i] = (struct worker){.base = i / 2 * 10000};
        pthread_create(&t[i], NULL, append_to_disk, &w[i]);
    }
    while (taken < 1000) {
        struct zapi_inbox_item item;
        if (!zapi_inbox_take(inbox, &item))
            continue;
        CHECK(item.seq > last);
        last = item.seq;
        zapi_inbox_release(inbox, item.event);
        struct zapi_inbox_end end = {.seq = item.seq, .order = item.order};
        zapi_inbox_finish(inbox, &end, NULL, NULL);
        taken++;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    flush();
    for (int i = 0; i < 4; i++)
        total += w[i].stored;
    CHECK_INT(total, 1000);
    CHECK_INT(events() + deliveries(), 0);
    stop();
}

#define EACH(fn)         \
    do {                 \
        folder_make();   \
        RUN(fn);         \
        folder_remove(); \
    } while (0)

int main(void)
{
    RUN(order_and_sequence);
    RUN(bounded_until_released);
    RUN(late_ones_wait_for_room);
    RUN(duplicates_also_after_done);
    RUN(without_key_never_a_duplicate);
    RUN(set_agrees_with_a_list);
    RUN(in_memory_ends_are_told);
    RUN(threads);
    EACH(stored_taken_and_done);
    EACH(duplicates_in_a_batch_and_after_a_restart);
    EACH(unwanted_ones_leave_a_key_only);
    EACH(presence_is_taken_and_not_stored);
    EACH(presence_past_the_window_is_dropped);
    EACH(receipts_stand_beside_all_order);
    EACH(loaded_as_it_was);
    EACH(bodies_past_the_window_wait_on_disk);
    EACH(two_automations_have_their_own);
    EACH(left_undone_in_order);
    EACH(a_script_gets_its_dead_once_more);
    EACH(others_stay_dead);
    EACH(stuck_twice_is_dead);
    EACH(a_number_is_never_used_again);
    EACH(slots_are_given_again);
    EACH(the_last_slot_is_one_as_the_first);
    EACH(a_good_end_is_one_transaction);
    EACH(parked_ones_stay_until_they_end);
    EACH(a_write_that_fails_makes_a_dead_letter);
    EACH(found_after_its_person_was_merged);
    EACH(nothing_can_be_stored);
    EACH(no_more_than_can_wait_for_the_disk);
    EACH(a_repetition_of_what_failed);
    EACH(a_batch_that_runs_again);
    EACH(authors_are_known_for_a_week);
    EACH(keys_are_forgotten_after_a_week);
    EACH(dead_letters_are_kept_a_month);
    EACH(two_hundred_thousand_pending);
    EACH(a_missing_one_among_many);
    EACH(threads_on_disk);
    return CHECK_END();
}
