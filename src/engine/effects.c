/* SPDX-License-Identifier: MIT
 *
 * One function per type of callback. What it needs of a message the ingest has
 * noted (zapi_event.said); of the others each looks once through the body.
 * Nothing is kept but what people, sends and guard keep themselves. Start
 * reading at zapi_effects_apply.
 */
#include "engine/effects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "base/json.h"
#include "base/log.h"

#define ECHO_MAX ((size_t)256 << 10) /* longer texts are no proof of a send */

struct zapi_effects {
    struct zapi_effects_config config;
    struct zapi_buf text; /* of the echo in hand */
};

/* ---- strings ---- */

/* "" unless it is a string of fewer than `room` bytes; ends at a NUL. */
static const char *string(const struct zapi_json_pick *p, char *out,
                          size_t room)
{
    size_t n = 0;
    if (p->found && p->type == ZAPI_JSON_STRING && p->raw_len - 2 < room)
        n = zapi_json_unescape(p->raw + 1, p->raw_len - 2, out);
    out[n] = '\0';
    return out;
}

static bool pick(const struct zapi_event *ev, struct zapi_json_pick *picks,
                 size_t n)
{
    return zapi_json_pick(ev->body, ev->body_len, picks, n, NULL);
}

/* Digits as they come or a "…@lid"; a lid may come without its end. */
static const char *lid_of(const struct zapi_json_pick *p, char out[80])
{
    const char *s = string(p, out, 64);
    size_t n = strlen(s);
    if (n > 0 && strspn(s, "0123456789") == n)
        memcpy(out + n, "@lid", sizeof "@lid");
    return out;
}

static bool is_lid(const char *id)
{
    size_t n = strlen(id);
    return n > 4 && strcmp(id + n - 4, "@lid") == 0;
}

static bool is_number(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && strspn(id, "0123456789") == n;
}

/* ---- people ---- */

/* Merges are told by the people themselves (zapi_people_watch), as they may
 * also come from elsewhere. */
static void learn(const struct zapi_effects *e, struct zapi_sql *sql,
                  const char *phone, const char *lid, const char *name)
{
    zapi_people_learn(e->config.people, sql, phone, lid, name, true, NULL);
}

static void learn_received(const struct zapi_effects *e, struct zapi_sql *sql,
                           const struct zapi_event *ev,
                           const struct zapi_json_pick *m)
{
    char phone[80], lid[80], name[512];
    string(&m[ZAPI_SAID_SENDER_NAME], name, sizeof name);
    if (ev->is_group) {
        learn(e, sql,
              string(&m[ZAPI_SAID_PARTICIPANT_PHONE], phone, sizeof phone),
              lid_of(&m[ZAPI_SAID_PARTICIPANT_LID], lid), name);
        return;
    }
    bool by_number = is_number(ev->chat);
    if (!by_number && !is_lid(ev->chat))
        return; /* a channel or a list: participants are not the chat */
    lid_of(&m[ZAPI_SAID_CHAT_LID], lid);
    if (!*lid && !ev->from_me)
        lid_of(&m[ZAPI_SAID_SENDER_LID], lid);
    if (!by_number)
        snprintf(lid, sizeof lid, "%.64s", ev->chat);
    learn(e, sql, by_number ? ev->chat : NULL, lid, ev->from_me ? NULL : name);
}

/* ---- order ---- */

static void set_order(const struct zapi_effects *e, struct zapi_event *ev)
{
    struct zapi_person who;
    if (!*ev->chat)
        return;
    zapi_people_find(e->config.people, ev->chat, &who);
    memcpy(ev->order, who.key, sizeof ev->order);
}

/* What an instance says of itself stands in one row. */
static void set_instance_order(struct zapi_event *ev)
{
    size_t n = strlen(ev->instance);
    if (n > sizeof ev->order - 2)
        n = sizeof ev->order - 2;
    ev->order[0] = '#';
    memcpy(ev->order + 1, ev->instance, n);
    ev->order[n + 1] = '\0';
}

/* ---- what was received ---- */

static bool member(const struct zapi_json_pick *part, const char *key,
                   struct zapi_buf *out)
{
    struct zapi_json_pick p = {.key = key};
    return part->type == ZAPI_JSON_OBJECT &&
           zapi_json_pick(part->raw, part->raw_len, &p, 1, NULL) &&
           p.type == ZAPI_JSON_STRING && p.raw_len > 2 &&
           zapi_json_pick_str(&p, out);
}

/* An own message that came back: what we sent has arrived there. */
static void apply_echo(struct zapi_effects *e, struct zapi_sql *sql,
                       const struct zapi_event *ev,
                       const struct zapi_json_pick *m)
{
    zapi_buf_reset(&e->text);
    if (!member(&m[ZAPI_SAID_TEXT], "message", &e->text) &&
        !member(&m[ZAPI_SAID_IMAGE], "caption", &e->text) &&
        !member(&m[ZAPI_SAID_VIDEO], "caption", &e->text))
        member(&m[ZAPI_SAID_DOCUMENT], "caption", &e->text);
    zapi_sends_apply_echo(
        e->config.sends, sql, ev->instance, ev->order, ev->message_id,
        e->text.failed ? "" : zapi_buf_str(&e->text), ev->received_at);
}

/* What the ingest has found. The first byte tells the type. */
static void read_said(const struct zapi_event *ev,
                      struct zapi_json_pick m[ZAPI_SAID_COUNT])
{
    for (int i = 0; i < ZAPI_SAID_COUNT; i++) {
        const char *raw = ev->body + ev->said[i].at;
        bool found = ev->said[i].len > 0;
        m[i] = (struct zapi_json_pick){
            .found = found,
            .type = !found        ? ZAPI_JSON_NULL
                    : *raw == '"' ? ZAPI_JSON_STRING
                    : *raw == '{' ? ZAPI_JSON_OBJECT
                                  : ZAPI_JSON_FALSE, /* no matter which */
            .raw = raw,
            .raw_len = ev->said[i].len,
        };
    }
}

