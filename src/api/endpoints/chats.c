/* SPDX-License-Identifier: MIT
 *
 * Endpoints: chats: list, read, archive, pin, mute, clear, expiration.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- list_chats ---- */

static const struct zapi_field list_chats_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "1",
     .doc = "page number"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "20",
     .doc = "chats per page"},
    {.name = NULL},
};

static const struct zapi_field notes[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "note id"},
    {.name = "content", .type = ZAPI_STRING, .doc = "note text"},
    {.name = "createdAt", .type = ZAPI_NUMBER, .doc = "creation, unix ms"},
    {.name = "lastUpdateAt",
     .type = ZAPI_NUMBER,
     .doc = "last change, unix ms"},
    {.name = NULL},
};

static const struct zapi_field list_chats_reply[] = {
    {.name = "archived",
     .doc =
         "chat is archived; boolean in the table, quoted string in the sample"},
    {.name = "pinned",
     .doc =
         "chat is pinned; boolean in the table, quoted string in the sample"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .doc = "chat id"},
    {.name = "unread",
     .type = ZAPI_STRING,
     .doc = "count of unread messages, as text"},
    {.name = "name", .type = ZAPI_STRING, .doc = "chat name"},
    {.name = "lastMessageTime",
     .type = ZAPI_STRING,
     .doc = "last interaction, timestamp as text"},
    {.name = "muteEndTime",
     .doc = "when the mute ends, -1 = never; string in the table, number in "
            "the sample"},
    {.name = "isMuted",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("0", "1"),
     .doc = "'0' or '1'"},
    {.name = "isMarkedSpam",
     .doc =
         "marked as spam; boolean in the table, quoted string in the sample"},
    {.name = "profileThumbnail",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "picture link, gone after 48 h; may be null"},
    {.name = "isGroupAnnouncement",
     .type = ZAPI_BOOLEAN,
     .doc = "announcement group"},
    {.name = "isGroup", .type = ZAPI_BOOLEAN, .doc = "chat is a group"},
    {.name = "notes",
     .type = ZAPI_OBJECT,
     .fields = notes,
     .doc = "chat note; Business accounts only"},
    {.name = "messagesUnread", .type = ZAPI_INTEGER, .doc = "discontinued"},
    {.name = NULL},
};

/* ---- list_chat_messages ---- */

static const struct zapi_field list_chat_messages_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat number with country code, digits only"},
    {.name = "amount",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .required = true,
     .doc = "how many messages; 10 at a time is advised"},
    {.name = "lastMessageId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the last message fetched before"},
    {.name = NULL},
};

static const struct zapi_field list_chat_messages_reply_text[] = {
    {.name = "message", .type = ZAPI_STRING},
    {.name = "url", .type = ZAPI_STRING, .format = ZAPI_FORMAT_URL},
    {.name = "urlDescription", .type = ZAPI_STRING},
    {.name = "urlTitle", .type = ZAPI_STRING},
    {.name = "isCatalog", .type = ZAPI_BOOLEAN},
    {.name = NULL},
};

static const struct zapi_field list_chat_messages_reply_image[] = {
    {.name = "mimeType", .type = ZAPI_STRING},
    {.name = "imageUrl", .type = ZAPI_STRING, .format = ZAPI_FORMAT_URL},
    {.name = "thumbnailUrl", .type = ZAPI_STRING, .format = ZAPI_FORMAT_URL},
    {.name = "caption", .type = ZAPI_STRING},
    {.name = NULL},
};

static const struct zapi_field list_chat_messages_reply_document[] = {
    {.name = "documentUrl", .type = ZAPI_STRING, .format = ZAPI_FORMAT_URL},
    {.name = "mimeType", .type = ZAPI_STRING},
    {.name = "title", .type = ZAPI_STRING},
    {.name = "pageCount", .type = ZAPI_INTEGER},
    {.name = "fileName", .type = ZAPI_STRING},
    {.name = NULL},
};

static const struct zapi_field list_chat_messages_reply_contact[] = {
    {.name = "displayName", .type = ZAPI_STRING},
    {.name = "vCard", .type = ZAPI_STRING},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE)},
    {.name = NULL},
};

