/* SPDX-License-Identifier: MIT
 *
 * A webhook's body → event. One pass over the text finds the top-level members
 * that matter and proves the rest to be JSON; nothing is decoded into a tree.
 * Three questions are then answered from these members: what is it called
 * (name_of: type, notification, action keys, isEdit, content key, in this
 * order), where did it happen and who did it (chat_of, author_of), and is it
 * the same as an earlier one (make_key).
 *
 * Memory: event and strings are one block, the body is a second one. Start
 * reading at zapi_ingest; the names themselves are in kinds.c.
 */
#include "engine/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

/* Members that are looked at: X(identifier, "key"). */
#define ENVELOPE(X)                          \
    X(TYPE, "type")                          \
    X(INSTANCE, "instanceId")                \
    X(MESSAGE, "messageId")                  \
    X(ZAAP, "zaapId")                        \
    X(IDS, "ids")                            \
    X(PHONE, "phone")                        \
    X(CHAT_LID, "chatLid")                   \
    X(SENDER_LID, "senderLid")               \
    X(PARTICIPANT_PHONE, "participantPhone") \
    X(PARTICIPANT_LID, "participantLid")     \
    X(SENDER_NAME, "senderName")             \
    X(FROM_ME, "fromMe")                     \
    X(FROM_API, "fromApi")                   \
    X(IS_GROUP, "isGroup")                   \
    X(IS_EDIT, "isEdit")                     \
    X(IS_STATUS_REPLY, "isStatusReply")      \
    X(WAITING, "waitingMessage")             \
    X(STATUS, "status")                      \
    X(ERROR, "error")                        \
    X(MOMMENT, "momment")                    \
    X(NOTIFICATION, "notification")          \
    X(PARAMETERS, "notificationParameters")  \
    X(AD, "externalAdReply")                 \
    X(RECIPIENTS, "broadcastRecipients")

/* Content: X(identifier, "key", "kind", acts on another message). The order is
 * that of the test: what acts comes before what is new. */
#define CONTENT(X)                                               \
    X(REACTION, "reaction", "reaction", true)                    \
    X(POLL_VOTE, "pollVote", "vote", true)                       \
    X(EVENT_RESPONSE, "eventResponse", "event_response", true)   \
    X(PIN, "pinMessage", "pin", true)                            \
    X(TEXT, "text", "text", false)                               \
    X(IMAGE, "image", "image", false)                            \
    X(AUDIO, "audio", "audio", false)                            \
    X(VIDEO, "video", "video", false)                            \
    X(DOCUMENT, "document", "document", false)                   \
    X(STICKER, "sticker", "sticker", false)                      \
    X(LOCATION, "location", "location", false)                   \
    X(LIVE_LOCATION, "liveLocation", "location", false)          \
    X(CONTACT, "contact", "contact", false)                      \
    X(CONTACTS, "contacts", "contact", false)                    \
    X(PRODUCT, "product", "product", false)                      \
    X(ORDER, "order", "order", false)                            \
    X(POLL, "poll", "poll", false)                               \
    X(EVENT, "event", "event", false)                            \
    X(BUTTON, "buttonsResponseMessage", "choice", false)         \
    X(LIST, "listResponseMessage", "choice", false)              \
    X(TEMPLATE, "hydratedTemplate", "template", false)           \
    X(CAROUSEL, "carouselMessage", "carousel", false)            \
    X(BUTTONS, "buttonsMessage", "buttons", false)               \
    X(PIX, "pixKeyMessage", "pix", false)                        \
    X(PAY_REQUEST, "requestPayment", "payment.requested", false) \
    X(PAY_SENT, "sendPayment", "payment.sent", false)            \
    X(REVIEW_PAY, "reviewAndPay", "review", false)               \
    X(REVIEW_ORDER, "reviewOrder", "review", false)              \
    X(CHANNEL_INVITE, "newsletterAdminInvite", "channel_invite", false)

enum member {
#define X(id, key) M_##id,
    ENVELOPE(X)
#undef X
#define X(id, key, kind, acts) M_##id,
        CONTENT(X)
#undef X
            M_COUNT
};

enum { M_FIRST_CONTENT = M_REACTION };

static const char *const member_keys[] = {
#define X(id, key) key,
    ENVELOPE(X)
#undef X
#define X(id, key, kind, acts) key,
        CONTENT(X)
#undef X
};

