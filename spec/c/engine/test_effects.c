/* SPDX-License-Identifier: MIT
 *
 * What events do before they are handled: all 115 samples through the inbox
 * with their orders, each stored once and its repetition dropped; the sequences
 * that a careless key swallows; what people, sends and guard learn.
 */
#include <dirent.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "check.h"
#include "engine/effects.h"
#include "engine/ingest.h"
#include "store/folder.h"
#include "store/inbox.h"

#define ANA      "5511999990001"
#define ANA_LID  "100000000000001@lid"
#define INSTANCE "3C0FFEE0000000000000000000000001"
#define GROUP    "120363000000000001-group"

static struct zapi_db *db;
static struct zapi_people *people;
static struct zapi_sends *sends;
static struct zapi_guard *guard;
static struct zapi_effects *effects;
static struct zapi_inbox *inbox;
static char merged[512];

/* ---- the stage ---- */

static void on_apply(void *arg, struct zapi_sql *sql, struct zapi_event *ev)
{
    (void)arg;
    zapi_effects_apply(effects, sql, ev);
}

static void on_merged(void *arg, const char *from, const char *to)
{
    size_t n = strlen(merged);
    (void)arg;
    snprintf(merged + n, sizeof merged - n, "%s>%s ", from, to);
}

static void no_wake(void *arg)
{
    (void)arg;
}

static void fail(const struct zapi_error *error)
{
    fprintf(stderr, "cannot begin: %s\n", error->message);
    exit(2);
}

static void no_change(void *arg, const struct zapi_send *row)
{
    (void)arg;
    (void)row;
}

static void begin(bool durable)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_guard_limits limits = {.replies_per_chat = 20,
                                       .cold_recipients = 1};
    struct zapi_db_config c = {.folder = folder};
    folder_make();
    merged[0] = '\0';
    db = durable ? zapi_db_open(&c, &error) : NULL;
    sends = db ? zapi_sends_new(db, no_change, NULL, NULL, &error) : NULL;
    people = zapi_people_new(db, &error);
    guard = zapi_guard_new(&limits);
    if ((durable && !sends) || !people || !guard)
        fail(&error);
    struct zapi_effects_config e = {
        .people = people, .sends = sends, .guard = guard, .merged = on_merged};
    effects = zapi_effects_new(&e);
    struct zapi_inbox_config in = {
        .db = db, .apply = on_apply, .wake = no_wake};
    inbox = zapi_inbox_new(&in, &error);
    if (!inbox)
        fail(&error);
    zapi_inbox_attach(inbox, "a");
}

static void end(void)
{
    zapi_inbox_close(inbox);
    zapi_db_close(db);
    zapi_inbox_delete(inbox);
    zapi_sends_delete(sends);
    zapi_people_delete(people);
    zapi_effects_delete(effects);
    zapi_guard_delete(guard);
    folder_remove();
}

/* ---- events ---- */

static struct zapi_event *event(const char *body)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    struct zapi_event *ev = zapi_ingest(strdup(body), strlen(body), &error);
    if (!ev)
        fail(&error);
    return ev;
}

static char *read_sample(const char *name)
{
    char path[512], part[4096];
    struct zapi_buf text;
    size_t n;
    zapi_buf_init(&text, 1 << 20);
    snprintf(path, sizeof path, "%s/fixtures/webhooks/%s", ZAPI_SPEC_DIR, name);
    FILE *f = fopen(path, "rb");
    while (f && (n = fread(part, 1, sizeof part, f)) > 0)
        zapi_buf_add(&text, part, n);
    if (!f) {
        perror(path);
        exit(2);
    }
    fclose(f);
    return zapi_buf_take(&text, NULL);
}

struct answer {
    struct flag flag;
    enum zapi_inbox_result result;
};

static void on_stored(void *arg, enum zapi_inbox_result result)
{
    struct answer *a = arg;
    a->result = result;
    flag_raise(&a->flag);
}

