/* SPDX-License-Identifier: MIT
 *
 * Endpoints: communities and the groups linked to them.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- create_community ---- */

static const struct zapi_field create_community_params[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "community name"},
    {.name = "description",
     .type = ZAPI_STRING,
     .doc = "community description"},
    {.name = NULL},
};

static const struct zapi_field sub_groups[] = {
    {.name = "name", .type = ZAPI_STRING, .doc = "group name"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id"},
    {.name = "isGroupAnnouncement",
     .type = ZAPI_BOOLEAN,
     .doc = "true for the announcement group, false for an ordinary one"},
    {.name = NULL},
};

static const struct zapi_field create_community_reply[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "id of the new community"},
    {.name = "subGroups",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = sub_groups),
     .doc = "linked groups"},
    {.name = NULL},
};

/* ---- list_communities ---- */

static const struct zapi_field list_communities_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .doc = "page number to fetch"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .doc = "communities per page"},
    {.name = NULL},
};

static const struct zapi_field list_communities_reply[] = {
    {.name = "name", .type = ZAPI_STRING, .doc = "community name"},
    {.name = "id", .type = ZAPI_STRING, .doc = "community id"},
    {.name = NULL},
};

/* ---- link_community_groups ---- */

static const struct zapi_field link_community_groups_params[] = {
    {.name = "communityId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "community id"},
    {.name = "groupsPhones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_GROUP),
     .doc = "groups to link"},
    {.name = NULL},
};

/* ---- unlink_community_groups ---- */

static const struct zapi_field unlink_community_groups_params[] = {
    {.name = "communityId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "community id"},
    {.name = "groupsPhones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_GROUP),
     .doc = "groups to unlink"},
    {.name = NULL},
};

/* ---- get_community_metadata ---- */

static const struct zapi_field communities_params[] = {
    {.name = "communityId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "community id"},
    {.name = NULL},
};

static const struct zapi_field get_community_metadata_reply[] = {
    {.name = "name", .type = ZAPI_STRING, .doc = "community name"},
    {.name = "id", .type = ZAPI_STRING, .doc = "community id"},
    {.name = "description",
     .type = ZAPI_STRING,
     .doc = "community description"},
    {.name = "subGroups",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = sub_groups),
     .doc = "linked groups"},
    {.name = NULL},
};

/* ---- update_community_settings ---- */

static const struct zapi_field update_community_settings_params[] = {
    {.name = "communityId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "community id"},
    {.name = "whoCanAddNewGroups",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("admins", "all"),
     .doc = "who may add groups"},
    {.name = NULL},
};

/* ---- update_community_description ---- */

static const struct zapi_field update_community_description_params[] = {
    {.name = "communityId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "community id"},
    {.name = "communityDescription",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new description"},
    {.name = NULL},
};

/* ---- update_community_photo ---- */

static const struct zapi_field update_community_photo_params[] = {
    {.name = "communityId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "community id"},
    {.name = "communityPhoto",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "image URL or base64 image"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_communities_rows[] = {
    {
        .name = "create_community",
        .section = "communities",
        .method = ZAPI_POST,
        .path = "/communities",
        .params = create_community_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_community_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "id" : "120363000000000777",
            "subGroups" : [ {
                "name" : "Neighbourhood",
                "phone" : "120363000000000778-group",
                "isGroupAnnouncement" : true
            } ]
        }),
        .request_example = ZAPI_JSON({
            "name" : "Neighbourhood",
            "description" : "Everything around the block"
        }),
        .limits =
            ZAPI_WORDS("an announcement group of the same name is created "
                       "along with it and returned in subGroups",
                       "up to 50 groups per community, up to 5000 people "
                       "reached through the announcement group",
                       "the phone's WhatsApp must already offer communities"),
        .summary = "Create a community.",
        .doc = "communities/create-community",
    },
    {
        .name = "list_communities",
        .section = "communities",
        .method = ZAPI_GET,
        .path = "/communities",
        .params = list_communities_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_communities_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON(
            [ {"name" : "Neighbourhood", "id" : "120363000000000777"} ]),
        .params_example = ZAPI_JSON({"page" : 1, "pageSize" : 10}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_PAGE,
        .summary = "List the communities the account belongs to.",
        .doc = "communities/list-communities",
    },
    {
        .name = "link_community_groups",
        .section = "communities",
        .method = ZAPI_POST,
        .path = "/communities/link",
        .params = link_community_groups_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "communityId" : "120363000000000777",
            "groupsPhones" :
                [ "120363000000000001-group", "120363000000000002-group" ]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "a group can be in one community only; the others of the list are "
            "still linked and the refused one is reported in the reply",
            "members of a linked group join the announcement group",
            "up to 50 groups per community"),
        .summary = "Link groups to a community.",
        .doc = "communities/link-groups",
    },
    {
        .name = "unlink_community_groups",
        .section = "communities",
        .method = ZAPI_POST,
        .path = "/communities/unlink",
        .params = unlink_community_groups_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "communityId" : "120363000000000777",
            "groupsPhones" : ["120363000000000001-group"]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "a community needs at least one linked group besides the "
            "announcement group, so the last one cannot be unlinked",
            "members of an unlinked group leave the announcement group"),
        .summary = "Unlink groups from a community.",
        .doc = "communities/unlink-groups",
    },
    {
        .name = "get_community_metadata",
        .section = "communities",
        .method = ZAPI_GET,
        .path = "/communities-metadata/{communityId}",
        .params = communities_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = get_community_metadata_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "name" : "Neighbourhood",
            "id" : "120363000000000777",
            "description" : "Everything around the block",
            "subGroups" : [
                {
                    "name" : "Neighbourhood",
                    "phone" : "120363000000000778-group",
                    "isGroupAnnouncement" : true
                },
                {
                    "name" : "Book club",
                    "phone" : "120363000000000001-group",
                    "isGroupAnnouncement" : false
                }
            ]
        }),
        .params_example = ZAPI_JSON({"communityId" : "120363000000000777"}),
        .idempotent = true,
        .limits = ZAPI_WORDS("one way to find the announcement group's id "
                             "(isGroupAnnouncement true)"),
        .summary = "Name, description and linked groups of a community.",
        .doc = "communities/community-metadata",
    },
    {
        .name = "update_community_settings",
        .section = "communities",
        .method = ZAPI_POST,
        .path = "/communities/settings",
        .params = update_community_settings_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SUCCESS(200),
        .request_example = ZAPI_JSON({
            "communityId" : "120363000000000777",
            "whoCanAddNewGroups" : "admins"
        }),
        .idempotent = true,
        .summary = "Choose who may add groups to a community.",
        .doc = "communities/community-settings",
    },
    {
        .name = "deactivate_community",
        .section = "communities",
        .method = ZAPI_DELETE,
        .path = "/communities/{communityId}",
        .params = communities_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON({"communityId" : "120363000000000777"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "detaches every linked group; the groups themselves stay"),
        .summary = "Deactivate a community.",
        .doc = "communities/deactivate-community",
    },
    {
        .name = "update_community_description",
        .section = "communities",
        .method = ZAPI_POST,
        .path = "/update-community-description",
        .params = update_community_description_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "communityId" : "120363000000000777",
            "communityDescription" : "Everything around the block"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("only admins can change it"),
        .summary = "Change a community's description.",
        .doc = "communities/update-community-description",
    },
    {
        .name = "update_community_photo",
        .section = "communities",
        .method = ZAPI_POST,
        .path = "/update-community-photo",
        .params = update_community_photo_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "communityId" : "120363000000000777",
            "communityPhoto" : "https://example.com/logo.png"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("base64 works the same way as in send-image"),
        .summary = "Change a community's picture.",
        .doc = "communities/update-community-photo",
    },
};
const size_t zapi_communities_count =
    sizeof zapi_communities_rows / sizeof *zapi_communities_rows;