static const struct content {
    const char *kind;
    bool acts;
} contents[] = {
#define X(id, key, kind, acts) {kind, acts},
    CONTENT(X)
#undef X
};

struct row { /* a word of Z-API's → a kind */
    const char *word, *kind;
};

static const struct row notifications[] = {
    {"REVOKE", "delete"},
    {"GROUP_CREATE", "group.create"},
    {"GROUP_PARTICIPANT_ADD", "group.join"},
    {"GROUP_PARTICIPANT_INVITE", "group.join"},
    {"GROUP_PARTICIPANT_LEAVE", "group.leave"},
    {"GROUP_PARTICIPANT_REMOVE", "group.leave"},
    {"GROUP_PARTICIPANT_PROMOTE", "group.promote"},
    {"GROUP_PARTICIPANT_DEMOTE", "group.demote"},
    {"MEMBERSHIP_APPROVAL_REQUEST", "group.request"},
    {"REVOKED_MEMBERSHIP_REQUESTS", "group.request_revoked"},
    {"GROUP_SUBJECT", "group.change"},
    {"GROUP_DESCRIPTION", "group.change"},
    {"GROUP_ICON", "group.change"},
    {"GROUP_MEMBER_LINK_PROPERTY_UPDATE", "group.change"},
    {"CALL_VOICE", "call.incoming"},
    {"CALL_VIDEO", "call.incoming"},
    {"CALL_RECEIVED", "call.incoming"},
    {"CALL_MISSED_VOICE", "call.missed"},
    {"CALL_MISSED_VIDEO", "call.missed"},
    {"NEWSLETTER_ADMIN_PROMOTE", "channel.promote"},
    {"NEWSLETTER_ADMIN_DEMOTE", "channel.demote"},
    {"PROFILE_NAME_UPDATED", "profile.name"},
    {"PROFILE_PICTURE_UPDATED", "profile.photo"},
    {"CHAT_LABEL_ASSOCIATION", "chat.label"},
    {"PAYMENT_ACTION_REQUEST_DECLINED", "payment.declined"},
    {NULL, NULL},
};

static const struct row statuses[] = {
    {"SENT", "message.sent"},
    {"RECEIVED", "message.received"},
    {"READ", "message.read"},
    {"PLAYED", "message.played"},
    {"READ_BY_ME", "read_by_me"},
    {"READ-SELF", "read_by_me"},
    {NULL, NULL},
};

static const struct row types[] = {
    {"PresenceChatCallback", "presence"},
    {"ConnectedCallback", "connected"},
    {"DisconnectedCallback", "disconnected"},
    {"ProxyCallback", "proxy.failed"},
    {NULL, NULL},
};

static const char *look_up(const struct row *rows, const char *word)
{
    for (; rows->word; rows++)
        if (strcmp(rows->word, word) == 0)
            return rows->kind;
    return NULL;
}

/* What one ingest works on. */
struct work {
    struct zapi_json_pick m[M_COUNT];
    struct zapi_event *ev;
    char *at; /* where the next string goes, in the event's block */
};

static bool present(const struct work *w, enum member m)
{
    return w->m[m].found && w->m[m].type != ZAPI_JSON_NULL;
}

static bool is_true(const struct work *w, enum member m)
{
    return w->m[m].found && w->m[m].type == ZAPI_JSON_TRUE;
}

/* ---- strings in the event's block ---- */

static char *no_string = (char[1]){""};

/* A NUL inside would cut the string silently: it becomes a space. */
static size_t write_string(const struct zapi_json_pick *p, char *to)
{
    size_t n = zapi_json_unescape(p->raw + 1, p->raw_len - 2, to);
    for (size_t i = 0; i < n; i++)
        if (to[i] == '\0')
            to[i] = ' ';
    return n;
}

/* "" unless it is a string, or a number (ids come as either in the wild). */
static char *string_of(struct work *w, enum member m)
{
    const struct zapi_json_pick *p = &w->m[m];
    char *s = w->at;
    size_t n;
    if (!p->found)
        return no_string;
    if (p->type == ZAPI_JSON_STRING) {
        n = write_string(p, s);
    } else if (p->type == ZAPI_JSON_INTEGER) {
        memcpy(s, p->raw, p->raw_len);
        n = p->raw_len;
    } else {
        return no_string;
    }
    s[n] = '\0';
    w->at += n + 1;
    return s;
}

