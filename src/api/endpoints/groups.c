/* SPDX-License-Identifier: MIT
 *
 * Endpoints: groups: make, change, members, admins, invitations.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- list_groups ---- */

static const struct zapi_field list_groups_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "1",
     .doc = "page number to fetch"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "20",
     .doc = "groups per page"},
    {.name = NULL},
};

static const struct zapi_field list_groups_reply[] = {
    {.name = "archived",
     .type = ZAPI_BOOLEAN,
     .also = 1U << ZAPI_STRING,
     .doc = "chat is archived"},
    {.name = "pinned",
     .type = ZAPI_BOOLEAN,
     .also = 1U << ZAPI_STRING,
     .doc = "chat is pinned"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id"},
    {.name = "unread",
     .type = ZAPI_STRING,
     .doc = "unread message count as text"},
    {.name = "name", .type = ZAPI_STRING, .doc = "chat name"},
    {.name = "lastMessageTime",
     .type = ZAPI_STRING,
     .doc = "time of last interaction, epoch milliseconds as text"},
    {.name = "muteEndTime",
     .type = ZAPI_STRING,
     .doc = "when notifications come back on; -1 means muted for good"},
    {.name = "isMuted",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("0", "1"),
     .doc = "\"0\" or \"1\""},
    {.name = "isMarkedSpam",
     .type = ZAPI_BOOLEAN,
     .also = 1U << ZAPI_STRING,
     .doc = "chat is flagged as spam"},
    {.name = "isGroup", .type = ZAPI_BOOLEAN, .doc = "chat is a group"},
    {.name = "messagesUnread",
     .type = ZAPI_INTEGER,
     .also = 1U << ZAPI_STRING,
     .doc = "discontinued; use unread"},
    {.name = NULL},
};

/* ---- create_group ---- */

static const struct zapi_field create_group_params[] = {
    {.name = "autoInvite",
     .type = ZAPI_BOOLEAN,
     .default_json = "false",
     .doc = "privately invite the numbers that could not be added directly"},
    {.name = "groupName",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name of the new group"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     ZAPI_MIN(1),
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE,
                       .no_lid = true),
     .doc = "members to add; never the connected number itself"},
    {.name = NULL},
};

static const struct zapi_field create_group_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "id of the new group"},
    {.name = "phonesNotAdded",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .doc = "phone number or @lid"),
     .doc = "those left out: @lid ids, and numbers that were only invited"},
    {.name = "invitationLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "link to join the group"},
    {.name = NULL},
};

/* ---- update_group_name ---- */

static const struct zapi_field update_group_name_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = "groupName",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new name"},
    {.name = NULL},
};

/* ---- update_group_photo ---- */

static const struct zapi_field update_group_photo_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = "groupPhoto",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "image URL or base64 image"},
    {.name = NULL},
};

/* ---- add_participant ---- */

static const struct zapi_field add_participant_params[] = {
    {.name = "autoInvite",
     .type = ZAPI_BOOLEAN,
     .default_json = "false",
     .doc = "privately invite the numbers that could not be added directly"},
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id; give this or communityId"},
    {.name = "communityId",
     .type = ZAPI_STRING,
     .doc =
         "community id (digits, see list_communities); give this or groupId"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE,
                       .no_lid = true),
     .doc = "numbers to add"},
    {.name = NULL},
};

/* ---- remove_participant ---- */

static const struct zapi_field remove_participant_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id; give this or communityId"},
    {.name = "communityId",
     .type = ZAPI_STRING,
     .doc =
         "community id (digits, see list_communities); give this or groupId"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "numbers to remove"},
    {.name = NULL},
};

/* ---- approve_participant ---- */

static const struct zapi_field approve_participant_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "numbers whose join request is accepted"},
    {.name = NULL},
};

/* ---- reject_participant ---- */

static const struct zapi_field reject_participant_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "numbers whose join request is refused"},
    {.name = NULL},
};

