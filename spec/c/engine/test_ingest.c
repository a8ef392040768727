/* SPDX-License-Identifier: MIT
 *
 * Names, places, authors and identity of webhooks: every sample by name, and
 * the sequences that a careless key swallows.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "check.h"
#include "engine/ingest.h"

static const struct {
    const char *file, *kind;
} samples[] = {
    {"connected", "connected"},
    {"delivery_error", "message.failed"},
    {"delivery_error_media", "message.failed"},
    {"delivery_error_shadow_ban", "message.failed"},
    {"delivery_ok", "message.delivered"},
    {"delivery_ok_group", "message.delivered"},
    {"delivery_ok_momment", "message.delivered"},
    {"disconnected", "disconnected"},
    {"disconnected_ms", "disconnected"},
    {"notification_biz_move_to_consumer_app", "notice"},
    {"notification_blue_msg_unverified", "notice"},
    {"notification_blue_msg_verified", "notice"},
    {"notification_call_missed_video", "call.missed"},
    {"notification_call_missed_voice", "call.missed"},
    {"notification_call_voice", "call.incoming"},
    {"notification_chat_label_association", "chat.label"},
    {"notification_ciphertext", "notice"},
    {"notification_e2e_encrypted", "notice"},
    {"notification_group_create", "group.create"},
    {"notification_group_member_link_admin", "group.change"},
    {"notification_group_member_link_all", "group.change"},
    {"notification_group_participant_add", "group.join"},
    {"notification_group_participant_add_phone", "group.join"},
    {"notification_group_participant_demote", "group.demote"},
    {"notification_group_participant_invite", "group.join"},
    {"notification_group_participant_leave", "group.leave"},
    {"notification_group_participant_promote", "group.promote"},
    {"notification_group_participant_remove", "group.leave"},
    {"notification_membership_approval_request_added", "group.request"},
    {"notification_membership_approval_request_link", "group.request"},
    {"notification_newsletter_admin_demote", "channel.demote"},
    {"notification_newsletter_admin_promote", "channel.promote"},
    {"notification_payment_action_request_declined", "payment.declined"},
    {"notification_profile_name_updated", "profile.name"},
    {"notification_profile_picture_updated", "profile.photo"},
    {"notification_revoke", "delete"},
    {"notification_revoked_membership_requests", "group.request_revoked"},
    {"presence_available", "presence"},
    {"presence_composing", "presence"},
    {"presence_paused", "presence"},
    {"presence_recording", "presence"},
    {"presence_unavailable", "presence"},
    {"presence_unavailable_last_seen", "presence"},
    {"received_audio_file", "audio"},
    {"received_audio_view_once", "voice"},
    {"received_audio_voice", "voice"},
    {"received_broadcast_list", "broadcast_list"},
    {"received_buttons_image", "buttons"},
    {"received_buttons_response", "choice"},
    {"received_buttons_video", "buttons"},
    {"received_carousel", "own.carousel"},
    {"received_contact", "contact"},
    {"received_document", "document"},
    {"received_edit", "edit"},
    {"received_event", "event"},
    {"received_event_canceled", "event"},
    {"received_event_response", "event_response"},
    {"received_gif", "video"},
    {"received_group_image", "image"},
    {"received_group_poll_vote", "vote"},
    {"received_group_reaction", "reaction"},
    {"received_group_text", "text"},
    {"received_group_text_old_id", "text"},
    {"received_group_text_reply", "text"},
    {"received_image", "image"},
    {"received_image_download_error", "image"},
    {"received_image_view_once", "image"},
    {"received_list_response", "choice"},
    {"received_location", "location"},
    {"received_location_named", "location"},
    {"received_newsletter_admin_invite", "channel_invite"},
    {"received_newsletter_image", "image"},
    {"received_order", "order"},
    {"received_pin_message", "pin"},
    {"received_pix_key", "pix"},
    {"received_poll", "poll"},
    {"received_poll_vote", "vote"},
    {"received_product", "product"},
    {"received_ptv", "own.video"},
    {"received_reaction", "reaction"},
    {"received_reaction_lid", "reaction"},
    {"received_request_payment", "payment.requested"},
    {"received_review_and_pay", "review"},
    {"received_review_order", "review"},
    {"received_send_payment", "payment.sent"},
    {"received_status_reply", "status_reply"},
    {"received_sticker", "sticker"},
    {"received_template_document", "template"},
    {"received_template_image", "template"},
    {"received_template_location", "template"},
    {"received_template_otp", "template"},
    {"received_template_text", "template"},
    {"received_template_video", "template"},
    {"received_text", "text"},
    {"received_text_expiring", "text"},
    {"received_text_forwarded", "text"},
    {"received_text_from_ad", "ad"},
    {"received_text_from_me_api", "own.text"},
    {"received_text_from_me_phone", "own.text"},
    {"received_text_lid_phone", "text"},
    {"received_text_link_preview", "text"},
    {"received_text_no_lid", "text"},
    {"received_text_reply", "text"},
    {"received_text_self_chat", "own.text"},
    {"received_text_sender_lid", "text"},
    {"received_video", "video"},
    {"received_waiting_message", "waiting"},
    {"received_waiting_resolved", "own.image"},
    {"status_group_read", "message.read"},
    {"status_played", "message.played"},
    {"status_read", "message.read"},
    {"status_read_by_me", "read_by_me"},
    {"status_read_many", "message.read"},
    {"status_received", "message.received"},
    {"status_sent", "message.sent"},
};

enum { SAMPLES = sizeof samples / sizeof *samples };

static struct zapi_event *take(const char *json)
{
    struct zapi_error e = {0};
    struct zapi_event *ev = zapi_ingest(strdup(json), strlen(json), &e);
    if (!ev)
        fprintf(stderr, "not taken: %s\n", e.message);
    return ev;
}

static struct zapi_event *sample(const char *name)
{
    char path[512], piece[4096];
    struct zapi_buf b;
    size_t n;
    zapi_buf_init(&b, 1 << 20);
    snprintf(path, sizeof path, ZAPI_SPEC_DIR "/fixtures/webhooks/%s.json",
             name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        zapi_buf_add(&b, piece, n);
    fclose(f);
    struct zapi_event *ev = take(zapi_buf_str(&b));
    zapi_buf_free(&b);
    return ev;
}

static bool same(const struct zapi_event *a, const struct zapi_event *b)
{
    return a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

static bool keyless(const struct zapi_event *ev)
{
    return ev->key[0] == 0 && ev->key[1] == 0;
}

static void every_sample_has_its_name(void)
{
    CHECK_INT(SAMPLES, 115);
    for (int i = 0; i < SAMPLES; i++) {
        struct zapi_event *ev = sample(samples[i].file);
        CHECK(ev != NULL);
        if (ev && strcmp(ev->kind, samples[i].kind) != 0)
            fprintf(stderr, "%s\n", samples[i].file);
        CHECK_STR(ev ? ev->kind : NULL, samples[i].kind);
        zapi_event_free(ev);
    }
}

static void samples_have_distinct_keys(void)
{
    struct zapi_event *all[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        all[i] = sample(samples[i].file);
        CHECK(keyless(all[i]) == (strcmp(all[i]->kind, "presence") == 0));
        CHECK(all[i]->keep == !keyless(all[i]));
        for (int k = 0; k < i; k++)
            if (same(all[i], all[k]) && !keyless(all[i])) {
                fprintf(stderr, "same key: %s %s\n", samples[i].file,
                        samples[k].file);
                check_case_failed = 1;
            }
    }
    for (int i = 0; i < SAMPLES; i++) {
        struct zapi_event *again = sample(samples[i].file);
        CHECK(same(all[i], again));
        zapi_event_free(again);
        zapi_event_free(all[i]);
    }
}

/* Two webhooks: is the second one dropped? */
static bool repeats(const char *first, const char *second)
{
    struct zapi_event *a = take(first), *b = take(second);
    bool dup = a && b && same(a, b) && !keyless(a);
    zapi_event_free(a);
    zapi_event_free(b);
    return dup;
}