static char *join(struct work *w, const char *prefix, const char *name)
{
    char *s = w->at;
    size_t a = strlen(prefix), b = strlen(name);
    memcpy(s, prefix, a);
    memcpy(s + a, name, b + 1);
    w->at += a + b + 1;
    return s;
}

/* ---- the name ---- */

static bool is_voice(const struct work *w)
{
    const struct zapi_json_pick *audio = &w->m[M_AUDIO];
    struct zapi_json_pick ptt = {.key = "ptt"};
    return audio->type == ZAPI_JSON_OBJECT &&
           zapi_json_pick(audio->raw, audio->raw_len, &ptt, 1, NULL) &&
           ptt.type == ZAPI_JSON_TRUE;
}

/* The first content member, or -1. */
static int content_of(const struct work *w)
{
    for (int i = M_FIRST_CONTENT; i < M_COUNT; i++)
        if (present(w, (enum member)i))
            return i - M_FIRST_CONTENT;
    return -1;
}

static bool is_message(const char *kind)
{
    return zapi_kind_is(kind, "message") && strcmp(kind, "review") != 0;
}

/* A message's own name, before it is asked whose it is. */
static const char *content_name(const struct work *w, int content)
{
    if (is_true(w, M_IS_STATUS_REPLY))
        return "status_reply";
    if (content == M_TEXT - M_FIRST_CONTENT &&
        w->m[M_AD].type == ZAPI_JSON_OBJECT)
        return "ad";
    if (content == M_AUDIO - M_FIRST_CONTENT && is_voice(w))
        return "voice";
    return contents[content].kind;
}

static const char *received_name(struct work *w, const char *notification)
{
    if (*notification) {
        const char *kind = look_up(notifications, notification);
        if (!kind && strncmp(notification, "GROUP_CHANGE_", 13) == 0)
            kind = "group.change";
        return kind ? kind : "notice";
    }
    int content = content_of(w);
    if (content < 0)
        return is_true(w, M_WAITING)   ? "waiting"
               : is_true(w, M_IS_EDIT) ? "edit"
                                       : "unknown";
    if (contents[content].acts)
        return contents[content].kind;
    if (is_true(w, M_IS_EDIT))
        return "edit";
    if (is_true(w, M_FROM_ME) && w->m[M_RECIPIENTS].type == ZAPI_JSON_ARRAY)
        return "broadcast_list";
    const char *kind = content_name(w, content);
    bool own = is_true(w, M_FROM_ME) && is_message(kind);
    return own ? join(w, "own.", kind) : kind;
}

static bool has_error(const struct work *w)
{
    const struct zapi_json_pick *p = &w->m[M_ERROR];
    return present(w, M_ERROR) && p->type != ZAPI_JSON_FALSE &&
           !(p->type == ZAPI_JSON_STRING && p->raw_len == 2);
}

static const char *name_of(struct work *w)
{
    const char *type = w->ev->type, *kind = NULL;
    if (strcmp(type, "ReceivedCallback") == 0)
        kind = received_name(w, string_of(w, M_NOTIFICATION));
    else if (strcmp(type, "DeliveryCallback") == 0)
        kind = has_error(w) ? "message.failed" : "message.delivered";
    else if (strcmp(type, "MessageStatusCallback") == 0)
        kind = look_up(statuses, string_of(w, M_STATUS));
    else if (*type)
        kind = look_up(types, type);
    else
        kind = "unknown";
    return kind ? kind : join(w, "raw:", type);
}

/* ---- where and who ---- */

/* The first of `ids`, when there is no messageId. */
static char *first_id(struct work *w)
{
    const struct zapi_json_pick *ids = &w->m[M_IDS];
    struct zapi_json_reader r;
    char *s = w->at;
    if (ids->type != ZAPI_JSON_ARRAY)
        return no_string;
    zapi_json_begin(&r, ids->raw, ids->raw_len);
    zapi_json_next(&r);
    if (zapi_json_next(&r) != ZAPI_JSON_STRING)
        return no_string;
    size_t n = zapi_json_unescape(r.str, r.len, s);
    s[n] = '\0';
    w->at += n + 1;
    return s;
}

static char *first_of(char *a, char *b)
{
    return *a ? a : b;
}

