/* SPDX-License-Identifier: MIT
 *
 * Endpoints: channels (newsletters): make, find, follow, administer.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- create_newsletter ---- */

static const struct zapi_field create_newsletter_params[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "channel name"},
    {.name = "description", .type = ZAPI_STRING, .doc = "channel description"},
    {.name = NULL},
};

static const struct zapi_field create_newsletter_reply[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .doc = "new channel id"},
    {.name = NULL},
};

/* ---- update_newsletter_picture ---- */

static const struct zapi_field update_newsletter_picture_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "pictureUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "image URL or base64"},
    {.name = NULL},
};

/* ---- update_newsletter_name ---- */

static const struct zapi_field update_newsletter_name_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "name", .type = ZAPI_STRING, .required = true, .doc = "new name"},
    {.name = NULL},
};

/* ---- update_newsletter_description ---- */

static const struct zapi_field update_newsletter_description_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "description",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new description"},
    {.name = NULL},
};

/* ---- follow_newsletter ---- */

static const struct zapi_field newsletter_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = NULL},
};

/* ---- get_newsletter_metadata ---- */

static const struct zapi_field get_newsletter_metadata_params[] = {
    {.name = "newsletterId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = NULL},
};

static const struct zapi_field newsletter_reply_view_metadata[] = {
    {.name = "mute",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("ON", "OFF"),
     .doc = "muted or not"},
    {.name = "role",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("OWNER", "SUBSCRIBER"),
     .doc = "own role"},
    {.name = NULL},
};

static const struct zapi_field newsletter_reply[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .doc = "channel id"},
    {.name = "creationTime",
     .type = ZAPI_NUMBER,
     .also = 1U << ZAPI_STRING,
     .doc = "creation, unix seconds"},
    {.name = "state",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("ACTIVE", "NON_EXISTING"),
     .doc = "channel state"},
    {.name = "name", .type = ZAPI_STRING, .doc = "name"},
    {.name = "description", .type = ZAPI_STRING, .doc = "description"},
    {.name = "subscribersCount",
     .type = ZAPI_STRING,
     .doc = "followers, as text; may be missing"},
    {.name = "inviteLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "invite link"},
    {.name = "verification",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("VERIFIED", "UNVERIFIED"),
     .doc = "verified or not"},
    {.name = "picture",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "picture; may be null"},
    {.name = "preview",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "small picture; may be null"},
    {.name = "viewMetadata",
     .type = ZAPI_OBJECT,
     .fields = newsletter_reply_view_metadata,
     .doc = "how the account sees the channel"},
    {.name = NULL},
};

/* ---- search_newsletter ---- */

static const struct zapi_field search_newsletter_filters[] = {
    {.name = "countryCodes",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING),
     .doc = "two-letter country codes"},
    {.name = NULL},
};

static const struct zapi_field search_newsletter_params[] = {
    {.name = "limit",
     .type = ZAPI_NUMBER,
     .required = true,
     .doc = "how many channels"},
    {.name = "filters",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = search_newsletter_filters,
     .doc = "filters to apply"},
    {.name = "view",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("RECOMMENDED", "TRENDING", "POPULAR", "NEW"),
     .doc = "kind of listing"},
    {.name = "searchText", .type = ZAPI_STRING, .doc = "text to look for"},
    {.name = NULL},
};

static const struct zapi_field search_newsletter_reply[] = {
    {.name = "cursor", .doc = "always null for now"},
    {.name = "data",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = newsletter_reply),
     .doc = "channels found"},
    {.name = NULL},
};

/* ---- update_newsletter_settings ---- */

static const struct zapi_field update_newsletter_settings_params[] = {
    {.name = "newsletterId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "reactionCodes",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("basic", "all"),
     .doc = "which reactions are allowed"},
    {.name = NULL},
};

/* ---- accept_newsletter_admin_invite ---- */

static const struct zapi_field accept_newsletter_admin_invite_params[] = {
    {.name = "newsletterId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel the invitation belongs to"},
    {.name = NULL},
};

/* ---- remove_newsletter_admin ---- */

