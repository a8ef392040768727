/* SPDX-License-Identifier: MIT
 *
 * Who is who: spellings, pairs, merges, what is on disk after a rollback and
 * after a new start, and that a person who wants to be forgotten is.
 */
#include <pthread.h>
#include <stdint.h>

#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/people.h"

#define ANA     "5511999990001"
#define ANA_OLD "551199990001"
#define ANA_LID "100000000000001@lid"
#define BIA     "5511999990002"
#define BIA_LID "100000000000002@lid"
#define WHO     "('" ANA "','" ANA_OLD "','" ANA_LID "')"

static struct zapi_db *db;
static struct zapi_people *people;
static struct zapi_person found;

static void open_all(void)
{
    struct zapi_db_config c = {.folder = folder};
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    db = zapi_db_open(&c, &error);
    people = db ? zapi_people_new(db, &error) : NULL;
    if (!people) {
        fprintf(stderr, "cannot open: %s\n", error.message);
        exit(2);
    }
}

static void close_all(void)
{
    zapi_db_close(db);
    zapi_people_delete(people);
}

static void begin(void)
{
    folder_make();
    open_all();
}

static void end(void)
{
    close_all();
    folder_remove();
}

/* ---- jobs that wait ---- */

struct task {
    struct zapi_job job;
    bool (*run)(struct task *t, struct zapi_sql *sql);
    const char *phone, *lid, *name, *text;
    bool canonical, fail;
    char from[ZAPI_ORDER_MAX];
    size_t n;
};

static bool apply_task(struct zapi_job *job, struct zapi_sql *sql)
{
    struct task *t = (struct task *)job;
    return t->run(t, sql);
}

static enum zapi_db_result run_task(struct task *t)
{
    t->job.apply = apply_task;
    return zapi_db_run(db, &t->job);
}

/* A second one is in the next transaction: what the first has submitted is on
 * disk when it returns. */
static bool nothing(struct task *t, struct zapi_sql *sql)
{
    (void)t;
    (void)sql;
    return true;
}

static void settle(void)
{
    struct task t = {.run = nothing};
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
}

static bool do_learn(struct task *t, struct zapi_sql *sql)
{
    zapi_people_learn(people, sql, t->phone, t->lid, t->name, t->canonical,
                      t->from);
    return !t->fail;
}

static const char *learn(const char *phone, const char *lid, const char *name,
                         bool canonical)
{
    static struct task t;
    t = (struct task){.run = do_learn,
                      .phone = phone,
                      .lid = lid,
                      .name = name,
                      .canonical = canonical};
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
    settle();
    return t.from;
}

static bool do_script(struct task *t, struct zapi_sql *sql)
{
    return zapi_sql_script(sql, t->text);
}

static void script(const char *text)
{
    struct task t = {.run = do_script, .text = text};
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
}

static int64_t ask(const char *text)
{
    return zapi_sql_ask(zapi_db_reader(db), text, -1);
}

static const char *key_of(const char *id)
{
    zapi_people_find(people, id, &found);
    return found.key;
}

/* ---- cases ---- */

static void spellings_have_one_key(void)
{
    begin();
    CHECK_STR(key_of(ANA), ANA);
    CHECK_STR(key_of(ANA_OLD), ANA);
    CHECK_STR(found.phone, ANA_OLD);
    CHECK_STR(key_of("+55 (11) 9999-0001"), ANA);
    CHECK_STR(key_of(ANA_LID), ANA_LID);
    CHECK_STR(found.lid, ANA_LID);
    CHECK(!zapi_people_find(people, ANA, &found));
    end();
}

static void the_ninth_digit_is_not_forced(void)
{
    static const char *const alone[] = {
        "551133330000",             /* a landline */
        "558008880000",             /* 0800 with the country's code */
        "5508009990001",            /* written with its zero */
        "351912345678",             /* another country */
        "5511912345678",            /* was born with nine digits */
        "120363000000000001-group", /* groups, channels, lists */
        "5511999990001-1600000000",
        "120363000000000009@newsletter",
        "1700000001-broadcast",
        "status@broadcast",
    };
    begin();
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        CHECK_STR(key_of(alone[i]), alone[i]);
    CHECK_STR(key_of("551112345678"), "551112345678");
    end();
}