#define RECEIVED \
    "\"type\":\"ReceivedCallback\",\"instanceId\":\"I\",\"phone\":\"5511\","

static void sequences_of_one_id(void)
{
    CHECK(repeats("{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                  "\"text\":{\"message\":\"oi\"}}",
                  "{" RECEIVED "\"momment\":2,\"messageId\":\"A\","
                  "\"text\":{\"message\":\"oi\"}}"));
    /* waiting, then its content */
    CHECK(!repeats("{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                   "\"waitingMessage\":true}",
                   "{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                   "\"waitingMessage\":false,\"image\":{}}"));
    /* a second edit; the first one again */
    CHECK(!repeats("{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                   "\"isEdit\":true,\"text\":{\"message\":\"b\"}}",
                   "{" RECEIVED "\"messageId\":\"A\",\"momment\":2,"
                   "\"isEdit\":true,\"text\":{\"message\":\"c\"}}"));
    CHECK(repeats("{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                  "\"isEdit\":true,\"text\":{\"message\":\"b\"}}",
                  "{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                  "\"isEdit\":true,\"text\":{\"message\":\"b\"}}"));
    /* a reaction that changes, with the id of the message reacted to */
    CHECK(!repeats("{" RECEIVED "\"messageId\":\"A\",\"momment\":1,"
                   "\"reaction\":{\"value\":\"x\"}}",
                   "{" RECEIVED "\"messageId\":\"A\",\"momment\":2,"
                   "\"reaction\":{\"value\":\"\"}}"));
    /* the message, then that it was deleted */
    CHECK(!repeats("{" RECEIVED "\"messageId\":\"A\",\"text\":{}}",
                   "{" RECEIVED "\"messageId\":\"A\","
                   "\"notification\":\"REVOKE\"}"));
    /* two members at once under one id */
    CHECK(!repeats("{" RECEIVED "\"messageId\":\"A\",\"notification\":"
                   "\"GROUP_PARTICIPANT_ADD\","
                   "\"notificationParameters\":[\"1\"]}",
                   "{" RECEIVED "\"messageId\":\"A\",\"notification\":"
                   "\"GROUP_PARTICIPANT_ADD\","
                   "\"notificationParameters\":[\"2\"]}"));
    /* the same id on another instance */
    CHECK(!repeats("{\"type\":\"ReceivedCallback\",\"instanceId\":\"I\","
                   "\"messageId\":\"A\"}",
                   "{\"type\":\"ReceivedCallback\",\"instanceId\":\"J\","
                   "\"messageId\":\"A\"}"));
}

