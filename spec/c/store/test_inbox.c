/* SPDX-License-Identifier: MIT
 *
 * The inbox: order, bound, duplicates (against a plain list as oracle), and
 * several threads.
 */
#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "store/inbox.h"

static unsigned dropped, woken;
static enum zapi_inbox_result result;

static void drop(void *event)
{
    (void)event;
    dropped++;
}

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

static struct zapi_inbox *open_with(size_t capacity, size_t remember)
{
    struct zapi_inbox_config c = {
        .capacity = capacity, .remember = remember, .drop = drop, .wake = wake};
    dropped = woken = 0;
    return zapi_inbox_new(&c);
}

static enum zapi_inbox_result put(struct zapi_inbox *in, uint64_t key,
                                  uintptr_t event)
{
    struct zapi_inbox_item item = {.key = {key, key ? ~key : 0},
                                   .event = (void *)event};
    woken += zapi_inbox_append(in, item, stored, NULL);
    return result;
}

static void order_and_sequence(void)
{
    struct zapi_inbox *in = open_with(4, 10);
    struct zapi_inbox_item item;
    CHECK(!zapi_inbox_take(in, &item));
    CHECK_INT(put(in, 1, 11), ZAPI_INBOX_STORED);
    CHECK_INT(put(in, 2, 12), ZAPI_INBOX_STORED);
    CHECK_INT(woken, 1); /* once for both: the first made it non-empty */
    CHECK_INT(zapi_inbox_depth(in), 2);
    CHECK(zapi_inbox_take(in, &item) && item.seq == 1);
    CHECK_INT((uintptr_t)item.event, 11);
    CHECK(zapi_inbox_take(in, &item) && item.seq == 2);
    CHECK(!zapi_inbox_take(in, &item));
    put(in, 3, 13);
    CHECK_INT(woken, 2);
    zapi_inbox_delete(in);
    CHECK_INT(dropped, 1); /* the one that still waited */
}

static void bounded_until_done(void)
{
    struct zapi_inbox *in = open_with(2, 10);
    struct zapi_inbox_item item;
    put(in, 1, 1);
    put(in, 2, 2);
    CHECK_INT(put(in, 3, 3), ZAPI_INBOX_FULL);
    CHECK_INT(dropped, 1);
    CHECK_INT(put(in, 1, 1), ZAPI_INBOX_DUPLICATE); /* known: 200, not 503 */
    CHECK(zapi_inbox_take(in, &item));
    CHECK_INT(put(in, 3, 3), ZAPI_INBOX_FULL); /* taken is not done */
    zapi_inbox_done(in, item.seq);
    CHECK_INT(put(in, 3, 3), ZAPI_INBOX_STORED); /* was not remembered */
    zapi_inbox_delete(in);
}

static void late_ones_wait_for_room(void)
{
    struct zapi_inbox *in = open_with(1, 10);
    struct zapi_inbox_item item = {.key = {2, 2}, .may_wait = true};
    put(in, 1, 1);
    result = ZAPI_INBOX_DUPLICATE;
    zapi_inbox_append(in, item, stored, NULL);
    CHECK_INT(result, ZAPI_INBOX_DUPLICATE); /* not told yet */
    item.key[0] = 3;
    zapi_inbox_append(in, item, stored, NULL);
    CHECK(zapi_inbox_take(in, &item) && item.seq == 1);
    zapi_inbox_done(in, 1);
    CHECK_INT(result, ZAPI_INBOX_STORED); /* the first of the two */
    CHECK(zapi_inbox_take(in, &item) && item.key[0] == 2);
    CHECK(!zapi_inbox_take(in, &item));
    zapi_inbox_delete(in);
    CHECK_INT(result, ZAPI_INBOX_FULL); /* the other */
    CHECK_INT(dropped, 1);
}

static void duplicates_also_after_done(void)
{
    struct zapi_inbox *in = open_with(10, 3);
    struct zapi_inbox_item item;
    put(in, 7, 1);
    CHECK(zapi_inbox_take(in, &item));
    zapi_inbox_done(in, item.seq);
    CHECK_INT(put(in, 7, 1), ZAPI_INBOX_DUPLICATE);
    put(in, 8, 1);
    put(in, 9, 1);
    CHECK_INT(put(in, 7, 1), ZAPI_INBOX_DUPLICATE);
    put(in, 10, 1); /* the ring of three forgets 7 */
    CHECK_INT(put(in, 7, 1), ZAPI_INBOX_STORED);
    CHECK_INT(put(in, 9, 1), ZAPI_INBOX_DUPLICATE);
    zapi_inbox_delete(in);
}

static void without_key_never_a_duplicate(void)
{
    struct zapi_inbox *in = open_with(10, 10);
    CHECK_INT(put(in, 0, 1), ZAPI_INBOX_STORED);
    CHECK_INT(put(in, 0, 1), ZAPI_INBOX_STORED);
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
        if (put(in, key, 1) != want) {
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
    for (uint64_t i = 1; i <= 2000; i++) {
        struct zapi_inbox_item item = {.key = {w->base + i, 1}};
        zapi_inbox_append(w->in, item, count, w);
    }
    return NULL;
}

static void no_wake(void *event)
{
    (void)event;
}

static void threads(void)
{
    struct zapi_inbox_config c = {.capacity = 20000, .drop = no_wake};
    struct zapi_inbox *in = zapi_inbox_new(&c);
    struct worker w[4];
    pthread_t t[4];
    struct zapi_inbox_item item;
    unsigned taken = 0, total = 0;
    for (unsigned i = 0; i < 4; i++) { /* two by two the same keys */
        w[i] = (struct worker){.in = in, .base = i / 2 * 10000};
        pthread_create(&t[i], NULL, append_many, &w[i]);
    }
    while (taken < 4000)
        if (zapi_inbox_take(in, &item))
            CHECK_INT(item.seq, ++taken);
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        total += w[i].stored;
    }
    CHECK_INT(total, 4000);
    CHECK(!zapi_inbox_take(in, &item));
    zapi_inbox_delete(in);
}

int main(void)
{
    RUN(order_and_sequence);
    RUN(bounded_until_done);
    RUN(late_ones_wait_for_room);
    RUN(duplicates_also_after_done);
    RUN(without_key_never_a_duplicate);
    RUN(set_agrees_with_a_list);
    RUN(threads);
    return CHECK_END();
}