static void a_pair_is_one_person(void)
{
    begin();
    CHECK_STR(learn(ANA, ANA_LID, "Ana", true), "");
    static const char *const ids[] = {ANA, ANA_OLD, ANA_LID};
    for (size_t i = 0; i < 3; i++) {
        CHECK(zapi_people_find(people, ids[i], &found));
        CHECK_STR(found.key, ANA);
        CHECK_STR(found.phone, ANA);
        CHECK_STR(found.lid, ANA_LID);
        CHECK_STR(found.name, "Ana");
    }
    CHECK_INT(zapi_people_count(people), 1);
    end();
}

static void the_key_stays(void)
{
    begin();
    learn(NULL, ANA_LID, NULL, true);
    CHECK_STR(key_of(ANA_LID), ANA_LID);
    CHECK_STR(learn(ANA, ANA_LID, "Ana", true), "");
    CHECK_STR(key_of(ANA), ANA_LID);
    CHECK_STR(key_of(ANA_LID), ANA_LID);
    CHECK_STR(found.phone, ANA);
    end();
}

static void whatsapps_spelling_is_the_canonical_one(void)
{
    begin();
    learn(ANA, NULL, NULL, false);
    learn(ANA_OLD, NULL, NULL, false);
    key_of(ANA);
    CHECK_STR(found.phone, ANA);
    learn(ANA_OLD, NULL, NULL, true);
    CHECK_STR(key_of(ANA), ANA);
    CHECK_STR(found.phone, ANA_OLD);
    close_all();
    open_all();
    CHECK_STR(key_of(ANA), ANA);
    CHECK_STR(found.phone, ANA_OLD);
    learn(ANA, NULL, NULL, false);
    key_of(ANA);
    CHECK_STR(found.phone, ANA_OLD);
    end();
}

static void what_is_known_is_not_written(void)
{
    struct zapi_db_stats before, after;
    begin();
    learn(ANA, ANA_LID, "Ana", true);
    zapi_db_stats(db, &before);
    for (int i = 0; i < 10; i++)
        zapi_people_learn(people, NULL, ANA, ANA_LID, "Ana", true, NULL);
    zapi_people_learn(people, NULL, ANA, NULL, "", true, NULL);
    zapi_people_teach(people, ANA, ANA_LID, NULL, true);
    settle();
    zapi_db_stats(db, &after);
    CHECK_INT(after.jobs, before.jobs + 1); /* that of settle */
    end();
}

static char merged[256];

static void on_merged(void *arg, const char *from, const char *to)
{
    (void)arg;
    size_t n = strlen(merged);
    snprintf(merged + n, sizeof merged - n, "%s>%s ", from, to);
}

static void two_keys_become_one(void)
{
    begin();
    merged[0] = '\0';
    zapi_people_watch(people, on_merged, NULL);
    learn(ANA, NULL, NULL, true);
    learn(NULL, ANA_LID, "Ana", true);
    script("INSERT INTO automation(id, name) VALUES(1, 'a'), (2, 'b');"
           "INSERT INTO event(seq, person) VALUES(7, '" ANA_LID "'),"
           " (8, '" BIA "');"
           "INSERT INTO delivery(automation, person, seq, state)"
           " VALUES(1, '" ANA_LID "', 7, 0), (2, '" ANA_LID "', 7, 2),"
           " (1, '" BIA "', 8, 0);"
           "INSERT INTO send(automation, person, recipient, state) VALUES"
           "('a', '" ANA_LID "', '" ANA_LID "', 0),"
           "('a', '" ANA_LID "', '" ANA_LID "', 8);");
    CHECK_STR(learn(ANA, ANA_LID, NULL, true), ANA_LID);
    CHECK_STR(merged, ANA_LID ">" ANA " ");
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_STR(found.name, "Ana");
    CHECK_INT(zapi_people_count(people), 1);
    CHECK_INT(
        ask("SELECT count(*) FROM delivery WHERE person='" ANA "' AND seq=7"),
        2);
    CHECK_INT(ask("SELECT count(*) FROM delivery WHERE person='" BIA "'"), 1);
    CHECK_INT(ask("SELECT count(*) FROM event WHERE person='" ANA "'"), 1);
    CHECK_INT(ask("SELECT count(*) FROM send WHERE person='" ANA "'"), 2);
    CHECK_INT(ask("SELECT count(*) FROM person"), 1);
    close_all();
    open_all();
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_INT(zapi_people_count(people), 1);
    end();
}