static void apply_received(struct zapi_effects *e, struct zapi_sql *sql,
                           struct zapi_event *ev)
{
    struct zapi_json_pick m[ZAPI_SAID_COUNT];
    char notification[64];
    read_said(ev, m);
    learn_received(e, sql, ev, m);
    set_order(e, ev);
    string(&m[ZAPI_SAID_NOTIFICATION], notification, sizeof notification);
    bool wrote = !ev->from_me && !*notification;
    if (wrote && *ev->order)
        zapi_guard_heard(e->config.guard, ev->instance, ev->order,
                         ev->received_at);
    if (sql && e->config.sends && ev->from_me && ev->from_api)
        apply_echo(e, sql, ev, m);
}

/* ---- receipts ---- */

static bool state_of(const char *kind, enum zapi_send_state *out)
{
    static const struct {
        const char *kind;
        enum zapi_send_state state;
    } states[] = {{"message.sent", ZAPI_SEND_SENT},
                  {"message.received", ZAPI_SEND_RECEIVED},
                  {"message.read", ZAPI_SEND_READ},
                  {"message.played", ZAPI_SEND_PLAYED}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].kind, kind) == 0) {
            *out = states[i].state;
            return true;
        }
    return false; /* the account itself read something */
}

static void apply_status(const struct zapi_effects *e, struct zapi_sql *sql,
                         const struct zapi_event *ev)
{
    struct zapi_json_pick ids = {.key = "ids"};
    struct zapi_json_reader r;
    enum zapi_send_state state;
    enum zapi_json_token t;
    char id[256];
    if (!state_of(ev->kind, &state) || !pick(ev, &ids, 1))
        return;
    if (ids.type != ZAPI_JSON_ARRAY) {
        if (*ev->message_id)
            zapi_sends_apply_status(e->config.sends, sql, ev->message_id, state,
                                    ev->received_at);
        return;
    }
    zapi_json_begin(&r, ids.raw, ids.raw_len);
    zapi_json_next(&r);
    while ((t = zapi_json_next(&r)) > ZAPI_JSON_END) {
        if (t != ZAPI_JSON_STRING || r.len >= sizeof id)
            continue;
        id[zapi_json_unescape(r.str, r.len, id)] = '\0';
        zapi_sends_apply_status(e->config.sends, sql, id, state,
                                ev->received_at);
    }
}

static void note_ban(const struct zapi_effects *e, const struct zapi_event *ev)
{
    double until = ev->received_at + ZAPI_SHADOW_BAN_SECONDS;
    double before = zapi_guard_banned_until(e->config.guard, ev->instance);
    if (before < ev->received_at)
        zapi_err("SHADOW_BAN on instance %.8s…: WhatsApp holds its messages "
                 "back. Messages to people who did not write first stop for a "
                 "day; answers go on. Do not reconnect the instance",
                 ev->instance);
    zapi_guard_shadow_ban(e->config.guard, ev->instance, until);
}

static void apply_failure(const struct zapi_effects *e, struct zapi_sql *sql,
                          const struct zapi_event *ev)
{
    struct zapi_json_pick m[] = {{.key = "error"}, {.key = "errorCode"}};
    char text[1024], code[64];
    if (!pick(ev, m, 2))
        return;
    string(&m[0], text, sizeof text);
    string(&m[1], code, sizeof code);
    const char *kind =
        zapi_reply_delivery_kind(text, strlen(text), code, strlen(code));
    if (strcmp(kind, "whatsapp.shadow_ban") == 0)
        note_ban(e, ev);
    if (sql && e->config.sends && *ev->message_id)
        zapi_sends_apply_failure(e->config.sends, sql, ev->message_id, kind,
                                 text, ev->received_at);
}

static void apply_delivery(const struct zapi_effects *e, struct zapi_sql *sql,
                           const struct zapi_event *ev)
{
    if (strcmp(ev->kind, "message.failed") == 0)
        apply_failure(e, sql, ev);
    else if (sql && e->config.sends && *ev->message_id)
        zapi_sends_apply_status(e->config.sends, sql, ev->message_id,
                                ZAPI_SEND_SENT, ev->received_at);
}

/* ---- all ---- */

void zapi_effects_apply(struct zapi_effects *e, struct zapi_sql *sql,
                        struct zapi_event *ev)
{
    const char *type = ev->type;
    ev->order[0] = '\0';
    if (!ev->keep)
        return; /* presence */
    if (strcmp(type, "ReceivedCallback") == 0) {
        apply_received(e, sql, ev);
    } else if (strcmp(type, "MessageStatusCallback") == 0) {
        if (sql && e->config.sends)
            apply_status(e, sql, ev);
    } else if (strcmp(type, "DeliveryCallback") == 0) {
        apply_delivery(e, sql, ev);
    } else if (strcmp(type, "ConnectedCallback") == 0 ||
               strcmp(type, "DisconnectedCallback") == 0 ||
               strcmp(type, "ProxyCallback") == 0) {
        set_instance_order(ev);
    } else {
        set_order(e, ev);
    }
}

struct zapi_effects *zapi_effects_new(const struct zapi_effects_config *config)
{
    struct zapi_effects *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->config = *config;
    zapi_buf_init(&e->text, ECHO_MAX);
    zapi_people_watch(config->people, config->merged, config->arg);
    return e;
}

void zapi_effects_delete(struct zapi_effects *e)
{
    if (!e)
        return;
    zapi_buf_free(&e->text);
    free(e);
}