/* The order that it was given; NULL: a duplicate. */
static const char *put(const char *body)
{
    static char order[ZAPI_ORDER_MAX];
    struct answer a = {.flag = FLAG};
    struct zapi_inbox_item item;
    zapi_inbox_append(inbox, event(body), false, on_stored, &a);
    CHECK(flag_wait(&a.flag, 1));
    if (a.result == ZAPI_INBOX_DUPLICATE)
        return NULL;
    CHECK_INT(a.result, ZAPI_INBOX_STORED);
    CHECK(zapi_inbox_take(inbox, &item));
    memcpy(order, item.event->order, sizeof order);
    zapi_inbox_release(inbox, item.event);
    return order;
}

static const char *put_sample(const char *name)
{
    char *body = read_sample(name);
    const char *order = put(body);
    free(body);
    return order;
}

/* ---- the samples ---- */

static const struct {
    const char *prefix, *order;
} orders[] = {
    /* the first that fits */
    {"presence_", ""},
    {"status_", ""},
    {"delivery_", ""},
    {"connected", "#" INSTANCE},
    {"disconnected", "#" INSTANCE},
    {"received_group_text_old_id", ANA "-1600000000"},
    {"received_group_", GROUP},
    {"received_event", GROUP},
    {"notification_group_", GROUP},
    {"notification_membership_", GROUP},
    {"notification_revoked_", GROUP},
    {"notification_newsletter_", "120363000000000009@newsletter"},
    {"received_newsletter_image", "120363000000000009@newsletter"},
    {"received_broadcast_list", "1700000001-broadcast"},
    {"notification_profile_", "5511999990099"},
    {"notification_chat_label_", "5511999990099"},
    {"received_text_self_chat", "5511999990099"},
    {"notification_", ANA},
    {"received_", ANA},
};

static const char *expected(const char *name)
{
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (strncmp(orders[i].prefix, name, strlen(orders[i].prefix)) == 0)
            return orders[i].order;
    return "a sample that the table does not know";
}

