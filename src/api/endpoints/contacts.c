/* SPDX-License-Identifier: MIT
 *
 * Endpoints: contacts: list, add, look up, block, report; who is on WhatsApp.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- list_contacts ---- */

static const struct zapi_field list_contacts_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "1",
     .doc = "page number"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "20",
     .doc = "contacts per page"},
    {.name = NULL},
};

static const struct zapi_field list_contacts_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "contact number"},
    {.name = "name",
     .type = ZAPI_STRING,
     .doc = "full name; only for saved contacts"},
    {.name = "short",
     .type = ZAPI_STRING,
     .doc = "first name; only for saved contacts"},
    {.name = "vname", .type = ZAPI_STRING, .doc = "name on the vCard"},
    {.name = "notify",
     .type = ZAPI_STRING,
     .doc = "name the person set in WhatsApp"},
    {.name = NULL},
};

/* ---- add_contacts ---- */

static const struct zapi_field add_contacts_item[] = {
    {.name = "firstName",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "first name"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "contact number"},
    {.name = "lastName", .type = ZAPI_STRING, .doc = "last name"},
    {.name = NULL},
};

static const struct zapi_field contacts_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "worked"},
    {.name = "errors",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(),
     .doc = "undocumented; empty in the sample"},
    {.name = NULL},
};

/* ---- get_contact ---- */

static const struct zapi_field get_contact_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "contact number with country code, digits only"},
    {.name = NULL},
};

static const struct zapi_field get_contact_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "contact number"},
    {.name = "name",
     .type = ZAPI_STRING,
     .doc = "full name; only for saved contacts"},
    {.name = "short",
     .type = ZAPI_STRING,
     .doc = "first name; only for saved contacts"},
    {.name = "vname", .type = ZAPI_STRING, .doc = "name on the vCard"},
    {.name = "notify",
     .type = ZAPI_STRING,
     .doc = "name the person set in WhatsApp"},
    {.name = "imgUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "picture link, gone after 48 h"},
    {.name = "about", .type = ZAPI_STRING, .doc = "profile about text"},
    {.name = NULL},
};

/* ---- get_profile_picture ---- */

static const struct zapi_field get_profile_picture_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "contact number with country code, digits only"},
    {.name = NULL},
};

static const struct zapi_field item[] = {
    {.name = "link",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "picture URL"},
    {.name = NULL},
};

/* ---- phone_exists ---- */

static const struct zapi_field phone_exists_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .no_lid = true,
     .doc = "number with country code, digits only"},
    {.name = NULL},
};

static const struct zapi_field phone_exists_reply[] = {
    {.name = "exists", .type = ZAPI_BOOLEAN, .doc = "number has WhatsApp"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number as WhatsApp knows it"},
    {.name = "lid",
     .type = ZAPI_STRING,
     .doc = "private WhatsApp id (…@lid); null when exists is false"},
    {.name = NULL},
};

/* ---- phone_exists_batch ---- */

static const struct zapi_field phone_exists_batch_params[] = {
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     ZAPI_MAX(50000),
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE,
                       .no_lid = true),
     .doc = "numbers with country code, digits only"},
    {.name = NULL},
};

static const struct zapi_field phone_exists_batch_reply[] = {
    {.name = "exists", .type = ZAPI_BOOLEAN, .doc = "number has WhatsApp"},
    {.name = "inputPhone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number as sent"},
    {.name = "outputPhone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number as WhatsApp knows it (ninth digit corrected)"},
    {.name = "lid",
     .type = ZAPI_STRING,
     .doc = "private WhatsApp id (…@lid); null when exists is false"},
    {.name = NULL},
};

/* ---- modify_blocked_contact ---- */

static const struct zapi_field modify_blocked_contact_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "contact number"},
    {.name = "action",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("block", "unblock"),
     .doc = "what to do"},
    {.name = NULL},
};

/* ---- report_contact ---- */

static const struct zapi_field report_contact_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "number to report"},
    {.name = NULL},
};

