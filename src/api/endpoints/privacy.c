/* SPDX-License-Identifier: MIT
 *
 * Endpoints: privacy settings of the account.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- list_privacy_disallowed_contacts ---- */

static const struct zapi_field list_privacy_disallowed_contacts_params[] = {
    {.name = "type",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .required = true,
     .enums = ZAPI_WORDS("lastSeen", "photo", "description", "groupAdd"),
     .doc = "which setting's blacklist"},
    {.name = NULL},
};

static const struct zapi_field list_privacy_disallowed_contacts_reply[] = {
    {.name = "disallowedContacts",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "blacklisted numbers"},
    {.name = NULL},
};

/* ---- set_privacy_last_seen ---- */

static const struct zapi_field contacts_blacklist[] = {
    {.name = "action",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("add", "remove"),
     .doc = "put on or take off the blacklist"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "contact number"},
    {.name = NULL},
};

static const struct zapi_field privacy_params[] = {
    {.name = "visualizationType",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("ALL", "NONE", "CONTACTS", "CONTACT_BLACKLIST"),
     .doc = "who may see it"},
    {.name = "contactsBlacklist",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = contacts_blacklist),
     .doc = "changes to the blacklist; send when visualizationType is "
            "CONTACT_BLACKLIST"},
    {.name = NULL},
};

/* ---- set_privacy_group_add ---- */

static const struct zapi_field set_privacy_group_add_params[] = {
    {.name = "type",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("ALL", "CONTACTS", "CONTACT_BLACKLIST"),
     .doc = "who may add"},
    {.name = "contactsBlacklist",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = contacts_blacklist),
     .doc = "changes to the blacklist; send when type is CONTACT_BLACKLIST"},
    {.name = NULL},
};

/* ---- set_privacy_online ---- */

static const struct zapi_field set_privacy_online_params[] = {
    {.name = "visualizationType",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("ALL", "SAME_LAST_SEEN"),
     .doc = "who may see it; SAME_LAST_SEEN follows the last-seen setting"},
    {.name = NULL},
};

/* ---- set_privacy_read_receipts ---- */

static const struct zapi_field set_privacy_read_receipts_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .required = true,
     .enums = ZAPI_WORDS("enable", "disable"),
     .doc = "turn on or off"},
    {.name = NULL},
};

/* ---- set_privacy_messages_duration ---- */

static const struct zapi_field set_privacy_messages_duration_params[] = {
    {.name = "value",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .required = true,
     .enums = ZAPI_WORDS("days90", "days7", "hours24", "disable"),
     .doc = "lifetime of messages"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_privacy_rows[] = {
    {
        .name = "list_privacy_disallowed_contacts",
        .section = "privacy",
        .method = ZAPI_GET,
        .path = "/privacy/disallowed-contacts",
        .path_aliases = ZAPI_WORDS("/disallowed-contacts"),
        .params = list_privacy_disallowed_contacts_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = list_privacy_disallowed_contacts_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON(
            {"disallowedContacts" : [ "5511999990001", "5511999990002" ]}),
        .params_example = ZAPI_JSON({"type" : "lastSeen"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("each setting has its own blacklist"),
        .summary = "List the numbers on the blacklist of one privacy setting.",
        .doc = "privacy/get-disallowed-contacts",
    },
    {
        .name = "set_privacy_last_seen",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/last-seen",
        .params = privacy_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "visualizationType" : "CONTACT_BLACKLIST",
            "contactsBlacklist" : [
                {"action" : "add", "phone" : "5511999990001"},
                {"action" : "remove", "phone" : "5511999990002"}
            ]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "each setting has its own blacklist",
            "send only changes to the blacklist, not its whole content",
            "contactsBlacklist has to be sent when the scope is "
            "CONTACT_BLACKLIST"),
        .summary = "Choose who may see the last-seen time.",
        .doc = "privacy/set-last-seen",
    },
    {
        .name = "set_privacy_photo",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/photo-visualization",
        .path_aliases = ZAPI_WORDS("/privacy/photo"),
        .params = privacy_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "visualizationType" : "CONTACT_BLACKLIST",
            "contactsBlacklist" : [
                {"action" : "add", "phone" : "5511999990001"},
                {"action" : "remove", "phone" : "5511999990002"}
            ]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "each setting has its own blacklist",
            "send only changes to the blacklist, not its whole content",
            "contactsBlacklist has to be sent when the scope is "
            "CONTACT_BLACKLIST"),
        .summary = "Choose who may see the profile picture.",
        .doc = "privacy/set-photo-visualization",
    },
    {
        .name = "set_privacy_description",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/description",
        .params = privacy_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "visualizationType" : "CONTACT_BLACKLIST",
            "contactsBlacklist" : [
                {"action" : "add", "phone" : "5511999990001"},
                {"action" : "remove", "phone" : "5511999990002"}
            ]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "each setting has its own blacklist",
            "send only changes to the blacklist, not its whole content",
            "contactsBlacklist has to be sent when the scope is "
            "CONTACT_BLACKLIST"),
        .summary = "Choose who may see the profile about text.",
        .doc = "privacy/set-privacy-description",
    },
    {
        .name = "set_privacy_group_add",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/group-add",
        .params = set_privacy_group_add_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "type" : "CONTACT_BLACKLIST",
            "contactsBlacklist" : [
                {"action" : "add", "phone" : "5511999990001"},
                {"action" : "remove", "phone" : "5511999990002"}
            ]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "each setting has its own blacklist",
            "send only changes to the blacklist, not its whole content",
            "contactsBlacklist has to be sent when the scope is "
            "CONTACT_BLACKLIST",
            "NONE is not among the accepted scopes, and the key is type, not "
            "visualizationType"),
        .summary = "Choose who may add the account to groups.",
        .doc = "privacy/set-group-add",
    },
    {
        .name = "set_privacy_online",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/online",
        .params = set_privacy_online_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({"visualizationType" : "SAME_LAST_SEEN"}),
        .idempotent = true,
        .summary = "Choose who may see when the account is online.",
        .doc = "privacy/set-privacy-online",
    },
    {
        .name = "set_privacy_read_receipts",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/read-receipts",
        .params = set_privacy_read_receipts_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"value" : "disable"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "the value goes in the query string, not in a body",
            "does not apply to groups",
            "with receipts off, reads of own messages are not visible either"),
        .summary = "Turn read receipts on or off.",
        .doc = "privacy/set-read-receipts",
    },
    {
        .name = "set_privacy_messages_duration",
        .section = "privacy",
        .method = ZAPI_POST,
        .path = "/privacy/messages-duration",
        .params = set_privacy_messages_duration_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"value" : "days7"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("the value goes in the query string, not in a body",
                       "existing chats are not affected"),
        .summary =
            "Set the default lifetime of messages in new one-to-one chats.",
        .doc = "privacy/set-messages-duration",
    },
};
const size_t zapi_privacy_count =
    sizeof zapi_privacy_rows / sizeof *zapi_privacy_rows;