static const struct zapi_field remove_newsletter_admin_params[] = {
    {.name = "newsletterId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "administrator's number"},
    {.name = NULL},
};

/* ---- revoke_newsletter_admin_invite ---- */

static const struct zapi_field revoke_newsletter_admin_invite_params[] = {
    {.name = "newsletterId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "invited user's number"},
    {.name = NULL},
};

/* ---- transfer_newsletter_ownership ---- */

static const struct zapi_field transfer_newsletter_ownership_params[] = {
    {.name = "newsletterId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_NEWSLETTER,
     .required = true,
     .doc = "channel id"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "new owner's number"},
    {.name = "quitAdmin",
     .type = ZAPI_BOOLEAN,
     .doc = "also stop being an administrator"},
    {.name = NULL},
};

static const struct zapi_field transfer_newsletter_ownership_reply[] = {
    {.name = "value",
     .type = ZAPI_BOOLEAN,
     .also = 1U << ZAPI_STRING,
     .doc = "worked or not"},
    {.name = "message",
     .type = ZAPI_STRING,
     .doc = "error text, if any; not in the newer page"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_newsletter_rows[] = {
    {
        .name = "create_newsletter",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/create-newsletter",
        .params = create_newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_newsletter_reply),
        .reply_status = 201,
        .reply_example = ZAPI_JSON({"id" : "120363000000000001@newsletter"}),
        .request_example = ZAPI_JSON(
            {"name" : "Shop news", "description" : "Offers of the week"}),
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix",
                             "a picture cannot be set on creation; use "
                             "update_newsletter_picture afterwards"),
        .summary = "Create a channel.",
        .doc = "newsletter/create-newsletter",
    },
    {
        .name = "update_newsletter_picture",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/update-newsletter-picture",
        .params = update_newsletter_picture_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(201),
        .request_example = ZAPI_JSON({
            "id" : "120363000000000001@newsletter",
            "pictureUrl" : "https://example.com/channel.jpg"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Change the picture of a channel.",
        .doc = "newsletter/update-channel-picture",
    },
    {
        .name = "update_newsletter_name",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/update-newsletter-name",
        .params = update_newsletter_name_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(201),
        .request_example = ZAPI_JSON(
            {"id" : "120363000000000001@newsletter", "name" : "Shop news 2"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Rename a channel.",
        .doc = "newsletter/update-newsletter-name",
    },
    {
        .name = "update_newsletter_description",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/update-newsletter-description",
        .params = update_newsletter_description_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(201),
        .request_example = ZAPI_JSON({
            "id" : "120363000000000001@newsletter",
            "description" : "Offers of the month"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Change the description of a channel.",
        .doc = "newsletter/update-newsletter-description",
    },
    {
        .name = "follow_newsletter",
        .section = "newsletter",
        .method = ZAPI_PUT,
        .path = "/follow-newsletter",
        .params = newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"id" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Follow a channel.",
        .doc = "newsletter/follow-newsletter",
    },
    {
        .name = "unfollow_newsletter",
        .section = "newsletter",
        .method = ZAPI_PUT,
        .path = "/unfollow-newsletter",
        .params = newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"id" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Stop following a channel.",
        .doc = "newsletter/unfollow-newsletter",
    },
    {
        .name = "mute_newsletter",
        .section = "newsletter",
        .method = ZAPI_PUT,
        .path = "/mute-newsletter",
        .params = newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"id" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Mute a channel.",
        .doc = "newsletter/mute-newsletter",
    },
    {
        .name = "unmute_newsletter",
        .section = "newsletter",
        .method = ZAPI_PUT,
        .path = "/unmute-newsletter",
        .params = newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"id" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Unmute a channel.",
        .doc = "newsletter/unmute-newsletter",
    },
    {
        .name = "delete_newsletter",
        .section = "newsletter",
        .method = ZAPI_DELETE,
        .path = "/delete-newsletter",
        .params = newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"id" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix",
                             "DELETE with a JSON body"),
        .summary = "Delete a channel.",
        .doc = "newsletter/delete-newsletter",
    },
    {
        .name = "get_newsletter_metadata",
        .section = "newsletter",
        .method = ZAPI_GET,
        .path = "/newsletter/metadata/{newsletterId}",
        .params = get_newsletter_metadata_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = newsletter_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "id" : "120363000000000001@newsletter",
            "creationTime" : 1735689600,
            "state" : "ACTIVE",
            "name" : "Shop news",
            "description" : "Offers of the week",
            "subscribersCount" : "42",
            "inviteLink" : "https://www.whatsapp.com/channel/EXAMPLE0001",
            "verification" : "UNVERIFIED",
            "picture" : "https://example.com/channel.jpg",
            "preview" : "https://example.com/channel-small.jpg",
            "viewMetadata" : {"mute" : "OFF", "role" : "OWNER"}
        }),
        .params_example =
            ZAPI_JSON({"newsletterId" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Return the details of one channel.",
        .doc = "newsletter/newsletter-metadata",
    },
    {
        .name = "list_newsletters",
        .section = "newsletter",
        .method = ZAPI_GET,
        .path = "/newsletter",
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = newsletter_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "id" : "120363000000000001@newsletter",
            "creationTime" : 1735689600,
            "state" : "ACTIVE",
            "name" : "Shop news",
            "description" : "Offers of the week",
            "subscribersCount" : "42",
            "inviteLink" : "https://www.whatsapp.com/channel/EXAMPLE0001",
            "verification" : "UNVERIFIED",
            "picture" : "https://example.com/channel.jpg",
            "preview" : "https://example.com/channel-small.jpg",
            "viewMetadata" : {"mute" : "OFF", "role" : "OWNER"}
        } ]),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "List own and followed channels.",
        .doc = "newsletter/newsletter-list",
    },
    {
        .name = "search_newsletter",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/search-newsletter",
        .params = search_newsletter_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY, .also = 1U << ZAPI_OBJECT,
                          .fields = search_newsletter_reply,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = newsletter_reply),
                          .doc = "bare list of channels in the newer page, an "
                                 "object with cursor and data in the older"),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "id" : "120363000000000001@newsletter",
            "creationTime" : 1735689600,
            "state" : "ACTIVE",
            "name" : "Shop news",
            "description" : "Offers of the week",
            "subscribersCount" : "42",
            "inviteLink" : "https://www.whatsapp.com/channel/EXAMPLE0001",
            "verification" : "UNVERIFIED",
            "picture" : "https://example.com/channel.jpg",
            "preview" : "https://example.com/channel-small.jpg",
            "viewMetadata" : {"mute" : "OFF", "role" : "OWNER"}
        } ]),
        .request_example = ZAPI_JSON({
            "limit" : 20,
            "view" : "POPULAR",
            "filters" : {"countryCodes" : [ "BR", "PT" ]},
            "searchText" : "shop"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "channel ids must carry the @newsletter suffix",
            "no real paging: cursor is always null until WhatsApp adds it"),
        .summary = "Search public channels by filters.",
        .doc = "newsletter/search-newsletter",
    },
    {
        .name = "update_newsletter_settings",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/newsletter/settings/{newsletterId}",
        .params = update_newsletter_settings_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(201),
        .request_example = ZAPI_JSON({"reactionCodes" : "basic"}),
        .params_example =
            ZAPI_JSON({"newsletterId" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix"),
        .summary = "Change the reaction setting of a channel.",
        .doc = "newsletter/update-newsletter-config",
    },
    {
        .name = "accept_newsletter_admin_invite",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/newsletter/accept-admin-invite/{newsletterId}",
        .params = accept_newsletter_admin_invite_params,
        .reply_status = 201,
        .params_example =
            ZAPI_JSON({"newsletterId" : "120363000000000001@newsletter"}),
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix",
                             "invitations arrive through the received webhook",
                             "no request body is documented",
                             "the docs describe no reply body for this call"),
        .summary = "Accept an invitation to administer a channel.",
        .doc = "newsletter/accept-newsletter-admin-invite",
    },
    {
        .name = "remove_newsletter_admin",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/newsletter/remove-admin/{newsletterId}",
        .params = remove_newsletter_admin_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply_status = 201,
        .request_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .params_example =
            ZAPI_JSON({"newsletterId" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix",
                             "the docs describe no reply body for this call"),
        .summary = "Take a user off the administration of a channel.",
        .doc = "newsletter/remove-admin",
    },
    {
        .name = "revoke_newsletter_admin_invite",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/newsletter/revoke-admin-invite/{newsletterId}",
        .params = revoke_newsletter_admin_invite_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply_status = 201,
        .request_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .params_example =
            ZAPI_JSON({"newsletterId" : "120363000000000001@newsletter"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix",
                             "the docs describe no reply body for this call"),
        .summary = "Withdraw an invitation to administer a channel.",
        .doc = "newsletter/revoke-admin-invite",
    },
    {
        .name = "transfer_newsletter_ownership",
        .section = "newsletter",
        .method = ZAPI_POST,
        .path = "/newsletter/transfer-ownership/{newsletterId}",
        .params = transfer_newsletter_ownership_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = transfer_newsletter_ownership_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"value" : true}),
        .success_when = ZAPI_WORDS("value"),
        .request_example =
            ZAPI_JSON({"phone" : "5511999990001", "quitAdmin" : true}),
        .params_example =
            ZAPI_JSON({"newsletterId" : "120363000000000001@newsletter"}),
        .limits = ZAPI_WORDS("channel ids must carry the @newsletter suffix",
                             "the new owner must already be an administrator"),
        .summary = "Hand a channel over to one of its administrators.",
        .doc = "newsletter/transfer-ownership",
    },
};
const size_t zapi_newsletter_count =
    sizeof zapi_newsletter_rows / sizeof *zapi_newsletter_rows;