static const struct zapi_field report_contact_reply[] = {
    {.name = "success", .type = ZAPI_BOOLEAN, .doc = "worked"},
    {.name = "error", .type = ZAPI_STRING, .doc = "error text, if any"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_contacts_rows[] = {
    {
        .name = "list_contacts",
        .section = "contacts",
        .method = ZAPI_GET,
        .path = "/contacts",
        .params = list_contacts_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_contacts_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "name" : "Ana Lima",
            "short" : "Ana",
            "notify" : "Aninha",
            "vname" : "Ana Lima",
            "phone" : "5511999990001"
        } ]),
        .params_example = ZAPI_JSON({"page" : 1, "pageSize" : 20}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_PAGE,
        .limits =
            ZAPI_WORDS("also returns people who merely share a group with the "
                       "number, so more than the address book holds"),
        .summary = "List the WhatsApp contacts, page by page.",
        .doc = "contacts/get-contacts",
    },
    {
        .name = "add_contacts",
        .section = "contacts",
        .method = ZAPI_POST,
        .path = "/contacts/add",
        .body = ZAPI_BODY_ARRAY,
        .body_required = true,
        .body_items =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = add_contacts_item),
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = contacts_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true, "errors" : []}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON([
            {
                "firstName" : "Ana",
                "lastName" : "Lima",
                "phone" : "5511999990001"
            },
            {"firstName" : "Rui", "phone" : "5511999990002"}
        ]),
        .limits = ZAPI_WORDS(
            "the body is a bare JSON array",
            "only for WhatsApp accounts that already got the needed update",
            "WhatsApp must be allowed, in its privacy settings, to write to "
            "the phone's contacts"),
        .summary =
            "Save contacts to the phone's address book through WhatsApp.",
        .doc = "contacts/add-contacts",
    },
    {
        .name = "remove_contacts",
        .section = "contacts",
        .method = ZAPI_DELETE,
        .path = "/contacts/remove",
        .body = ZAPI_BODY_ARRAY,
        .body_required = true,
        .body_items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE,
                               .doc = "contact number"),
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = contacts_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true, "errors" : []}),
        .success_when = ZAPI_WORDS("success"),
        .request_example = ZAPI_JSON([ "5511999990001", "5511999990002" ]),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "DELETE with a body: a bare JSON array of numbers",
            "only for WhatsApp accounts that already got the needed update",
            "the page has no attribute table: the shape is taken from its "
            "sample body"),
        .summary =
            "Remove contacts from the phone's address book through WhatsApp.",
        .doc = "contacts/remove-contacts",
    },
    {
        .name = "get_contact",
        .section = "contacts",
        .method = ZAPI_GET,
        .path = "/contacts/{phone}",
        .params = get_contact_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_contact_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "name" : "Ana Lima",
            "phone" : "5511999990001",
            "notify" : "Aninha",
            "short" : "Ana",
            "imgUrl" : "https://example.com/ana.jpg",
            "about" : "available"
        }),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("picture links are deleted by WhatsApp after 48 "
                             "h; get_profile_picture returns a fresh one"),
        .summary = "Return the details of one contact.",
        .doc = "contacts/get-metadata-contact",
    },
    {
        .name = "get_profile_picture",
        .section = "contacts",
        .method = ZAPI_GET,
        .path = "/profile-picture",
        .params = get_profile_picture_params,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .also = 1U << ZAPI_ARRAY,
                     .fields = item,
                     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = item),
                     .doc = "one object in the newer sample, an array of one "
                            "in the older"),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"link" : "https://example.com/ana.jpg"}),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("picture links are deleted by WhatsApp after 48 h"),
        .summary = "Return a current link to a contact's picture.",
        .doc = "contacts/get-profile-picture",
    },
    {
        .name = "phone_exists",
        .section = "contacts",
        .method = ZAPI_GET,
        .path = "/phone-exists/{phone}",
        .params = phone_exists_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY, .also = 1U << ZAPI_OBJECT,
                          .fields = phone_exists_reply,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = phone_exists_reply),
                          .doc = "an array of one in the sample, one object "
                                 "in the table"),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "exists" : true,
            "phone" : "5511999990001",
            "lid" : "100000000000001@lid"
        } ]),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .names_accounts = true,
        .idempotent = true,
        .limits =
            ZAPI_WORDS("not meant as a check before each send: sending already "
                       "checks the number",
                       "also serves to turn a phone number into its @lid",
                       "an @lid cannot be turned back into a phone number"),
        .summary = "Tell whether a number has a WhatsApp account.",
        .doc = "contacts/get-iswhatsapp",
    },
    {
        .name = "phone_exists_batch",
        .section = "contacts",
        .method = ZAPI_POST,
        .path = "/phone-exists-batch",
        .params = phone_exists_batch_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply =
            ZAPI_ROW(.type = ZAPI_ARRAY,
                     .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                       .fields = phone_exists_batch_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([
            {
                "exists" : true,
                "inputPhone" : "5511999990001",
                "outputPhone" : "5511999990001",
                "lid" : "100000000000001@lid"
            },
            {
                "exists" : false,
                "inputPhone" : "5511999990002",
                "outputPhone" : "5511999990002",
                "lid" : null
            }
        ]),
        .request_example =
            ZAPI_JSON({"phones" : [ "5511999990001", "5511999990002" ]}),
        .names_accounts = true,
        .idempotent = true,
        .limits = ZAPI_WORDS("at most 50,000 numbers a request",
                             "not meant as a check before each send"),
        .summary = "Tell for many numbers at once which have WhatsApp.",
        .doc = "contacts/get-iswhatsapp-batch",
    },
    {
        .name = "modify_blocked_contact",
        .section = "contacts",
        .method = ZAPI_POST,
        .path = "/contacts/modify-blocked",
        .params = modify_blocked_contact_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example =
            ZAPI_JSON({"phone" : "5511999990001", "action" : "block"}),
        .idempotent = true,
        .summary = "Block or unblock a contact.",
        .doc = "contacts/block-contact",
    },
    {
        .name = "report_contact",
        .section = "contacts",
        .method = ZAPI_POST,
        .path = "/contacts/{phone}/report",
        .params = report_contact_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = report_contact_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"success" : true}),
        .success_when = ZAPI_WORDS("success"),
        .params_example = ZAPI_JSON({"phone" : "5511999990001"}),
        .limits = ZAPI_WORDS("an invalid number gives status 400 with "
                             "{\"error\":\"Invalid phone\"}",
                             "no request body is documented"),
        .summary = "Report a contact to WhatsApp.",
        .doc = "contacts/report-contact",
    },
};
const size_t zapi_contacts_count =
    sizeof zapi_contacts_rows / sizeof *zapi_contacts_rows;