static void votes_of_two_people(void)
{
    CHECK(!repeats("{" RECEIVED "\"isGroup\":true,\"messageId\":\"A\","
                   "\"momment\":1,\"participantPhone\":\"1\","
                   "\"pollVote\":{}}",
                   "{" RECEIVED "\"isGroup\":true,\"messageId\":\"A\","
                   "\"momment\":1,\"participantPhone\":\"2\","
                   "\"pollVote\":{}}"));
}

static void callbacks_without_message(void)
{
    CHECK(!repeats("{\"type\":\"DisconnectedCallback\",\"momment\":1,"
                   "\"instanceId\":\"I\",\"error\":\"x\"}",
                   "{\"type\":\"DisconnectedCallback\",\"momment\":2,"
                   "\"instanceId\":\"I\",\"error\":\"x\"}"));
    CHECK(!repeats("{\"type\":\"DeliveryCallback\",\"instanceId\":\"I\","
                   "\"messageId\":\"A\",\"zaapId\":\"Z\"}",
                   "{\"type\":\"DeliveryCallback\",\"instanceId\":\"I\","
                   "\"messageId\":\"A\",\"zaapId\":\"Z\","
                   "\"error\":\"Timeout on send message\"}"));
    CHECK(!repeats("{\"type\":\"MessageStatusCallback\",\"instanceId\":\"I\","
                   "\"ids\":[\"A\"],\"status\":\"SENT\"}",
                   "{\"type\":\"MessageStatusCallback\",\"instanceId\":\"I\","
                   "\"ids\":[\"A\"],\"status\":\"READ\"}"));
    CHECK(repeats("{\"type\":\"MessageStatusCallback\",\"instanceId\":\"I\","
                  "\"ids\":[\"A\"],\"status\":\"READ\",\"momment\":1}",
                  "{\"type\":\"MessageStatusCallback\",\"instanceId\":\"I\","
                  "\"ids\":[\"A\"],\"status\":\"READ\",\"momment\":2}"));
    /* typing is news each time, and so is what nothing identifies */
    CHECK(!repeats("{\"type\":\"PresenceChatCallback\",\"phone\":\"1\","
                   "\"status\":\"COMPOSING\",\"instanceId\":\"I\"}",
                   "{\"type\":\"PresenceChatCallback\",\"phone\":\"1\","
                   "\"status\":\"COMPOSING\",\"instanceId\":\"I\"}"));
    CHECK(!repeats("{\"type\":\"ProxyCallback\"}",
                   "{\"type\":\"ProxyCallback\"}"));
}