static void read_people(struct work *w)
{
    struct zapi_event *ev = w->ev;
    ev->chat = string_of(w, M_PHONE);
    if (!*ev->chat)
        ev->chat = string_of(w, M_CHAT_LID);
    ev->author = ev->chat;
    if (!ev->is_group)
        return;
    ev->author = first_of(string_of(w, M_PARTICIPANT_PHONE),
                          string_of(w, M_PARTICIPANT_LID));
    if (!*ev->author)
        ev->author = string_of(w, M_SENDER_LID);
}

/* ---- identity ---- */

struct hash {
    uint64_t a, b;
};

static uint64_t rotl(uint64_t v, int n)
{
    return (v << n) | (v >> (64 - n));
}

/* Two lanes with different odd constants, each fed with the other. The result
 * is kept on disk a week: never change it. */
static void mix(struct hash *h, uint64_t v)
{
    h->a = rotl(h->a ^ (v * UINT64_C(0x9e3779b97f4a7c15)), 29) *
               UINT64_C(0xbf58476d1ce4e5b9) +
           h->b;
    h->b =
        rotl(h->b + (v ^ rotl(h->a, 32)), 37) * UINT64_C(0x94d049bb133111eb) ^
        h->a;
}

static void mix_bytes(struct hash *h, const char *p, size_t n)
{
    mix(h, n); /* "ab","c" is not "a","bc" */
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = 0;
        for (size_t k = 0; k < 8 && i + k < n; k++)
            v |= (uint64_t)(unsigned char)p[i + k] << (8 * k);
        mix(h, v);
    }
}

static void mix_raw(struct hash *h, const struct work *w, enum member m)
{
    if (present(w, m))
        mix_bytes(h, w->m[m].raw, w->m[m].raw_len);
    else
        mix(h, 0);
}

