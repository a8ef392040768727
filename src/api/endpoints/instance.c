/* SPDX-License-Identifier: MIT
 *
 * Endpoints: the instance: connection, QR code, profile, automatic reads.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- get_qr_code ---- */

static const struct zapi_field get_qr_code_reply[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .doc = "QR content; a data:image/png;base64 URI in the newer sample"},
    {.name = NULL},
};

/* ---- get_qr_code_image ---- */

static const struct zapi_field get_qr_code_image_reply[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .doc = "image as base64 or data URI"},
    {.name = NULL},
};

/* ---- get_phone_code ---- */

static const struct zapi_field get_phone_code_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number to be linked, digits only"},
    {.name = NULL},
};

static const struct zapi_field get_phone_code_reply[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CODE,
     .doc = "pairing code"},
    {.name = NULL},
};

/* ---- get_status ---- */

static const struct zapi_field get_status_reply[] = {
    {.name = "connected",
     .type = ZAPI_BOOLEAN,
     .doc = "number is connected to Z-API"},
    {.name = "error",
     .type = ZAPI_STRING,
     .doc = "description of the state, filled in even when all is well; "
            "documented texts: 'You are already connected', 'You need to "
            "restore the session', 'You are not connected'"},
    {.name = "smartphoneConnected",
     .type = ZAPI_BOOLEAN,
     .doc = "the phone itself is online"},
    {.name = NULL},
};

/* ---- get_device ---- */

static const struct zapi_field get_device_reply_device[] = {
    {.name = "sessionName",
     .type = ZAPI_STRING,
     .doc = "session name shown in linked devices"},
    {.name = "device_model", .type = ZAPI_STRING, .doc = "device model"},
    {.name = NULL},
};

static const struct zapi_field get_device_reply[] = {
    {.name = "phone", .type = ZAPI_STRING, .doc = "connected number"},
    {.name = "imgUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "profile picture"},
    {.name = "about", .type = ZAPI_STRING, .doc = "profile about text"},
    {.name = "name", .type = ZAPI_STRING, .doc = "profile name"},
    {.name = "device", .type = ZAPI_OBJECT, .fields = get_device_reply_device},
    {.name = "originalDevice",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("iphone", "smbi", "android", "smba"),
     .doc = "platform of the phone (smb* = Business app)"},
    {.name = "sessionId", .type = ZAPI_INTEGER, .doc = "session number"},
    {.name = "isBusiness",
     .type = ZAPI_BOOLEAN,
     .doc = "account is a Business one"},
    {.name = NULL},
};

/* ---- update_name ---- */

static const struct zapi_field update_name_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new instance name"},
    {.name = NULL},
};

/* ---- get_me ---- */