static const struct zapi_field list_chat_messages_reply[] = {
    {.name = "instanceId", .type = ZAPI_STRING, .doc = "instance id"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "message id"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .doc = "chat id"},
    {.name = "fromMe", .type = ZAPI_BOOLEAN, .doc = "sent by the instance"},
    {.name = "momment", .type = ZAPI_NUMBER, .doc = "time, unix ms (spelt so)"},
    {.name = "status", .type = ZAPI_STRING, .doc = "message state"},
    {.name = "chatName", .type = ZAPI_STRING, .doc = "chat name"},
    {.name = "senderPhoto",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "sender picture"},
    {.name = "senderName", .type = ZAPI_STRING, .doc = "sender name"},
    {.name = "participantPhone",
     .type = ZAPI_STRING,
     .doc = "group member who wrote; null outside groups"},
    {.name = "participantLid",
     .type = ZAPI_STRING,
     .doc = "lid of the group member; only in the English sample"},
    {.name = "photo",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "chat picture"},
    {.name = "broadcast",
     .type = ZAPI_BOOLEAN,
     .doc = "came from a broadcast list"},
    {.name = "text",
     .type = ZAPI_OBJECT,
     .fields = list_chat_messages_reply_text,
     .doc = "text or link message"},
    {.name = "image",
     .type = ZAPI_OBJECT,
     .fields = list_chat_messages_reply_image,
     .doc = "image message"},
    {.name = "document",
     .type = ZAPI_OBJECT,
     .fields = list_chat_messages_reply_document,
     .doc = "document message"},
    {.name = "contact",
     .type = ZAPI_OBJECT,
     .fields = list_chat_messages_reply_contact,
     .doc = "contact message"},
    {.name = NULL},
};

/* ---- get_chat ---- */

static const struct zapi_field get_chat_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat number with country code; docs speak of digits only, the "
            "reply also covers groups"},
    {.name = NULL},
};

static const struct zapi_field get_chat_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .doc = "chat id"},
    {.name = "unread",
     .type = ZAPI_STRING,
     .doc = "count of unread messages, as text"},
    {.name = "lastMessageTime",
     .type = ZAPI_STRING,
     .doc = "last interaction, timestamp as text"},
    {.name = "isMuted",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("0", "1"),
     .doc = "'0' or '1'"},
    {.name = "isMarkedSpam",
     .doc =
         "marked as spam; boolean in the table, quoted string in the sample"},
    {.name = "profileThumbnail",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "picture link, gone after 48 h"},
    {.name = "isGroupAnnouncement",
     .type = ZAPI_BOOLEAN,
     .doc = "announcement group"},
    {.name = "isGroup", .type = ZAPI_BOOLEAN, .doc = "chat is a group"},
    {.name = "notes",
     .type = ZAPI_OBJECT,
     .fields = notes,
     .doc = "chat note; Business accounts only"},
    {.name = "messagesUnread", .type = ZAPI_INTEGER, .doc = "discontinued"},
    {.name = "about", .type = ZAPI_STRING, .doc = "profile about text"},
    {.name = NULL},
};

/* ---- modify_chat ---- */

static const struct zapi_field modify_chat_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat to change"},
    {.name = "action",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("read", "unread", "archive", "unarchive", "pin",
                         "unpin", "mute", "unmute", "clear", "delete"),
     .doc = "what to do with the chat"},
    {.name = NULL},
};

/* ---- send_chat_expiration ---- */