/* The key is kept on disk one day: it must not change with a build. */
static void keys_are_stable(void)
{
    struct zapi_event *ev = take("{" RECEIVED "\"messageId\":\"A\"}");
    CHECK_INT(ev->key[0], INT64_C(-6626778775541284617));
    CHECK_INT(ev->key[1], INT64_C(-5498940827064068337));
    zapi_event_free(ev);
}

static void keys_spread(void)
{
    enum { N = 20000 };
    static uint64_t seen[N];
    char json[200];
    unsigned ones = 0;
    for (unsigned i = 0; i < N; i++) {
        snprintf(json, sizeof json, "{" RECEIVED "\"messageId\":\"%u\"}", i);
        struct zapi_event *ev = take(json);
        for (unsigned bit = 0; bit < 64; bit++)
            ones += (unsigned)(ev->key[0] >> bit & 1);
        seen[i] = ev->key[0] >> 32;
        zapi_event_free(ev);
    }
    double share = (double)ones / (64.0 * N);
    CHECK(share > 0.495 && share < 0.505);
    unsigned same_half = 0; /* birthdays in 32 bits: 0.05 expected */
    for (unsigned i = 0; i < N; i += 10)
        for (unsigned k = 0; k < i; k++)
            same_half += seen[i] == seen[k];
    CHECK(same_half <= 2);
}

static void check_place(const char *json, const char *chat, const char *author)
{
    struct zapi_event *ev = take(json);
    CHECK_STR(ev->chat, chat);
    CHECK_STR(ev->author, author);
    zapi_event_free(ev);
}

static void chats_and_authors(void)
{
    check_place("{" RECEIVED "\"text\":{}}", "5511", "5511");
    check_place("{\"type\":\"ReceivedCallback\",\"phone\":\"1@lid\"}", "1@lid",
                "1@lid");
    check_place("{\"type\":\"ReceivedCallback\",\"chatLid\":\"2@lid\"}",
                "2@lid", "2@lid");
    check_place("{\"type\":\"ReceivedCallback\",\"phone\":\"9-group\","
                "\"isGroup\":true,\"participantPhone\":\"5522\","
                "\"participantLid\":\"3@lid\"}",
                "9-group", "5522");
    check_place("{\"type\":\"ReceivedCallback\",\"phone\":\"9-group\","
                "\"isGroup\":true,\"participantPhone\":null,"
                "\"participantLid\":\"3@lid\"}",
                "9-group", "3@lid");
    check_place("{\"type\":\"DisconnectedCallback\"}", "", "");
    check_place("{\"type\":\"ReceivedCallback\",\"phone\":551199}", "551199",
                "551199");
}

static void envelope(void)
{
    struct zapi_event *ev = sample("received_text_from_me_api");
    CHECK(ev->from_me && ev->from_api && !ev->is_group);
    CHECK_STR(ev->type, "ReceivedCallback");
    CHECK_STR(ev->instance, "3C0FFEE0000000000000000000000001");
    CHECK(ev->received_at > 1.7e9);
    zapi_event_free(ev);
    ev = sample("status_read_many");
    CHECK_STR(ev->message_id, "3EB0C0FFEE0000000B5BC2");
    zapi_event_free(ev);
    ev = take("{\"type\":\"ReceivedCallback\",\"messageId\":\"a\\u0041\\n\","
              "\"phone\":\"\\u0000\\ud83d\"}");
    CHECK_STR(ev->message_id, "aA\n");
    CHECK_STR(ev->chat, " \xef\xbf\xbd");
    zapi_event_free(ev);
}

static void check_kind(const char *json, const char *kind)
{
    struct zapi_event *ev = take(json);
    CHECK_STR(ev->kind, kind);
    zapi_event_free(ev);
}