/* ---- add_admin ---- */

static const struct zapi_field add_admin_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id; give this or communityId"},
    {.name = "communityId",
     .type = ZAPI_STRING,
     .doc =
         "community id (digits, see list_communities); give this or groupId"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "members to promote"},
    {.name = NULL},
};

/* ---- remove_admin ---- */

static const struct zapi_field remove_admin_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id; give this or communityId"},
    {.name = "communityId",
     .type = ZAPI_STRING,
     .doc =
         "community id (digits, see list_communities); give this or groupId"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "admins to demote"},
    {.name = NULL},
};

/* ---- leave_group ---- */

static const struct zapi_field leave_group_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = NULL},
};

/* ---- get_group_metadata ---- */

static const struct zapi_field groups_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = NULL},
};

static const struct zapi_field participants[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "member's number"},
    {.name = "isAdmin",
     .type = ZAPI_BOOLEAN,
     .also = 1U << ZAPI_STRING,
     .doc = "member is an admin"},
    {.name = "isSuperAdmin",
     .type = ZAPI_BOOLEAN,
     .also = 1U << ZAPI_STRING,
     .doc = "member created the group"},
    {.name = "short", .type = ZAPI_STRING, .doc = "member's short name"},
    {.name = "name", .type = ZAPI_STRING, .doc = "member's name"},
    {.name = NULL},
};