static const struct zapi_field send_chat_expiration_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat to change"},
    {.name = "chatExpiration",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("24_HOURS", "7_DAYS", "90_DAYS", "OFF"),
     .doc = "lifetime of messages"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_chats_rows[] = {
    {
        .name = "list_chats",
        .section = "chats",
        .method = ZAPI_GET,
        .path = "/chats",
        .params = list_chats_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_chats_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "archived" : "false",
            "pinned" : "true",
            "messagesUnread" : 0,
            "phone" : "5511999990001",
            "unread" : "2",
            "name" : "Ana Lima",
            "lastMessageTime" : "1735689600",
            "muteEndTime" : 1735776000000,
            "isMuted" : "1",
            "isMarkedSpam" : "false",
            "isGroupAnnouncement" : false,
            "isGroup" : false,
            "notes" : {
                "id" : "note-0001",
                "content" : "call back on Monday",
                "createdAt" : 1735689600000,
                "lastUpdateAt" : 1735689600000
            }
        } ]),
        .params_example = ZAPI_JSON({"page" : 1, "pageSize" : 20}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_PAGE,
        .limits = ZAPI_WORDS("notes come from Business accounts only",
                             "picture links are deleted by WhatsApp after 48 h",
                             "messagesUnread is discontinued"),
        .summary = "List the chats, page by page.",
        .doc = "chats/get-chats",
    },
    {
        .name = "list_chat_messages",
        .section = "chats",
        .method = ZAPI_GET,
        .path = "/chat-messages/{phone}",
        .params = list_chat_messages_params,
        .reply =
            ZAPI_ROW(.type = ZAPI_ARRAY,
                     .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                       .fields = list_chat_messages_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "instanceId" : "INSTANCE0001",
            "messageId" : "MSG0001",
            "phone" : "5511999990001",
            "fromMe" : false,
            "momment" : 1735689600000,
            "status" : "RECEIVED",
            "chatName" : "Ana Lima",
            "senderPhoto" : "https://example.com/ana.jpg",
            "senderName" : "Ana Lima",
            "participantPhone" : null,
            "photo" : "https://example.com/ana.jpg",
            "broadcast" : false,
            "text" : {"message" : "good morning"}
        } ]),
        .params_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "amount" : 10,
            "lastMessageId" : "MSG0000"
        }),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("not available on the multi-device version (messages "
                       "are not stored; use the received webhook instead)",
                       "amount: about 10 per call is advised",
                       "the reply's fields depend on the message type; the "
                       "docs show text, image, document, contact and link"),
        .summary =
            "Return messages of one chat (old single-device version only).",
        .doc = "chats/get-message-chats",
    },
    {
        .name = "get_chat",
        .section = "chats",
        .method = ZAPI_GET,
        .path = "/chats/{phone}",
        .params = get_chat_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_chat_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "unread" : "0",
            "lastMessageTime" : "1735689600",
            "isMuted" : "0",
            "isMarkedSpam" : "false",
            "profileThumbnail" : "https://example.com/ana.jpg",
            "messagesUnread" : 0,
            "about" : "available",
            "isGroupAnnouncement" : false,
            "isGroup" : false,
            "notes" : {
                "id" : "note-0001",
                "content" : "call back on Monday",
                "createdAt" : 1735689600000,
                "lastUpdateAt" : 1735689600000
            }
        }),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("notes come from Business accounts only",
                             "picture links are deleted by WhatsApp after 48 h",
                             "messagesUnread is discontinued"),
        .summary = "Return the details of one chat.",
        .doc = "chats/get-metadata-chat",
    },
    {
        .name = "modify_chat",
        .section = "chats",
        .method = ZAPI_POST,
        .path = "/modify-chat",
        .params = modify_chat_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"phone" : "5511999990001", "action" : "archive"}),
        .limits = ZAPI_WORDS(
            "one action per call",
            "read, archive, pin, mute and their opposites can be repeated; "
            "clear and delete also remove what came in meanwhile",
            "not available for channels (@newsletter)"),
        .summary = "Mark, archive, pin, mute, clear or delete a chat.",
        .doc = "chats/read-chat",
    },
    {
        .name = "send_chat_expiration",
        .section = "chats",
        .method = ZAPI_POST,
        .path = "/send-chat-expiration",
        .params = send_chat_expiration_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"phone" : "5511999990001", "chatExpiration" : "7_DAYS"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("not available for channels (@newsletter)"),
        .summary = "Set how long messages of one chat live.",
        .doc = "chats/chat-expiration",
    },
};
const size_t zapi_chats_count =
    sizeof zapi_chats_rows / sizeof *zapi_chats_rows;