static void chains_of_merges_are_followed(void)
{
    begin();
    /* a second lid of the same number, then a lid that both turn into */
    learn(NULL, ANA_LID, NULL, true);
    learn(ANA, NULL, NULL, true);
    learn(ANA, ANA_LID, NULL, true);
    learn(NULL, BIA_LID, NULL, true);
    CHECK_STR(learn(ANA, BIA_LID, NULL, true), BIA_LID);
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_STR(key_of(BIA_LID), ANA);
    CHECK_STR(found.lid, BIA_LID);
    close_all();
    open_all();
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_STR(key_of(BIA_LID), ANA);
    end();
}

static void contradictions_join_nobody(void)
{
    begin();
    learn(ANA, ANA_LID, "Ana", true);
    learn(BIA, BIA_LID, "Bia", true);
    CHECK_STR(learn(ANA, BIA_LID, "?", true), "");
    CHECK_STR(key_of(ANA), ANA);
    CHECK_STR(found.name, "Ana");
    CHECK_STR(key_of(BIA_LID), BIA);
    CHECK_STR(found.phone, BIA);
    end();
}

static void what_is_no_person_is_not_learnt(void)
{
    begin();
    learn("120363000000000001-group", NULL, "Grupo", true);
    learn("120363000000000009@newsletter", "x@lid", NULL, true);
    learn("190", NULL, NULL, true);
    learn("", "", "Ninguém", true);
    CHECK_INT(zapi_people_count(people), 1);
    CHECK(zapi_people_find(people, "x@lid", &found));
    CHECK(!zapi_people_find(people, "120363000000000001-group", &found));
    end();
}

static void names_are_cut_between_letters(void)
{
    char name[160] = "";
    begin();
    for (int i = 0; i < 50; i++)
        strcat(name, "é");
    learn(ANA, NULL, name, true);
    key_of(ANA);
    CHECK_INT(strlen(found.name), 94);
    CHECK(memcmp(found.name, name, 94) == 0);
    learn(ANA, NULL, "Ana", true);
    key_of(ANA);
    CHECK_STR(found.name, "Ana");
    end();
}

static void a_rollback_takes_nothing_away(void)
{
    begin();
    learn(NULL, BIA_LID, NULL, true);
    learn(BIA, NULL, NULL, true);
    struct task one = {.run = do_learn,
                       .phone = ANA,
                       .lid = ANA_LID,
                       .name = "Ana",
                       .canonical = true,
                       .fail = true};
    struct task two = one;
    two.phone = BIA;
    two.lid = BIA_LID;
    CHECK_INT(run_task(&one), ZAPI_DB_FAILED);
    CHECK_INT(run_task(&two), ZAPI_DB_FAILED);
    settle();
    CHECK_INT(ask("SELECT count(*) FROM person"), 2);
    close_all();
    open_all();
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_STR(found.name, "Ana");
    CHECK_STR(key_of(BIA_LID), BIA);
    end();
}

static void taught_from_another_thread(void)
{
    begin();
    zapi_people_teach(people, ANA_OLD, ANA_LID, NULL, true);
    settle();
    settle();
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_STR(found.phone, ANA_OLD);
    CHECK_INT(ask("SELECT count(*) FROM alias"), 2);
    end();
}

static void without_a_database(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    people = zapi_people_new(NULL, &error);
    zapi_people_teach(people, ANA, ANA_LID, "Ana", true);
    CHECK_STR(key_of(ANA_LID), ANA);
    zapi_people_forget(people, NULL, ANA_OLD, NULL, NULL);
    CHECK(!zapi_people_find(people, ANA_LID, &found));
    CHECK_INT(zapi_people_count(people), 0);
    zapi_people_delete(people);
}