static const struct zapi_field get_group_metadata_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id"},
    {.name = "description", .type = ZAPI_STRING, .doc = "group description"},
    {.name = "owner",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number of the creator"},
    {.name = "subject", .type = ZAPI_STRING, .doc = "group name"},
    {.name = "creation",
     .type = ZAPI_INTEGER,
     .doc = "creation time, epoch milliseconds"},
    {.name = "invitationLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "invite link, only when the connected account is an admin"},
    {.name = "invitationLinkError",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("forbidden", "not-authorized", "too many requests"),
     .doc = "why invitationLink is null"},
    {.name = "communityId",
     .type = ZAPI_STRING,
     .doc = "id of the community the group belongs to"},
    {.name = "adminOnlyMessage",
     .type = ZAPI_BOOLEAN,
     .doc = "only admins may write"},
    {.name = "adminOnlySettings",
     .type = ZAPI_BOOLEAN,
     .doc = "only admins may edit the group"},
    {.name = "requireAdminApproval",
     .type = ZAPI_BOOLEAN,
     .doc = "joining needs an admin's approval"},
    {.name = "isGroupAnnouncement",
     .type = ZAPI_BOOLEAN,
     .doc = "is a community's announcement group"},
    {.name = "participants",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = participants),
     .doc = "group members"},
    {.name = "subjectTime",
     .type = ZAPI_INTEGER,
     .doc = "epoch milliseconds; the invite-metadata page calls it the "
            "creation date"},
    {.name = "subjectOwner",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number of the creator, going by the invite-metadata page"},
    {.name = NULL},
};

/* ---- get_light_group_metadata ---- */

static const struct zapi_field get_light_group_metadata_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id"},
    {.name = "description", .type = ZAPI_STRING, .doc = "group description"},
    {.name = "owner",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number of the creator"},
    {.name = "subject", .type = ZAPI_STRING, .doc = "group name"},
    {.name = "creation",
     .type = ZAPI_INTEGER,
     .doc = "creation time, epoch milliseconds"},
    {.name = "invitationLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "not delivered by this light variant (null)"},
    {.name = "invitationLinkError",
     .type = ZAPI_STRING,
     .doc = "null in the light variant"},
    {.name = "communityId",
     .type = ZAPI_STRING,
     .doc = "id of the community the group belongs to"},
    {.name = "adminOnlyMessage",
     .type = ZAPI_BOOLEAN,
     .doc = "only admins may write"},
    {.name = "adminOnlySettings",
     .type = ZAPI_BOOLEAN,
     .doc = "only admins may edit the group"},
    {.name = "requireAdminApproval",
     .type = ZAPI_BOOLEAN,
     .doc = "joining needs an admin's approval"},
    {.name = "isGroupAnnouncement",
     .type = ZAPI_BOOLEAN,
     .doc = "is a community's announcement group"},
    {.name = "participants",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = participants),
     .doc = "group members"},
    {.name = "subjectTime",
     .type = ZAPI_INTEGER,
     .doc = "epoch milliseconds; the invite-metadata page calls it the "
            "creation date"},
    {.name = "subjectOwner",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number of the creator, going by the invite-metadata page"},
    {.name = NULL},
};

/* ---- get_group_invitation_metadata ---- */

static const struct zapi_field get_group_invitation_metadata_params[] = {
    {.name = "url",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "invite link of the group (percent-encode it)"},
    {.name = NULL},
};

static const struct zapi_field
    get_group_invitation_metadata_reply_participants[] = {
        {.name = "phone",
         .type = ZAPI_STRING,
         .format = ZAPI_FORMAT_PHONE,
         .doc = "member's number"},
        {.name = "isAdmin",
         .type = ZAPI_BOOLEAN,
         .also = 1U << ZAPI_STRING,
         .doc = "member is an admin"},
        {.name = "isSuperAdmin",
         .type = ZAPI_BOOLEAN,
         .also = 1U << ZAPI_STRING,
         .doc = "member created the group"},
        {.name = NULL},
};

static const struct zapi_field get_group_invitation_metadata_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id"},
    {.name = "owner",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number of the creator"},
    {.name = "subject", .type = ZAPI_STRING, .doc = "group name"},
    {.name = "description", .type = ZAPI_STRING, .doc = "group description"},
    {.name = "creation",
     .type = ZAPI_INTEGER,
     .doc = "creation time, epoch milliseconds"},
    {.name = "invitationLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "invite link"},
    {.name = "contactsCount",
     .type = ZAPI_NUMBER,
     .doc = "members that are among the account's contacts"},
    {.name = "participantsCount",
     .type = ZAPI_NUMBER,
     .doc = "number of members"},
    {.name = "participants",
     .type = ZAPI_ARRAY,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT,
                  .fields = get_group_invitation_metadata_reply_participants),
     .doc = "group members"},
    {.name = "subjectTime", .type = ZAPI_INTEGER, .doc = "epoch milliseconds"},
    {.name = "subjectOwner",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number of the creator"},
    {.name = NULL},
};

/* ---- update_group_settings ---- */

static const struct zapi_field update_group_settings_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = "adminOnlyMessage",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "only admins may write"},
    {.name = "adminOnlySettings",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "only admins may edit the group"},
    {.name = "requireAdminApproval",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "joining needs an admin's approval"},
    {.name = "adminOnlyAddMember",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "only admins may add members"},
    {.name = NULL},
};

/* ---- update_group_description ---- */

static const struct zapi_field update_group_description_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = "groupDescription",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "new description"},
    {.name = NULL},
};

/* ---- redefine_invitation_link ---- */

static const struct zapi_field redefine_invitation_link_params[] = {
    {.name = "id",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "group id (…-group or the older shape) or community id (digits)"},
    {.name = NULL},
};