static int is_sample(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static int list_samples(struct dirent ***all)
{
    char path[512];
    snprintf(path, sizeof path, "%s/fixtures/webhooks", ZAPI_SPEC_DIR);
    return scandir(path, all, is_sample, alphasort);
}

static void drop_list(struct dirent **all, int n)
{
    for (int i = 0; i < n; i++)
        free(all[i]);
    free(all);
}

static void check_order(const char *name)
{
    const char *order = put_sample(name);
    if (!order || strcmp(order, expected(name)) != 0)
        fprintf(stderr, "%s\n", name);
    CHECK_STR(order, expected(name));
}

static void check_people(void)
{
    struct zapi_person p;
    CHECK(zapi_people_find(people, ANA_LID, &p));
    CHECK_STR(p.phone, ANA);
    CHECK_STR(p.name, "Pessoa Exemplo");
    CHECK(zapi_people_find(people, "5511999990011", &p));
    CHECK_STR(p.lid, "100000000000011@lid");
    CHECK(zapi_people_find(people, "5511999990099", &p));
    CHECK_STR(p.lid, "100000000000099@lid");
    CHECK_INT(zapi_people_count(people), 3);
}

static void samples_once_each(bool durable)
{
    struct dirent **all;
    int n = list_samples(&all), presence = 0;
    begin(durable);
    CHECK_INT(n, 115);
    for (int i = 0; i < n; i++)
        check_order(all[i]->d_name);
    for (int i = n - 1; i >= 0; i--) {
        bool is = strncmp(all[i]->d_name, "presence_", 9) == 0;
        presence += is;
        CHECK((put_sample(all[i]->d_name) != NULL) == is);
    }
    CHECK_INT(presence, 6);
    check_people();
    CHECK_STR(merged, "");
    end();
    drop_list(all, n);
}

static void every_sample_is_stored_once(void)
{
    samples_once_each(true);
}

static void every_sample_in_memory(void)
{
    samples_once_each(false);
}

/* Whatever comes first, the same people come out. */
static void samples_backwards(void)
{
    struct dirent **all;
    int n = list_samples(&all);
    begin(true);
    for (int i = n - 1; i >= 0; i--)
        CHECK(put_sample(all[i]->d_name) != NULL);
    check_people();
    end();
    drop_list(all, n);
}

#define RECEIVED                                                          \
    "\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"" ANA \
    "\",\"messageId\":\"A\""

static void sequences_come_out_right(void)
{
    static const struct {
        const char *body;
        bool again; /* the same as the one before: dropped */
    } rows[] = {
        {"{" RECEIVED ",\"momment\":1,\"waitingMessage\":true}", false},
        {"{" RECEIVED ",\"momment\":1,\"waitingMessage\":true}", true},
        {"{" RECEIVED ",\"momment\":1,\"text\":{\"message\":\"a\"}}", false},
        {"{" RECEIVED ",\"momment\":1,\"text\":{\"message\":\"a\"}}", true},
        {"{" RECEIVED ",\"momment\":2,\"isEdit\":true,"
         "\"text\":{\"message\":\"b\"}}",
         false},
        {"{" RECEIVED ",\"momment\":3,\"isEdit\":true,"
         "\"text\":{\"message\":\"c\"}}",
         false},
        {"{" RECEIVED ",\"momment\":3,\"isEdit\":true,"
         "\"text\":{\"message\":\"c\"}}",
         true},
        {"{\"type\":\"DisconnectedCallback\",\"instanceId\":\"I\","
         "\"momment\":1,\"error\":\"x\"}",
         false},
        {"{\"type\":\"DisconnectedCallback\",\"instanceId\":\"I\","
         "\"momment\":2,\"error\":\"x\"}",
         false},
        {"{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"1\","
         "\"momment\":1,\"notification\":\"PROFILE_NAME_UPDATED\"}",
         false},
        {"{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"1\","
         "\"momment\":2,\"notification\":\"PROFILE_NAME_UPDATED\"}",
         false},
        {"{\"type\":\"DeliveryCallback\",\"instanceId\":\"I\",\"zaapId\":\"Z\","
         "\"messageId\":\"B\"}",
         false},
        {"{\"type\":\"DeliveryCallback\",\"instanceId\":\"I\",\"zaapId\":\"Z\","
         "\"messageId\":\"B\",\"error\":\"Timeout on send message\"}",
         false},
        {"{\"type\":\"PresenceChatCallback\",\"instanceId\":\"I\","
         "\"phone\":\"1\",\"status\":\"COMPOSING\"}",
         false},
        {"{\"type\":\"PresenceChatCallback\",\"instanceId\":\"I\","
         "\"phone\":\"1\",\"status\":\"COMPOSING\"}",
         false},
    };
    begin(true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool dropped = put(rows[i].body) == NULL;
        if (dropped != rows[i].again)
            fprintf(stderr, "row %zu: %s\n", i, rows[i].body);
        CHECK(dropped == rows[i].again);
    }
    end();
}

/* ---- people and order ---- */

#define TEXT(id, rest)                                                        \
    "{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"messageId\":\"" id \
    "\",\"text\":{\"message\":\"oi\"}," rest "}"

static void both_names_of_a_person_are_one_order(void)
{
    begin(true);
    CHECK_STR(put(TEXT("1", "\"phone\":\"" ANA_LID "\"")), ANA_LID);
    CHECK_STR(put(TEXT("2", "\"phone\":\"" ANA "\"")), ANA);
    CHECK_STR(merged, "");
    CHECK_STR(
        put(TEXT("3", "\"phone\":\"" ANA "\",\"chatLid\":\"" ANA_LID "\"")),
        ANA);
    CHECK_STR(merged, ANA_LID ">" ANA " ");
    CHECK_STR(put(TEXT("4", "\"phone\":\"" ANA_LID "\"")), ANA);
    CHECK_STR(put(TEXT("5", "\"phone\":\"551199990001\"")), ANA);
    end();
}

static void only_true_pairs_are_taken(void)
{
    struct zapi_person p;
    begin(true);
    /* the sender of an own message, and of a group's, is not the chat */
    put(TEXT("1", "\"phone\":\"" ANA "\",\"fromMe\":true,\"senderName\":"
                  "\"Empresa\",\"senderLid\":\"2@lid\""));
    put(TEXT("2", "\"phone\":\"" GROUP "\",\"isGroup\":true,"
                  "\"participantPhone\":\"" ANA "\",\"senderLid\":\"3@lid\""));
    put(TEXT("3", "\"phone\":\"9@newsletter\",\"participantPhone\":\"" ANA
                  "\",\"senderLid\":\"4@lid\""));
    CHECK(zapi_people_find(people, ANA, &p));
    CHECK_STR(p.lid, "");
    CHECK_STR(p.name, "");
    /* a lid without its end, and the sender in a private chat */
    put(TEXT("4", "\"phone\":\"" ANA "\",\"senderName\":\"Ana\","
                  "\"senderLid\":\"100000000000001\""));
    zapi_people_find(people, ANA, &p);
    CHECK_STR(p.lid, ANA_LID);
    CHECK_STR(p.name, "Ana");
    CHECK_INT(zapi_people_count(people), 1);
    end();
}

/* ---- sends ---- */

static struct flag begun;
static uint64_t begun_id;

static void on_begun(void *arg, struct zapi_send *row, bool is_new)
{
    (void)arg;
    CHECK(row && is_new);
    begun_id = row ? row->id : 0;
    zapi_send_free(row);
    flag_raise(&begun);
}

/* A row as it is when the request has left; with an id it was accepted. */
static uint64_t sent(const char *person, const char *id, const char *args)
{
    struct zapi_send row = {.automation = "a",
                            .instance = "I",
                            .recipient = person,
                            .person = person,
                            .endpoint = "send_text",
                            .args = args,
                            .lane = "",
                            .state = ZAPI_SEND_SENDING};
    begun = (struct flag)FLAG;
    zapi_sends_begin(sends, &row, on_begun, NULL);
    CHECK(flag_wait(&begun, 1));
    row.id = begun_id;
    row.message_id = id;
    row.state = id ? ZAPI_SEND_ACCEPTED : ZAPI_SEND_UNKNOWN;
    row.error_kind = id ? NULL : "send.unknown";
    zapi_sends_end(sends, &row);
    return begun_id;
}

static char state[120];

static void visit(void *arg, const struct zapi_send *row)
{
    (void)arg;
    snprintf(state, sizeof state, "%s %s", zapi_send_state_name(row->state),
             row->error_kind ? row->error_kind : "");
}

static bool nothing(struct zapi_job *job, struct zapi_sql *sql)
{
    (void)job;
    (void)sql;
    return true;
}

static const char *state_of(uint64_t id)
{
    struct zapi_sends_filter f = {.id = id};
    struct zapi_job barrier = {.apply = nothing};
    CHECK_INT(zapi_db_run(db, &barrier), ZAPI_DB_OK);
    snprintf(state, sizeof state, "gone");
    zapi_sends_each(zapi_db_reader(db), &f, visit, NULL);
    return state;
}

#define STATUS(word, ids)                                                  \
    "{\"type\":\"MessageStatusCallback\",\"instanceId\":\"I\",\"status\":" \
    "\"" word "\",\"ids\":[" ids "]}"
#define DELIVERY(id, rest)                                                 \
    "{\"type\":\"DeliveryCallback\",\"instanceId\":\"I\",\"phone\":\"" ANA \
    "\",\"messageId\":\"" id "\"" rest "}"

static void receipts_move_sends(void)
{
    begin(true);
    uint64_t a = sent(ANA, "A", "{}"), b = sent(ANA, "B", "{}");
    CHECK_STR(state_of(a), "accepted ");
    CHECK_STR(put(DELIVERY("A", "")), "");
    CHECK_STR(state_of(a), "sent ");
    put(STATUS("READ_BY_ME", "\"A\",\"B\""));
    CHECK_STR(state_of(a), "sent ");
    put(STATUS("READ", "\"A\",7,\"B\",\"nobody's\""));
    CHECK_STR(state_of(a), "read ");
    CHECK_STR(state_of(b), "read ");
    put(STATUS("RECEIVED", "\"A\""));
    CHECK_STR(state_of(a), "read ");
    put(STATUS("PLAYED", "\"B\""));
    CHECK_STR(state_of(b), "played ");
    end();
}

static void failures_have_the_kind_of_the_catalogue(void)
{
    begin(true);
    uint64_t a = sent(ANA, "A", "{}");
    put(DELIVERY("A", ",\"error\":\"Message not send caused by invalid media "
                      "url\""));
    CHECK_STR(state_of(a), "failed media.invalid_url");
    end();
}

static void an_echo_resolves_what_nobody_knew(void)
{
    begin(true);
    uint64_t a =
        sent(ANA, NULL, "{\"phone\":\"" ANA "\",\"message\":\"Olá, Ana\"}");
    CHECK_STR(state_of(a), "unknown send.unknown");
    put("{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"" ANA
        "\",\"messageId\":\"E1\",\"fromMe\":true,\"fromApi\":true,"
        "\"text\":{\"message\":\"outra\"}}");
    CHECK_STR(state_of(a), "unknown send.unknown");
    put("{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"" ANA
        "\",\"messageId\":\"E2\",\"fromMe\":true,\"fromApi\":false,"
        "\"text\":{\"message\":\"Ol\\u00e1, Ana\"}}");
    CHECK_STR(state_of(a), "unknown send.unknown");
    put("{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"" ANA
        "\",\"messageId\":\"E3\",\"fromMe\":true,\"fromApi\":true,"
        "\"text\":{\"message\":\"Ol\\u00e1, Ana\"}}");
    CHECK_STR(state_of(a), "sent ");
    end();
}

/* ---- guard ---- */

static bool may_write_to(const char *person)
{
    enum zapi_guard_reason why;
    bool first;
    struct zapi_event *ev = event("{}");
    double now = ev->received_at;
    zapi_event_free(ev);
    return zapi_guard_ask(guard, "I", person, false, now, &why, &first) == 0;
}

static void the_guard_hears_who_writes(void)
{
    begin(true);
    CHECK(may_write_to("5511999990050")); /* the one cold recipient */
    CHECK(!may_write_to(ANA));
    put(TEXT("1", "\"phone\":\"" ANA "\",\"fromMe\":true"));
    CHECK(!may_write_to(ANA));
    put("{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"" ANA
        "\",\"messageId\":\"2\",\"notification\":\"E2E_ENCRYPTED\"}");
    CHECK(!may_write_to(ANA));
    put(TEXT("3", "\"phone\":\"" GROUP "\",\"isGroup\":true,"
                  "\"participantPhone\":\"" ANA "\""));
    CHECK(!may_write_to(ANA)); /* in a group is not to us */
    put(TEXT("4", "\"phone\":\"551199990001\""));
    CHECK(may_write_to(ANA));
    end();
}

static int banned_lines;

static void on_line(void *arg, enum zapi_log_level level, const char *line,
                    size_t len)
{
    (void)arg;
    (void)level;
    (void)len;
    banned_lines += strstr(line, "SHADOW_BAN") != NULL;
}

static void a_shadow_ban_stops_cold_sends(void)
{
    begin(true);
    zapi_log_set_sink(on_line, NULL);
    banned_lines = 0;
    CHECK(may_write_to("5511999990050"));
    put(DELIVERY("A", ",\"error\":\"Whatsapp rejected sending this message\","
                      "\"errorCode\":\"SHADOW_BAN\""));
    put(DELIVERY("B", ",\"error\":\"Whatsapp rejected sending this message\","
                      "\"errorCode\":\"SHADOW_BAN\""));
    zapi_log_set_sink(NULL, NULL);
    CHECK(!may_write_to("5511999990050"));
    CHECK(zapi_guard_banned_until(guard, "I") > 86400);
    CHECK(zapi_guard_banned_until(guard, "J") == 0);
    CHECK_INT(banned_lines, 1);
    end();
}

int main(void)
{
    RUN(every_sample_is_stored_once);
    RUN(every_sample_in_memory);
    RUN(samples_backwards);
    RUN(sequences_come_out_right);
    RUN(both_names_of_a_person_are_one_order);
    RUN(only_true_pairs_are_taken);
    RUN(receipts_move_sends);
    RUN(failures_have_the_kind_of_the_catalogue);
    RUN(an_echo_resolves_what_nobody_knew);
    RUN(the_guard_hears_who_writes);
    RUN(a_shadow_ban_stops_cold_sends);
    return CHECK_END();
}
