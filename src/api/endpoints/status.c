/* SPDX-License-Identifier: MIT
 *
 * Endpoints: status (stories) posts.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- send_text_status ---- */

static const struct zapi_field send_text_status_params[] = {
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the status"},
    {.name = NULL},
};

static const struct zapi_field status_reply[] = {
    {.name = "zaapId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the queued message inside Z-API"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "WhatsApp id of the message"},
    {.name = NULL},
};

/* ---- send_image_status ---- */

static const struct zapi_field send_image_status_params[] = {
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "picture URL or data: URI"},
    {.name = "caption",
     .type = ZAPI_STRING,
     .doc = "text shown with the picture"},
    {.name = NULL},
};

/* ---- send_video_status ---- */

static const struct zapi_field send_video_status_params[] = {
    {.name = "video",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "video URL or data: URI"},
    {.name = "caption",
     .type = ZAPI_STRING,
     .doc = "text shown with the video"},
    {.name = NULL},
};

/* ---- reply_status_text ---- */

static const struct zapi_field reply_status_text_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number of the person who posted the status"},
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the reply"},
    {.name = "statusMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the status message, from the receive webhook"},
    {.name = NULL},
};

/* ---- reply_status_gif ---- */

static const struct zapi_field reply_status_gif_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number of the person who posted the status"},
    {.name = "gif",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "address of an mp4 file; only links are documented here"},
    {.name = "statusMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the status message, from the receive webhook"},
    {.name = NULL},
};

/* ---- reply_status_sticker ---- */

static const struct zapi_field reply_status_sticker_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number of the person who posted the status"},
    {.name = "sticker",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "sticker URL or data: URI"},
    {.name = "statusMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the status message, from the receive webhook"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_status_rows[] = {
    {
        .name = "send_text_status",
        .section = "status",
        .method = ZAPI_POST,
        .path = "/send-text-status",
        .params = send_text_status_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = status_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "zaapId" : "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
            "messageId" : "3EB0A1B2C3D4E5F60718"
        }),
        .success_when = ZAPI_WORDS("messageId", "zaapId"),
        .request_example = ZAPI_JSON({"message" : "Open until 22h today"}),
        .limits = ZAPI_WORDS("a status disappears after 24 hours"),
        .summary = "Post a text to your status.",
        .doc = "status/send-text-status",
    },
    {
        .name = "send_image_status",
        .section = "status",
        .method = ZAPI_POST,
        .path = "/send-image-status",
        .params = send_image_status_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = status_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "zaapId" : "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
            "messageId" : "3EB0A1B2C3D4E5F60718"
        }),
        .success_when = ZAPI_WORDS("messageId", "zaapId"),
        .request_example = ZAPI_JSON({
            "image" : "https://example.com/files/photo.png",
            "caption" : "New arrivals"
        }),
        .limits = ZAPI_WORDS("a status disappears after 24 hours"),
        .summary = "Post a picture to your status.",
        .doc = "status/send-image-status",
    },
    {
        .name = "send_video_status",
        .section = "status",
        .method = ZAPI_POST,
        .path = "/send-video-status",
        .params = send_video_status_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = status_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "zaapId" : "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
            "messageId" : "3EB0A1B2C3D4E5F60718"
        }),
        .success_when = ZAPI_WORDS("messageId", "zaapId"),
        .request_example = ZAPI_JSON({
            "video" : "https://example.com/files/tour.mp4",
            "caption" : "Store tour"
        }),
        .limits =
            ZAPI_WORDS("a status disappears after 24 hours", "at most 10 MB"),
        .summary = "Post a video to your status.",
        .doc = "status/send-video-status",
    },
    {
        .name = "reply_status_text",
        .section = "status",
        .method = ZAPI_POST,
        .path = "/reply-status-text",
        .params = reply_status_text_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "Lovely place!",
            "statusMessageId" : "A5B4C3D2E1F00F1E2D3C4B5A69788796"
        }),
        .summary = "Reply to someone's status with a text.",
        .doc = "status/reply-status-text",
    },
    {
        .name = "reply_status_gif",
        .section = "status",
        .method = ZAPI_POST,
        .path = "/reply-status-gif",
        .params = reply_status_gif_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "gif" : "https://example.com/files/loop.mp4",
            "statusMessageId" : "A5B4C3D2E1F00F1E2D3C4B5A69788796"
        }),
        .limits = ZAPI_WORDS("the file must be an mp4, not a .gif"),
        .summary =
            "Reply to someone's status with a GIF supplied as an mp4 file.",
        .doc = "status/reply-status-gif",
    },
    {
        .name = "reply_status_sticker",
        .section = "status",
        .method = ZAPI_POST,
        .path = "/reply-status-sticker",
        .params = reply_status_sticker_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "sticker" : "https://example.com/files/sticker.webp",
            "statusMessageId" : "A5B4C3D2E1F00F1E2D3C4B5A69788796"
        }),
        .summary = "Reply to someone's status with a sticker.",
        .doc = "status/reply-status-sticker",
    },
};
const size_t zapi_status_count =
    sizeof zapi_status_rows / sizeof *zapi_status_rows;