static const struct zapi_field redefine_invitation_link_reply[] = {
    {.name = "invitationLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "the new invite link"},
    {.name = NULL},
};

/* ---- get_group_invitation_link ---- */

static const struct zapi_field get_group_invitation_link_params[] = {
    {.name = "groupId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "group id"},
    {.name = NULL},
};

static const struct zapi_field get_group_invitation_link_reply[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .doc = "group id"},
    {.name = "invitationLink",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "current invite link"},
    {.name = NULL},
};

/* ---- accept_invite_group ---- */

static const struct zapi_field accept_invite_group_params[] = {
    {.name = "url",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "invite link received (percent-encode it)"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_groups_rows[] = {
    {
        .name = "list_groups",
        .section = "groups",
        .method = ZAPI_GET,
        .path = "/groups",
        .params = list_groups_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_groups_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "isGroup" : true,
            "name" : "Book club",
            "phone" : "120363000000000001-group",
            "unread" : "0",
            "lastMessageTime" : "1730000000000",
            "isMuted" : "0",
            "isMarkedSpam" : false,
            "archived" : false,
            "pinned" : false,
            "muteEndTime" : null,
            "messagesUnread" : 0
        } ]),
        .params_example = ZAPI_JSON({"page" : 1, "pageSize" : 10}),
        .idempotent = true,
        .pagination = ZAPI_PAGES_PAGE,
        .limits =
            ZAPI_WORDS("messagesUnread is discontinued, read unread instead"),
        .summary = "List the groups of the connected account, page by page.",
        .doc = "group/get-groups",
    },
    {
        .name = "create_group",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/create-group",
        .params = create_group_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_group_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "phonesNotAdded" : ["5511999990002"],
            "invitationLink" :
                "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"
        }),
        .request_example = ZAPI_JSON({
            "autoInvite" : true,
            "groupName" : "Book club",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .limits =
            ZAPI_WORDS("needs at least one other contact",
                       "must not list the number connected to the instance",
                       "a picture cannot be set while creating; call "
                       "update_group_photo afterwards",
                       "with autoInvite true, numbers that could not be added "
                       "get a private invite",
                       "phone numbers only: an @lid is left out of the group "
                       "and comes back in phonesNotAdded",
                       "a number invited through autoInvite stays in "
                       "phonesNotAdded until it accepts"),
        .summary = "Create a group with its first members.",
        .doc = "group/create-group",
    },
    {
        .name = "update_group_name",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/update-group-name",
        .params = update_group_name_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "groupName" : "Book club 2"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "group ids come in two shapes: <digits>-group (since Nov 2021) and "
            "the older <creator phone>-<timestamp>; both are accepted"),
        .summary = "Rename a group.",
        .doc = "group/update-group-name",
    },
    {
        .name = "update_group_photo",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/update-group-photo",
        .params = update_group_photo_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "groupPhoto" : "https://example.com/logo.png"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("base64 works the same way as in send-image"),
        .summary = "Change a group's picture.",
        .doc = "group/update-group-photo",
    },
    {
        .name = "add_participant",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/add-participant",
        .params = add_participant_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .one_of = ZAPI_WORDS("groupId", "communityId"),
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "autoInvite" : true,
            "groupId" : "120363000000000001-group",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .limits = ZAPI_WORDS(
            "one of groupId or communityId, depending on which of the two is "
            "addressed (documented on two pages)",
            "with autoInvite true, numbers that could not be added get a "
            "private invite",
            "phone numbers only: an @lid is not added (said of groups)"),
        .summary = "Add members to a group or community.",
        .doc = "group/add-participant",
    },
    {
        .name = "remove_participant",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/remove-participant",
        .params = remove_participant_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .one_of = ZAPI_WORDS("groupId", "communityId"),
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("one of groupId or communityId, depending on which of "
                       "the two is addressed (documented on two pages)"),
        .summary = "Remove members from a group or community.",
        .doc = "group/remove-participant",
    },
    {
        .name = "approve_participant",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/approve-participant",
        .params = approve_participant_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "phones" : ["5511999990001"]
        }),
        .limits = ZAPI_WORDS("for groups that ask for admin approval before "
                             "joining (requireAdminApproval)"),
        .summary = "Accept pending join requests of a group.",
        .doc = "group/approve-participant",
    },
    {
        .name = "reject_participant",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/reject-participant",
        .params = reject_participant_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "phones" : ["5511999990001"]
        }),
        .limits = ZAPI_WORDS("for groups that ask for admin approval before "
                             "joining (requireAdminApproval)"),
        .summary = "Refuse pending join requests of a group.",
        .doc = "group/reject-participant",
    },
    {
        .name = "add_admin",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/add-admin",
        .params = add_admin_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .one_of = ZAPI_WORDS("groupId", "communityId"),
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("one of groupId or communityId, depending on which of "
                       "the two is addressed (documented on two pages)"),
        .summary = "Promote members of a group or community to admin.",
        .doc = "group/add-admin",
    },
    {
        .name = "remove_admin",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/remove-admin",
        .params = remove_admin_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .one_of = ZAPI_WORDS("groupId", "communityId"),
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "phones" : [ "5511999990001", "5511999990002" ]
        }),
        .idempotent = true,
        .limits =
            ZAPI_WORDS("one of groupId or communityId, depending on which of "
                       "the two is addressed (documented on two pages)"),
        .summary =
            "Take admin rights away from members of a group or community.",
        .doc = "group/remove-admin",
    },
    {
        .name = "leave_group",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/leave-group",
        .params = leave_group_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({"groupId" : "120363000000000001-group"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "group ids come in two shapes: <digits>-group (since Nov 2021) and "
            "the older <creator phone>-<timestamp>; both are accepted"),
        .summary = "Leave a group.",
        .doc = "group/leave-group",
    },
    {
        .name = "get_group_metadata",
        .section = "groups",
        .method = ZAPI_GET,
        .path = "/group-metadata/{phone}",
        .params = groups_params,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_group_metadata_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "description" : "Monthly reading",
            "owner" : "5511999990001",
            "subject" : "Book club",
            "creation" : 1600000000000,
            "invitationLink" :
                "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv",
            "invitationLinkError" : null,
            "communityId" : null,
            "adminOnlyMessage" : false,
            "adminOnlySettings" : false,
            "requireAdminApproval" : false,
            "isGroupAnnouncement" : false,
            "participants" : [
                {
                    "phone" : "5511999990001",
                    "isAdmin" : true,
                    "isSuperAdmin" : true
                },
                {
                    "phone" : "5511999990002",
                    "isAdmin" : false,
                    "isSuperAdmin" : false,
                    "short" : "Ana",
                    "name" : "Ana Lima"
                }
            ],
            "subjectTime" : 1600000001000,
            "subjectOwner" : "5511999990001"
        }),
        .params_example = ZAPI_JSON({"phone" : "120363000000000001-group"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "invitationLink only comes back for admins; otherwise it is null "
            "and invitationLinkError says why",
            "for groups of the old id shape the reply may carry only phone, "
            "owner, subject, creation, participants, subjectTime, subjectOwner",
            "fetching the link makes this call slow; use "
            "get_light_group_metadata when it is not needed"),
        .summary =
            "Full metadata of a group, members and invite link included.",
        .doc = "group/metadata-group",
    },
    {
        .name = "get_light_group_metadata",
        .section = "groups",
        .method = ZAPI_GET,
        .path = "/light-group-metadata/{phone}",
        .params = groups_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = get_light_group_metadata_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "description" : "Monthly reading",
            "owner" : "5511999990001",
            "subject" : "Book club",
            "creation" : 1600000000000,
            "invitationLink" : null,
            "invitationLinkError" : null,
            "communityId" : null,
            "adminOnlyMessage" : false,
            "adminOnlySettings" : false,
            "requireAdminApproval" : false,
            "isGroupAnnouncement" : false,
            "participants" : [
                {
                    "phone" : "5511999990001",
                    "isAdmin" : true,
                    "isSuperAdmin" : true
                },
                {
                    "phone" : "5511999990002",
                    "isAdmin" : false,
                    "isSuperAdmin" : false,
                    "short" : "Ana",
                    "name" : "Ana Lima"
                }
            ],
            "subjectTime" : 1600000001000,
            "subjectOwner" : "5511999990001"
        }),
        .params_example = ZAPI_JSON({"phone" : "120363000000000001-group"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "same as get_group_metadata without the invite link, hence faster; "
            "the link alone comes from get_group_invitation_link"),
        .summary = "Metadata of a group without its invite link.",
        .doc = "group/light-metadata-group",
    },
    {
        .name = "get_group_invitation_metadata",
        .section = "groups",
        .method = ZAPI_GET,
        .path = "/group-invitation-metadata",
        .params = get_group_invitation_metadata_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = get_group_invitation_metadata_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "owner" : "5511999990001",
            "subject" : "Book club",
            "description" : "Monthly reading",
            "creation" : 1600000000000,
            "invitationLink" :
                "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv",
            "contactsCount" : 1,
            "participantsCount" : 2,
            "participants" : [
                {
                    "phone" : "5511999990001",
                    "isAdmin" : false,
                    "isSuperAdmin" : true
                },
                {
                    "phone" : "5511999990002",
                    "isAdmin" : false,
                    "isSuperAdmin" : false
                }
            ],
            "subjectTime" : 1600000001000,
            "subjectOwner" : "5511999990001"
        }),
        .params_example = ZAPI_JSON(
            {"url" : "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"}),
        .idempotent = true,
        .summary = "Metadata of a group known only by its invite link.",
        .doc = "group/group-invitation-metadata",
    },
    {
        .name = "update_group_settings",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/update-group-settings",
        .params = update_group_settings_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "adminOnlyMessage" : true,
            "adminOnlySettings" : true,
            "requireAdminApproval" : false,
            "adminOnlyAddMember" : true
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("only admins can change these settings",
                             "the group id goes in phone here, not groupId"),
        .summary = "Change a group's permission settings.",
        .doc = "group/update-group-settings",
    },
    {
        .name = "update_group_description",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/update-group-description",
        .params = update_group_description_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "groupId" : "120363000000000001-group",
            "groupDescription" : "Monthly reading"
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("only admins can change it"),
        .summary = "Change a group's description.",
        .doc = "group/update-group-description",
    },
    {
        .name = "redefine_invitation_link",
        .section = "groups",
        .method = ZAPI_POST,
        .path = "/redefine-invitation-link/{id}",
        .params = redefine_invitation_link_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = redefine_invitation_link_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "invitationLink" :
                "https://chat.whatsapp.com/ZyXwVuTsRqPoNmLkJiHgFe"
        }),
        .params_example = ZAPI_JSON({"id" : "120363000000000001-group"}),
        .limits =
            ZAPI_WORDS("no request body",
                       "the path parameter is called groupId on the group page "
                       "and communityId on the community page"),
        .summary =
            "Revoke the invite link of a group or community and get a new one.",
        .doc = "group/redefine-invitation-link",
    },
    {
        .name = "get_group_invitation_link",
        .section = "groups",
        .method = ZAPI_GET,
        .path = "/group-invitation-link/{groupId}",
        .method_alternatives = ZAPI_WORDS("POST"),
        .params = get_group_invitation_link_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT,
                          .fields = get_group_invitation_link_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "invitationLink" :
                "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"
        }),
        .params_example = ZAPI_JSON({"groupId" : "120363000000000001-group"}),
        .idempotent = true,
        .summary = "Get a group's current invite link.",
        .doc = "group/get-invitation-link",
    },
    {
        .name = "accept_invite_group",
        .section = "groups",
        .method = ZAPI_GET,
        .path = "/accept-invite-group",
        .params = accept_invite_group_params,
        ZAPI_REPLY_SUCCESS(200),
        .params_example = ZAPI_JSON(
            {"url" : "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"}),
        .limits =
            ZAPI_WORDS("a GET that changes state: joins the group",
                       "the link comes in the on-message-received webhook"),
        .summary = "Join a group through an invite link.",
        .doc = "group/accept-group-invite",
    },
};
const size_t zapi_groups_count =
    sizeof zapi_groups_rows / sizeof *zapi_groups_rows;