static const struct zapi_field get_me_reply[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "instance id"},
    {.name = "token", .type = ZAPI_STRING, .doc = "instance token"},
    {.name = "name", .type = ZAPI_STRING, .doc = "instance name"},
    {.name = "due", .type = ZAPI_NUMBER, .doc = "expiry, unix timestamp"},
    {.name = "connected", .type = ZAPI_BOOLEAN, .doc = "instance is connected"},
    {.name = "paymentStatus", .type = ZAPI_STRING, .doc = "billing state"},
    {.name = "created",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_DATETIME,
     .doc = "creation date (docs type: Date)"},
    {.name = "connectedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "connected webhook"},
    {.name = "deliveryCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "delivery webhook"},
    {.name = "disconnectedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "disconnected webhook"},
    {.name = "messageStatusCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "message status webhook"},
    {.name = "presenceChatCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "chat presence webhook"},
    {.name = "receivedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "received webhook"},
    {.name = "receiveCallbackSentByMe",
     .type = ZAPI_BOOLEAN,
     .doc = "messages sent by the instance are also notified"},
    {.name = "callRejectAuto",
     .type = ZAPI_BOOLEAN,
     .doc = "calls are rejected automatically"},
    {.name = "callRejectMessage",
     .type = ZAPI_STRING,
     .doc = "text sent after a rejected call"},
    {.name = "autoReadMessage",
     .type = ZAPI_BOOLEAN,
     .doc = "incoming messages are marked as read"},
    {.name = "initialDataCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "webhook for the first data after connecting"},
    {.name = "proxyUrl",
     .type = ZAPI_STRING,
     .doc = "proxy the instance goes through, user and password included"},
    {.name = "useProxy",
     .type = ZAPI_BOOLEAN,
     .doc = "the proxy is switched on"},
    {.name = NULL},
};

/* ---- update_profile_picture ---- */

static const struct zapi_field update_profile_picture_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "image URL"},
    {.name = NULL},
};

/* ---- update_profile_name ---- */

static const struct zapi_field update_profile_name_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new display name"},
    {.name = NULL},
};

/* ---- update_profile_description ---- */

static const struct zapi_field update_profile_description_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new about text"},
    {.name = NULL},
};

/* ---- update_auto_read_message ---- */

static const struct zapi_field instance_params[] = {
    {.name = "value",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "true = on"},
    {.name = NULL},
};

/* ---- update_call_reject_auto ---- */

static const struct zapi_field update_call_reject_auto_params[] = {
    {.name = "value",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "true = reject calls"},
    {.name = NULL},
};

/* ---- update_call_reject_message ---- */

static const struct zapi_field update_call_reject_message_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text to send"},
    {.name = NULL},
};

/* ---- get_extension_token ---- */

static const struct zapi_field get_extension_token_reply[] = {
    {.name = "token",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "code to type in the browser extension, XXXX-XXXX"},
    {.name = "expiresAt",
     .type = ZAPI_INTEGER,
     .required = true,
     .doc = "when the code expires, unix ms"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_instance_rows[] = {
    {
        .name = "get_qr_code",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/qr-code",
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .also = 1U << ZAPI_STRING,
                     .fields = get_qr_code_reply,
                     .doc = "an object with value in the newer sample; the "
                            "text speaks of bytes, so bare text is possible"),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"value" : "data:image/png;base64,iVBORw0KGgo="}),
        .idempotent = true,
        .limits = ZAPI_WORDS("WhatsApp invalidates a QR code every 20 s",
                             "poll at intervals of 10 to 20 s and give up "
                             "after 3 unread codes until the user asks again",
                             "refused while the instance is already connected"),
        .summary =
            "Fetch the connection QR code as raw content to draw yourself.",
        .doc = "instance/qrcode",
    },
    {
        .name = "get_qr_code_image",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/qr-code/image",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .also = 1U << ZAPI_STRING,
                          .fields = get_qr_code_image_reply,
                          .doc = "no body is shown in either docs generation; "
                                 "public clients read value"),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"value" : "data:image/png;base64,iVBORw0KGgo="}),
        .idempotent = true,
        .limits = ZAPI_WORDS("WhatsApp invalidates a QR code every 20 s",
                             "poll at intervals of 10 to 20 s and give up "
                             "after 3 unread codes until the user asks again",
                             "refused while the instance is already connected"),
        .summary = "Fetch the connection QR code as a base64 image.",
        .doc = "instance/qrcode",
    },
    {
        .name = "get_phone_code",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/phone-code/{phone}",
        .params = get_phone_code_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_phone_code_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"value" : "ABCD2345"}),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .limits = ZAPI_WORDS("the code is typed in the WhatsApp app under the "
                             "connect-with-phone-number option",
                             "refused while the instance is already connected",
                             "whether a repeated call voids the earlier code "
                             "is not said, hence idempotent false"),
        .summary = "Get a pairing code that links the number without scanning "
                   "a QR code.",
        .doc = "instance/qrcode",
    },
    {
        .name = "restart",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/restart",
        ZAPI_REPLY_VALUE(200),
        .limits =
            ZAPI_WORDS("a restart does not require reading the QR code again"),
        .summary = "Restart the instance.",
        .doc = "instance/restart",
    },
    {
        .name = "disconnect",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/disconnect",
        ZAPI_REPLY_VALUE(200),
        .limits = ZAPI_WORDS("after it the other methods stop working and no "
                             "webhooks are sent until a new QR code is read"),
        .summary = "Unlink the number from the instance.",
        .doc = "instance/disconnect",
    },
    {
        .name = "restore_session",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/restore-session",
        ZAPI_REPLY_VALUE(200),
        .limits =
            ZAPI_WORDS("meant for use after a disconnection webhook arrives"),
        .summary =
            "Try to bring the WhatsApp connection back from the saved session.",
        .doc = "instance/restore-session",
    },
    {
        .name = "get_status",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/status",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_status_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "connected" : true,
            "error" : "You are already connected.",
            "smartphoneConnected" : true
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "connected decides, error only describes: a healthy instance says "
            "'You are already connected.'; one that is not connected is the "
            "failure state.disconnected or state.restore_session"),
        .summary = "Tell whether the instance is connected to WhatsApp.",
        .doc = "instance/status",
    },
    {
        .name = "get_device",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/device",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_device_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "imgUrl" : "https://example.com/me.jpg",
            "about" : "available",
            "name" : "Shop One",
            "device" : {"sessionName" : "Z-API", "device_model" : "Z-API"},
            "originalDevice" : "android",
            "sessionId" : 12,
            "isBusiness" : false
        }),
        .idempotent = true,
        .summary = "Describe the connected phone or device.",
        .doc = "instance/device",
    },
    {
        .name = "update_name",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/update-name",
        .params = update_name_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"value" : "instance-a"}),
        .idempotent = true,
        .summary = "Rename the instance.",
        .doc = "instance/rename-instance",
    },
    {
        .name = "get_me",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/me",
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_me_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "id" : "INSTANCE0001",
            "token" : "TOKEN0001",
            "name" : "instance-a",
            "due" : 1767225600,
            "connected" : true,
            "paymentStatus" : "ACTIVE",
            "created" : "2025-01-01T00:00:00.000Z",
            "connectedCallbackUrl" : "https://example.com/hooks/connected",
            "deliveryCallbackUrl" : "https://example.com/hooks/delivery",
            "disconnectedCallbackUrl" :
                "https://example.com/hooks/disconnected",
            "messageStatusCallbackUrl" : "https://example.com/hooks/status",
            "presenceChatCallbackUrl" : "https://example.com/hooks/presence",
            "receivedCallbackUrl" : "https://example.com/hooks/received",
            "receiveCallbackSentByMe" : false,
            "callRejectAuto" : false,
            "callRejectMessage" : "",
            "autoReadMessage" : false,
            "initialDataCallbackUrl" : "https://example.com/hooks/initial",
            "proxyUrl" : "socks5://user:password@proxy.example.com:1080",
            "useProxy" : true
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "the values of paymentStatus are not listed; the newer sample "
            "shows ACTIVE",
            "the docs do not say whether due is in seconds or milliseconds: "
            "the newer sample (1700000000) looks like seconds, the partner "
            "pages use milliseconds",
            "proxyUrl holds credentials in clear: keep it out of logs",
            "proxyUrl and useProxy are set with configure_proxy"),
        .summary = "Return the settings and state of the instance.",
        .doc = "instance/me",
    },
    {
        .name = "update_profile_picture",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/profile-picture",
        .params = update_profile_picture_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "https://example.com/avatar.jpg"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("the docs mention a URL only, not base64"),
        .summary = "Change the WhatsApp profile picture.",
        .doc = "instance/profile-picture",
    },
    {
        .name = "update_profile_name",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/profile-name",
        .params = update_profile_name_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"value" : "Shop One"}),
        .idempotent = true,
        .summary = "Change the WhatsApp profile display name.",
        .doc = "instance/profile-name",
    },
    {
        .name = "update_profile_description",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/profile-description",
        .params = update_profile_description_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"value" : "Open from 9 to 18"}),
        .idempotent = true,
        .summary = "Change the WhatsApp profile about text.",
        .doc = "instance/profile-description",
    },
    {
        .name = "update_auto_read_message",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/update-auto-read-message",
        .params = instance_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"value" : true}),
        .idempotent = true,
        .summary = "Switch automatic reading of incoming messages on or off.",
        .doc = "instance/auto-read",
    },
    {
        .name = "update_auto_read_status",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/update-auto-read-status",
        .params = instance_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"value" : true}),
        .idempotent = true,
        .limits = ZAPI_WORDS("only works while automatic message reading "
                             "(update_auto_read_message) is on"),
        .summary =
            "Switch automatic viewing of received status posts on or off.",
        .doc = "instance/auto-read-status",
    },
    {
        .name = "update_call_reject_auto",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/update-call-reject-auto",
        .params = update_call_reject_auto_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"value" : true}),
        .idempotent = true,
        .summary =
            "Switch automatic rejection of incoming voice calls on or off.",
        .doc = "instance/call-reject",
    },
    {
        .name = "update_call_reject_message",
        .section = "instance",
        .method = ZAPI_PUT,
        .path = "/update-call-reject-message",
        .params = update_call_reject_message_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"value" : "Please write instead of calling."}),
        .idempotent = true,
        .limits = ZAPI_WORDS("only sent while automatic call rejection "
                             "(update_call_reject_auto) is on"),
        .summary = "Set the text sent after a call was rejected automatically.",
        .doc = "instance/call-reject-message",
    },
    {
        .name = "get_extension_token",
        .section = "instance",
        .method = ZAPI_GET,
        .path = "/extension-token",
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_extension_token_reply),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"token" : "AB12-CD34", "expiresAt" : 1893456000000}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "the code lives up to 5 minutes; ask for a new one afterwards",
            "meant for phones on which WhatsApp asks for a passkey when a web "
            "session is linked; offer it besides the QR code, not instead",
            "the user types the code in the Chrome extension Z-API Conector, "
            "with WhatsApp Web open in the number to be linked; that web "
            "session is then closed",
            "call it from a back end, never from a browser"),
        .summary = "Get a short-lived code that links the instance through the "
                   "browser extension.",
        .doc = "en/instance/extension-token",
    },
};
const size_t zapi_instance_count =
    sizeof zapi_instance_rows / sizeof *zapi_instance_rows;