static uint64_t avalanche(uint64_t v)
{
    v = (v ^ (v >> 31)) * UINT64_C(0x7fb5d329728ea185);
    v = (v ^ (v >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
    return v ^ (v >> 33);
}

/* Does the same id come again for different news? */
static bool needs_moment(const struct work *w)
{
    return is_true(w, M_IS_EDIT) || present(w, M_REACTION) ||
           present(w, M_POLL_VOTE) || present(w, M_EVENT_RESPONSE);
}

static void make_key(const struct work *w)
{
    static const enum member always[] = {
        M_INSTANCE, M_MESSAGE, M_IDS, M_ERROR, M_NOTIFICATION, M_PARAMETERS};
    struct zapi_event *ev = w->ev;
    bool id = present(w, M_MESSAGE) || present(w, M_IDS);
    bool moment = present(w, M_MOMMENT);
    struct hash h = {UINT64_C(0x7a6170692e6b6579), 1};

    if (!ev->keep || (!id && !moment && !present(w, M_ZAAP)))
        return; /* nothing tells a repetition from news */
    mix_bytes(&h, ev->type, strlen(ev->type));
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        mix_raw(&h, w, always[i]);
    if (!id)
        mix_raw(&h, w, M_ZAAP);
    mix(&h, is_true(w, M_IS_EDIT) + 2u * is_true(w, M_WAITING));
    if (strcmp(ev->type, "MessageStatusCallback") == 0)
        mix_raw(&h, w, M_STATUS);
    if (!id || needs_moment(w)) {
        mix_raw(&h, w, M_MOMMENT);
        mix_bytes(&h, ev->author, strlen(ev->author));
    }
    ev->key[0] = avalanche(h.a ^ rotl(h.b, 23));
    ev->key[1] = avalanche(h.b + ev->key[0]) | 1; /* 0,0 means none */
}

/* ---- all of it ---- */

/* Room for every string that may be copied, their NULs, and one name with a
 * prefix ("raw:" before the type). */
static size_t strings_room(const struct work *w)
{
    size_t n = 64 + w->m[M_TYPE].raw_len;
    for (int i = 0; i < M_FIRST_CONTENT; i++)
        if (w->m[i].found)
            n += w->m[i].raw_len + 1;
    return n;
}

/* Bodies of 4 GiB do not get here: base/buf.h. */
static void note_said(struct work *w)
{
    static const enum member members[ZAPI_SAID_COUNT] = {
#define X(id, key) M_##id,
        ZAPI_EVENT_SAID(X)
#undef X
    };
    for (int i = 0; i < ZAPI_SAID_COUNT; i++) {
        const struct zapi_json_pick *p = &w->m[members[i]];
        if (p->found)
            w->ev->said[i] = (struct zapi_event_span){
                (uint32_t)(p->raw - w->ev->body), (uint32_t)p->raw_len};
    }
}

static void fill(struct work *w)
{
    struct zapi_event *ev = w->ev;
    note_said(w);
    ev->received_at = zapi_clock_now();
    ev->from_me = is_true(w, M_FROM_ME);
    ev->from_api = is_true(w, M_FROM_API);
    ev->is_group = is_true(w, M_IS_GROUP);
    ev->instance = string_of(w, M_INSTANCE);
    ev->type = string_of(w, M_TYPE);
    ev->message_id = string_of(w, M_MESSAGE);
    if (!*ev->message_id)
        ev->message_id = first_id(w);
    ev->kind = (char *)(uintptr_t)name_of(w);
    ev->keep = strcmp(ev->kind, "presence") != 0;
    read_people(w);
    make_key(w);
}

static void complain(const char *body, size_t len, const char *why,
                     struct zapi_error *error)
{
    size_t offset = 0;
    const char *text = NULL;
    if (zapi_json_valid(body, len, &text, &offset))
        zapi_error_set(error, ZAPI_E_BAD_JSON, "%s",
                       why ? why : "not an object");
    else
        zapi_error_set(error, ZAPI_E_BAD_JSON, "not JSON: %s at byte %zu",
                       text ? text : "broken", offset);
}

struct zapi_event *zapi_ingest(char *body, size_t len, struct zapi_error *error)
{
    struct work w;
    const char *why = NULL;

    for (int i = 0; i < M_COUNT; i++)
        w.m[i].key = member_keys[i];
    if (!zapi_json_pick(body ? body : "", len, w.m, M_COUNT, &why)) {
        complain(body ? body : "", len, why, error);
        free(body);
        return NULL;
    }
    w.ev = malloc(sizeof *w.ev + strings_room(&w));
    if (!w.ev) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for an event");
        free(body);
        return NULL;
    }
    *w.ev = (struct zapi_event){.body = body, .body_len = len};
    w.at = (char *)(w.ev + 1);
    fill(&w);
    return w.ev;
}

/* ---- our own events ---- */

static char *put(char **at, const char *s)
{
    char *to = *at;
    size_t n = strlen(s) + 1;
    memcpy(to, s, n);
    *at += n;
    return to;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static void own_key(struct zapi_event *ev, const char *key)
{
    struct hash h = {UINT64_C(0x7a6170692e6f776e), 2};
    if (!*key)
        return;
    mix_bytes(&h, ev->kind, strlen(ev->kind));
    mix_bytes(&h, key, strlen(key));
    ev->key[0] = avalanche(h.a ^ rotl(h.b, 23));
    ev->key[1] = avalanche(h.b + ev->key[0]) | 1;
}

struct zapi_event *zapi_ingest_own(const struct zapi_own_event *own,
                                   struct zapi_error *error)
{
    const char *chat = or_empty(own->chat), *key = or_empty(own->key);
    const char *instance = or_empty(own->instance);
    const char *type = or_empty(own->type);
    size_t len = strlen(own->body);
    const char *why = NULL;
    size_t offset = 0;
    if (!zapi_json_valid(own->body, len, &why, &offset)) {
        zapi_error_set(error, ZAPI_E_BAD_JSON, "not JSON: %s", why);
        return NULL;
    }
    struct zapi_event *ev =
        malloc(sizeof *ev + strlen(own->kind) + strlen(chat) +
               strlen(instance) + strlen(key) + strlen(type) + 8);
    char *body = malloc(len + 1);
    if (!ev || !body) {
        free(ev);
        free(body);
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for an event");
        return NULL;
    }
    memcpy(body, own->body, len + 1);
    *ev = (struct zapi_event){.body = body, .body_len = len, .keep = true};
    char *at = (char *)(ev + 1);
    ev->kind = put(&at, own->kind);
    ev->chat = ev->author = put(&at, chat);
    ev->instance = put(&at, instance);
    ev->message_id = put(&at, key);
    ev->type = put(&at, type);
    ev->received_at = zapi_clock_now();
    own_key(ev, key);
    return ev;
}