/* ---- forgetting ---- */

static bool do_forget(struct task *t, struct zapi_sql *sql)
{
    t->n = zapi_people_forget(people, sql, t->text, NULL, NULL);
    return true;
}

static void fill_for_forgetting(void)
{
    learn(ANA_OLD, ANA_LID, "Ana", true);
    learn(BIA, BIA_LID, "Bia", true);
    script("INSERT INTO automation(id, name) VALUES(1, 'a');"
           "INSERT INTO event(seq, chat, author, person, body) VALUES"
           "(1, '" ANA "', '" ANA "', '" ANA "', 'x'),"
           "(2, '" ANA_OLD "', '" ANA_OLD "', '" ANA "', 'x'),"
           "(3, '" ANA_LID "', '" ANA_LID "', '" ANA "', 'x'),"
           "(4, '1-group', '" ANA_LID "', '1-group', 'x'),"
           "(5, '1-group', '" BIA "', '1-group', 'x'),"
           "(6, '" BIA "', '" BIA "', '" BIA "', 'x');"
           "INSERT INTO delivery(automation, person, seq, state) VALUES"
           "(1, '" ANA "', 1, 0), (1, '" ANA "', 2, 2), (1, '" ANA "', 3, 1),"
           "(1, '1-group', 4, 0), (1, '1-group', 5, 0), (1, '" BIA "', 6, 0);"
           "INSERT INTO send(automation, recipient, state) VALUES"
           "('a', '" ANA "', 0), ('a', '" ANA_LID "', 3), ('a', '" BIA "', 0);"
           "INSERT INTO send(automation, recipient, person, state) VALUES"
           "('a', '+55 11 9999-0001', '" ANA "', 0);"
           "INSERT INTO seen(id, k0, k1, at, mid, author, mine) VALUES"
           "(1, 1, 1, 1, 1, '" ANA "', 0), (2, 2, 2, 1, 2, '" BIA "', 0);");
}

static void a_person_is_forgotten(void)
{
    static const char named[] =
        "SELECT (SELECT count(*) FROM event WHERE chat IN " WHO
        " OR author IN " WHO
        ")+(SELECT count(*) FROM delivery WHERE person IN " WHO
        ")+(SELECT count(*) FROM send WHERE recipient IN " WHO
        ")+(SELECT count(*) FROM alias WHERE id IN " WHO
        ")+(SELECT count(*) FROM person WHERE key IN " WHO
        ")+(SELECT count(*) FROM seen WHERE author IN " WHO ")";
    begin();
    fill_for_forgetting();
    CHECK(ask(named) > 10);
    struct task t = {.run = do_forget, .text = "+55 11 99999-0001"};
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
    CHECK(t.n > 10);
    CHECK_INT(ask(named), 0);
    CHECK(!zapi_people_find(people, ANA_LID, &found));
    CHECK_INT(ask("SELECT count(*) FROM event"), 2);
    CHECK_INT(ask("SELECT count(*) FROM delivery"), 2);
    CHECK_INT(ask("SELECT count(*) FROM send WHERE recipient<>''"), 1);
    CHECK_INT(ask("SELECT count(*) FROM send WHERE state=3"), 1); /* a count */
    CHECK_INT(ask("SELECT count(*) FROM seen"), 2);
    CHECK_STR(key_of(BIA_LID), BIA);
    CHECK_STR(found.name, "Bia");
    close_all();
    open_all();
    CHECK(!zapi_people_find(people, ANA, &found));
    /* whoever writes again is somebody new */
    learn(ANA, ANA_LID, NULL, true);
    CHECK_STR(key_of(ANA_LID), ANA);
    CHECK_STR(found.name, "");
    end();
}

/* Rows of what bots keep: those of Ana under any of her ids, those of others,
 * and keys that only look like hers. */
