/* SPDX-License-Identifier: MIT
 *
 * An event on its way from the door to a handler: the envelope, read once in
 * C, and the body as it came. This is also what a row of the inbox holds.
 */
#ifndef ZAPI_STORE_EVENT_H
#define ZAPI_STORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZAPI_ORDER_MAX 80

/* X(identifier, "key"): members of a message's body that whoever stores it looks
 * at once more. */
#define ZAPI_EVENT_SAID(X)                   \
    X(CHAT_LID, "chatLid")                   \
    X(SENDER_LID, "senderLid")               \
    X(PARTICIPANT_PHONE, "participantPhone") \
    X(PARTICIPANT_LID, "participantLid")     \
    X(SENDER_NAME, "senderName")             \
    X(NOTIFICATION, "notification")          \
    X(TEXT, "text")                          \
    X(IMAGE, "image")                        \
    X(VIDEO, "video")                        \
    X(DOCUMENT, "document")

enum zapi_event_said {
#define X(id, key) ZAPI_SAID_##id,
    ZAPI_EVENT_SAID(X)
#undef X
        ZAPI_SAID_COUNT
};

/* A value's text in the body; len 0: there is none. */
struct zapi_event_span {
    uint32_t at, len;
};

struct zapi_sql;

/* What is changed in the transaction that stores an event: `apply` runs first,
 * as often as a job's (sql NULL: in memory). false: it failed, and nothing is
 * stored. *stands false: there is no such event any more (a timer was
 * cancelled), which is answered like a duplicate. */
struct zapi_event_part {
    bool (*apply)(struct zapi_event_part *part, struct zapi_sql *sql,
                  bool *stands);
    void (*release)(struct zapi_event_part *part); /* any thread */
};

/* The envelope. Strings live and die with the event (one block; kind may be
 * static); "" when absent, UTF-8. zapi_ingest makes events of webhooks,
 * zapi_inbox_load of rows. */
struct zapi_event {
    uint64_t seq;       /* given by the inbox, grows */
    double received_at; /* Unix seconds */
    char *instance;     /* instanceId */
    char *type;         /* "ReceivedCallback" */
    char *kind;         /* name in scripts: "text", "own.image", "raw:XYZ" */
    char *message_id;   /* messageId, or the first of ids */
    char *chat;         /* where it happened: phone, group, lid … */
    char *author;       /* who: participant in a group, else the chat */
    char *body;         /* the JSON text, valid by base/json */
    size_t body_len;
    /* Of a webhook that was just read. */
    struct zapi_event_span said[ZAPI_SAID_COUNT];
    uint64_t key[2]; /* 128-bit identity for dropping duplicates; 0,0: none */
    bool from_me, from_api, is_group;
    bool keep; /* false: presence, never stored */
    /* Who is kept in order: the contact's key (store/people.h), set when the
     * event is stored; "" before. */
    char order[ZAPI_ORDER_MAX];
    struct zapi_event_part *part; /* owned; NULL for most */
    unsigned refs; /* loop thread: deliveries in memory that hold it */
    bool only;     /* one delivery is left of it: whose end removes the row; set
                      by the inbox when it stores or loads the event */
};

void zapi_event_free(struct zapi_event *ev);

#endif