static void names_without_a_sample(void)
{
    check_kind("{\"type\":\"SentCallback\"}", "raw:SentCallback");
    check_kind("{\"type\":\"ProxyCallback\"}", "proxy.failed");
    check_kind("{}", "unknown");
    check_kind("{\"type\":7}", "raw:7");
    check_kind("{\"type\":\"MessageStatusCallback\",\"status\":\"NEW\"}",
               "raw:MessageStatusCallback");
    check_kind("{\"type\":\"MessageStatusCallback\",\"status\":\"READ-SELF\"}",
               "read_by_me");
    check_kind("{" RECEIVED "\"newMessage\":{}}", "unknown");
    check_kind("{" RECEIVED "\"contacts\":[]}", "contact");
    check_kind("{" RECEIVED "\"image\":null,\"liveLocation\":{}}", "location");
    check_kind("{" RECEIVED "\"text\":{},\"externalAdReply\":null}", "text");
    check_kind("{" RECEIVED "\"notification\":\"GROUP_CHANGE_ICON\"}",
               "group.change");
    check_kind("{" RECEIVED "\"notification\":\"CALL_VIDEO\"}",
               "call.incoming");
    check_kind("{" RECEIVED "\"notification\":\"SOMETHING_NEW\"}", "notice");
    check_kind("{" RECEIVED "\"fromMe\":true,\"reaction\":{}}", "reaction");
    check_kind("{" RECEIVED "\"fromMe\":true,\"audio\":{\"ptt\":true}}",
               "own.voice");
    check_kind("{" RECEIVED "\"fromMe\":true,\"reviewAndPay\":{}}", "review");
    check_kind("{" RECEIVED "\"isEdit\":true,\"reaction\":{}}", "reaction");
    check_kind("{\"type\":\"DeliveryCallback\",\"error\":null}",
               "message.delivered");
    check_kind("{\"type\":\"DeliveryCallback\",\"error\":\"\"}",
               "message.delivered");
}

static void refused(const char *json, size_t len, const char *part)
{
    struct zapi_error e = {0};
    char *body = malloc(len + 1);
    memcpy(body, json, len);
    struct zapi_event *ev = zapi_ingest(body, len, &e);
    CHECK(ev == NULL);
    CHECK(e.kind == ZAPI_E_BAD_JSON);
    if (!strstr(e.message, part))
        CHECK_STR(e.message, part);
    zapi_event_free(ev);
}

static void what_is_not_an_object_is_refused(void)
{
    refused("", 0, "not JSON");
    refused("oi", 2, "at byte 0");
    refused("[]", 2, "not an object");
    refused("\"x\"", 3, "not an object");
    refused("{\"a\":1", 6, "not JSON");
    refused("{\"a\":\xff}", 6, "not JSON");
    refused("{}\0", 3, "not JSON");
    struct zapi_error e = {0};
    CHECK(zapi_ingest(NULL, 0, &e) == NULL);
}

static void deep_nesting_is_refused(void)
{
    enum { DEPTH = 10000 };
    char *json = malloc(2 * DEPTH + 6);
    memcpy(json, "{\"a\":", 5);
    memset(json + 5, '[', DEPTH);
    memset(json + 5 + DEPTH, ']', DEPTH);
    json[5 + 2 * DEPTH] = '}';
    refused(json, 2 * DEPTH + 6, "not JSON");
    free(json);
}

static void parents(void)
{
    CHECK(zapi_kind_is("voice", "voice"));
    CHECK(zapi_kind_is("voice", "audio"));
    CHECK(zapi_kind_is("voice", "message"));
    CHECK(!zapi_kind_is("audio", "voice"));
    CHECK(zapi_kind_is("own.voice", "own.audio"));
    CHECK(zapi_kind_is("own.voice", "own.message"));
    CHECK(!zapi_kind_is("own.voice", "message"));
    CHECK(!zapi_kind_is("voice", "own.message"));
    CHECK(zapi_kind_is("broadcast_list", "own.message"));
    CHECK(zapi_kind_is("payment.sent", "payment"));
    CHECK(!zapi_kind_is("payment.sent", "message"));
    CHECK(!zapi_kind_is("reaction", "message"));
    CHECK(!zapi_kind_is("text", "mess"));
    CHECK(zapi_kind_is("raw:X", "raw:X"));
    for (const struct zapi_kind *k = zapi_kinds(); k->name; k++)
        CHECK(k->parents && k->doc && *k->doc);
}

int main(void)
{
    RUN(every_sample_has_its_name);
    RUN(samples_have_distinct_keys);
    RUN(sequences_of_one_id);
    RUN(votes_of_two_people);
    RUN(callbacks_without_message);
    RUN(keys_are_stable);
    RUN(keys_spread);
    RUN(chats_and_authors);
    RUN(envelope);
    RUN(names_without_a_sample);
    RUN(what_is_not_an_object_is_refused);
    RUN(deep_nesting_is_refused);
    RUN(parents);
    return CHECK_END();
}