static void fill_kept(void)
{
    script("DELETE FROM event; DELETE FROM delivery;"
           "INSERT INTO event(seq, chat, author, person) VALUES"
           "(10, '" ANA "', '" ANA "', '" ANA "'),"
           "(11, '1-group', '" ANA_LID "', '1-group'),"
           "(12, '" BIA "', '" BIA "', '" BIA "');"
           "INSERT INTO delivery(automation, person, seq, state) VALUES"
           "(1, '" ANA "', 10, 3), (1, '1-group', 11, 0), (1, '" BIA
           "', 12, 3);"
           "INSERT INTO kv(ns, k, v) SELECT char(1)||column1, CAST(column2 AS"
           " BLOB), column3 FROM (VALUES"
           "('session:a', '" ANA "', 'ana'),"
           "('session:a', '1-group', 'group'),"
           "('session:a', '" ANA "-1400000000', 'old group'),"
           "('session:a', '9" ANA "', 'longer'),"
           "('session:a', '" BIA "', 'bia'),"
           "('state:a', '1-group " ANA "', 'ana'),"
           "('state:a', '1-group " BIA "', 'bia'),"
           "('open:a', '" ANA "'||char(2)||'INSTANCE', 'ana'),"
           "('open:a', '1-group'||char(1)||'" ANA "', 'ana'),"
           "('open:a', '" BIA "', 'bia'),"
           "('due:a', '000000000000000a" ANA "', 'ana'),"
           "('due:a', '000000000000000b" BIA "', 'bia'),"
           "('step:a', '000000000000000a:p0001', 'ana'),"
           "('step:a', '000000000000000b:sPAY', 'ana'),"
           "('step:a', '000000000000000c:p0001', 'bia'),"
           "('ready:a', '000000000000000a', 'ana'),"
           "('told:a', 'closed'||char(0)||'" ANA_LID "', 'ana'),"
           "('handover:I', '" ANA_OLD "', 'ana'),"
           "('handover:I', '" BIA "', 'bia'),"
           "('optout:', '" ANA_LID "', 'ana'),"
           "('optout:', '" BIA "', 'bia'),"
           "('optout:other', '" BIA "', 'bia'));"
           "INSERT INTO kv(ns, k, v) VALUES"
           "('a'||char(2)||'orders', CAST('" ANA "' AS BLOB), 'script');"
           "INSERT INTO timer(automation, name, key, due, chat) VALUES"
           "('a', 't', 'x', 9, '" ANA_LID "'), ('a', 't', '" ANA "', 9, NULL),"
           "('a', 't', '1-group " ANA_OLD "', 9, '1-group'),"
           "('a', 't', '1-group " BIA "', 9, '1-group'),"
           "('a', 't', '', 9, NULL);");
}

static char dropped[200];

static void note_dropped(void *arg, const char *automation, const char *order,
                         uint64_t seq)
{
    (void)arg;
    snprintf(dropped + strlen(dropped), sizeof dropped - strlen(dropped),
             "%s/%s/%d ", automation, order, (int)seq);
}

static bool do_forget_and_note(struct task *t, struct zapi_sql *sql)
{
    dropped[0] = '\0';
    t->n = zapi_people_forget(people, sql, t->text, note_dropped, NULL);
    return true;
}

static void what_bots_keep_of_a_person_goes(void)
{
    struct task t = {.run = do_forget_and_note, .text = ANA_LID};
    begin();
    fill_for_forgetting();
    fill_kept();
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
    CHECK_STR(dropped, "a/1-group/11 a/" ANA "/10 ");
    CHECK_INT(ask("SELECT count(*) FROM kv WHERE v='ana'"), 0);
    CHECK_INT(ask("SELECT count(*) FROM kv WHERE v='bia'"), 8);
    CHECK_INT(ask("SELECT count(*) FROM kv WHERE v IN"
                  " ('group','old group','longer','script')"),
              4);
    CHECK_INT(ask("SELECT count(*) FROM timer"), 2);
    /* Who has opted out has: under a hash of each id, and a secret. */
    CHECK_INT(ask("SELECT count(*) FROM kv WHERE ns=char(1)||'optout:'"
                  " AND hex(substr(k,1,1))='23' AND length(k)=33"
                  " AND length(v)=33*3"),
              3);
    CHECK_INT(ask("SELECT length(v) FROM kv WHERE ns=char(1)||'optout:'"
                  " AND k=CAST('#' AS BLOB)"),
              16);
    CHECK_INT(ask("SELECT count(*) FROM kv WHERE ns=char(1)||'optout:other'"),
              1);
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
    CHECK_INT((int)t.n, 0);
    end();
}

/* What was noted before the forgetting must not come back after it. */
static void a_late_note_brings_nobody_back(void)
{
    begin();
    struct task t = {.run = do_forget, .text = ANA};
    zapi_people_learn(people, NULL, ANA, ANA_LID, "Ana", true, NULL);
    settle();
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
    zapi_people_learn(people, NULL, ANA, NULL, NULL, true, NULL);
    zapi_people_learn(people, NULL, NULL, ANA_LID, NULL, true, NULL);
    zapi_people_learn(people, NULL, ANA, ANA_LID, NULL, true, NULL);
    zapi_people_forget(people, NULL, ANA, NULL, NULL);
    settle();
    CHECK_INT(run_task(&t), ZAPI_DB_OK);
    settle();
    CHECK_INT(ask("SELECT (SELECT count(*) FROM alias)+"
                  "(SELECT count(*) FROM person)"),
              0);
    end();
}

/* ---- size, threads ---- */

static void a_hundred_thousand(void)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    char phone[32], lid[48];
    people = zapi_people_new(NULL, &error);
    for (int i = 0; i < 100000; i++) {
        snprintf(phone, sizeof phone, "55119%08d", 60000000 + i);
        snprintf(lid, sizeof lid, "%015d@lid", i);
        zapi_people_learn(people, NULL, phone, lid, "Pessoa Exemplo", true,
                          NULL);
    }
    CHECK_INT(zapi_people_count(people), 100000);
    CHECK(zapi_people_memory(people) < 20u << 20);
    for (int i = 0; i < 100000; i += 997) {
        snprintf(phone, sizeof phone, "5511%08d", 60000000 + i);
        snprintf(lid, sizeof lid, "%015d@lid", i);
        CHECK(zapi_people_find(people, phone, &found));
        CHECK_STR(found.lid, lid);
    }
    zapi_people_delete(people);
}

static void *look(void *arg)
{
    struct zapi_person p;
    int *wrong = arg;
    for (int i = 0; i < 20000; i++) {
        zapi_people_find(people, ANA_OLD, &p);
        if (strcmp(p.key, ANA) != 0)
            (*wrong)++;
    }
    return NULL;
}

static void looked_up_while_learning(void)
{
    pthread_t thread;
    char phone[32];
    int wrong = 0;
    begin();
    CHECK_INT(pthread_create(&thread, NULL, look, &wrong), 0);
    for (int i = 0; i < 300; i++) {
        snprintf(phone, sizeof phone, "55119%08d", 60000000 + i);
        zapi_people_teach(people, i % 3 ? phone : ANA, NULL, "x", true);
    }
    pthread_join(thread, NULL);
    CHECK_INT(wrong, 0);
    settle();
    settle();
    CHECK_INT(ask("SELECT count(*) FROM person"), 201);
    end();
}

int main(void)
{
    RUN(spellings_have_one_key);
    RUN(the_ninth_digit_is_not_forced);
    RUN(a_pair_is_one_person);
    RUN(the_key_stays);
    RUN(whatsapps_spelling_is_the_canonical_one);
    RUN(what_is_known_is_not_written);
    RUN(two_keys_become_one);
    RUN(chains_of_merges_are_followed);
    RUN(contradictions_join_nobody);
    RUN(what_is_no_person_is_not_learnt);
    RUN(names_are_cut_between_letters);
    RUN(a_rollback_takes_nothing_away);
    RUN(taught_from_another_thread);
    RUN(without_a_database);
    RUN(a_person_is_forgotten);
    RUN(what_bots_keep_of_a_person_goes);
    RUN(a_late_note_brings_nobody_back);
    RUN(a_hundred_thousand);
    RUN(looked_up_while_learning);
    return CHECK_END();
}
