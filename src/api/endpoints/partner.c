/* SPDX-License-Identifier: MIT
 *
 * Endpoints: calls of partners, who resell instances.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- create_instance ---- */

static const struct zapi_field create_instance_params[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "instance name"},
    {.name = "sessionName",
     .type = ZAPI_STRING,
     .doc = "session name shown in linked devices"},
    {.name = "deliveryCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "delivery webhook"},
    {.name = "receivedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "received webhook"},
    {.name = "receivedAndDeliveryCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "received webhook that also reports own messages"},
    {.name = "presenceChatCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "chat presence webhook"},
    {.name = "disconnectedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "disconnected webhook"},
    {.name = "connectedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "connected webhook"},
    {.name = "messageStatusCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "message status webhook"},
    {.name = "callRejectAuto", .type = ZAPI_BOOLEAN, .doc = "reject calls"},
    {.name = "callRejectMessage",
     .type = ZAPI_STRING,
     .doc = "text sent after a rejected call"},
    {.name = "autoReadMessage",
     .type = ZAPI_BOOLEAN,
     .doc = "read messages automatically"},
    {.name = "autoReadStatus",
     .type = ZAPI_BOOLEAN,
     .doc = "view status posts automatically"},
    {.name = "isDevice",
     .type = ZAPI_BOOLEAN,
     .doc = "true = mobile instance, false = web instance"},
    {.name = "businessDevice",
     .type = ZAPI_BOOLEAN,
     .doc = "true = Business version of WhatsApp"},
    {.name = "disableEnqueueWhenDisconnected",
     .type = ZAPI_BOOLEAN,
     .doc = "do not queue messages while disconnected"},
    {.name = NULL},
};

static const struct zapi_field create_instance_reply[] = {
    {.name = "id", .type = ZAPI_STRING, .doc = "new instance id"},
    {.name = "token", .type = ZAPI_STRING, .doc = "new instance token"},
    {.name = "due",
     .type = ZAPI_NUMBER,
     .also = 1U << ZAPI_STRING,
     .doc = "expiry, unix ms"},
    {.name = NULL},
};

/* ---- subscribe_instance ---- */

static const struct zapi_field subscribe_instance_params[] = {
    {.name = "withCalls",
     .type = ZAPI_BOOLEAN,
     .doc = "include voice-call support"},
    {.name = NULL},
};

/* ---- list_instances ---- */

static const struct zapi_field list_instances_params[] = {
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "1",
     .doc = "page number"},
    {.name = "pageSize",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .default_json = "20",
     .doc = "instances per page"},
    {.name = "query",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .doc = "search by instance name or id"},
    {.name = "middleware",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .enums = ZAPI_WORDS("web", "mobile"),
     .doc = "kind of instance; absent = all"},
    {.name = NULL},
};

static const struct zapi_field list_instances_reply_content[] = {
    {.name = "token", .type = ZAPI_STRING, .doc = "instance token"},
    {.name = "tenant", .type = ZAPI_STRING, .doc = "not described"},
    {.name = "created",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_DATETIME,
     .doc = "creation date"},
    {.name = "due", .type = ZAPI_NUMBER, .doc = "expiry, unix ms"},
    {.name = "paymentStatus", .type = ZAPI_STRING, .doc = "billing state"},
    {.name = "deliveryCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "receivedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "disconnectedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "messageStatusCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "receivedAndDeliveryCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "presenceChatCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "connectedCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "receivedStatusCallbackUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL},
    {.name = "phoneConnected", .type = ZAPI_BOOLEAN, .doc = "phone is online"},
    {.name = "whatsappConnected",
     .type = ZAPI_BOOLEAN,
     .doc = "WhatsApp is connected"},
    {.name = "middleware",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("web", "mobile"),
     .doc = "kind of instance"},
    {.name = "name", .type = ZAPI_STRING, .doc = "instance name"},
    {.name = "id", .type = ZAPI_STRING, .doc = "instance id"},
    {.name = NULL},
};

static const struct zapi_field list_instances_reply[] = {
    {.name = "total", .type = ZAPI_INTEGER, .doc = "instances in all"},
    {.name = "totalPage", .type = ZAPI_INTEGER, .doc = "pages in all"},
    {.name = "pageSize", .type = ZAPI_INTEGER, .doc = "page size"},
    {.name = "page", .type = ZAPI_INTEGER, .doc = "page number"},
    {.name = "content",
     .type = ZAPI_ARRAY,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_instances_reply_content),
     .doc = "instances of this page"},
    {.name = NULL},
};

/* ---- update_instance_subscription ---- */

static const struct zapi_field update_instance_subscription_params[] = {
    {.name = "withCalls",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .enums = ZAPI_WORDS("true"),
     .doc = "must be true"},
    {.name = NULL},
};

/* ---- configure_proxy ---- */

static const struct zapi_field configure_proxy_params[] = {
    {.name = "proxyUrl",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "proxy address with scheme and credentials, such as "
            "socks5://user:password@host:1080; empty removes it"},
    {.name = "enable",
     .type = ZAPI_BOOLEAN,
     .required = true,
     .doc = "use the proxy or not"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_partner_rows[] = {
    {
        .name = "create_instance",
        .section = "partner",
        .scope = ZAPI_SCOPE_PARTNER,
        .method = ZAPI_POST,
        .path = "/instances/integrator/on-demand",
        .host_root = true,
        .params = create_instance_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_instance_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "id" : "INSTANCE0002",
            "token" : "TOKEN0002",
            "due" : 1735862400000
        }),
        .request_example = ZAPI_JSON({
            "name" : "instance-b",
            "sessionName" : "Shop One",
            "deliveryCallbackUrl" : "https://example.com/hooks/delivery",
            "receivedCallbackUrl" : "https://example.com/hooks/received",
            "receivedAndDeliveryCallbackUrl" :
                "https://example.com/hooks/received-all",
            "presenceChatCallbackUrl" : "https://example.com/hooks/presence",
            "disconnectedCallbackUrl" :
                "https://example.com/hooks/disconnected",
            "connectedCallbackUrl" : "https://example.com/hooks/connected",
            "messageStatusCallbackUrl" : "https://example.com/hooks/status",
            "callRejectAuto" : false,
            "callRejectMessage" : "Please write instead of calling.",
            "autoReadMessage" : false,
            "autoReadStatus" : false,
            "isDevice" : false,
            "businessDevice" : false,
            "disableEnqueueWhenDisconnected" : false
        }),
        .requires = ZAPI_NEEDS_PARTNER_TOKEN,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <partner token>; Client-Token is not "
            "needed",
            "path is from the host root, not below an instance",
            "a new instance is a 2-day trial and is deleted unless subscribed "
            "by then",
            "webhook URLs have to be HTTPS",
            "the account security token may create up to 25 instances; after "
            "the first 10 a partner token without that limit can be requested"),
        .summary = "Create an instance in the partner account.",
        .doc = "partner/create-instance",
    },
    {
        .name = "subscribe_instance",
        .section = "partner",
        .scope = ZAPI_SCOPE_PARTNER,
        .method = ZAPI_POST,
        .path = "/integrator/on-demand/subscription",
        .params = subscribe_instance_params,
        .body = ZAPI_BODY_OBJECT,
        .reply_status = 201,
        .request_example = ZAPI_JSON({"withCalls" : true}),
        .requires = ZAPI_NEEDS_PARTNER_TOKEN,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <partner token>; Client-Token is not "
            "needed",
            "path is relative to /instances/{instance}/token/{token}",
            "withCalls only for accounts with the calls feature; without it "
            "the default plan applies",
            "only instances created through the API can be subscribed (older "
            "English copy)",
            "the 201 reply is shown only as OK, without a JSON body"),
        .summary = "Turn a trial instance into a paid one.",
        .doc = "partner/sign-instance",
    },
    {
        .name = "cancel_instance",
        .section = "partner",
        .scope = ZAPI_SCOPE_PARTNER,
        .method = ZAPI_POST,
        .path = "/integrator/on-demand/cancel",
        .reply_status = 201,
        .requires = ZAPI_NEEDS_PARTNER_TOKEN,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <partner token>; Client-Token is not "
            "needed",
            "path is relative to /instances/{instance}/token/{token}",
            "not needed for trial instances",
            "the 201 reply is shown only as OK, without a JSON body",
            "the instance stays usable, and billed, until the last day of the "
            "current month"),
        .summary = "Cancel the subscription of an instance.",
        .doc = "partner/unsubscribe-instance",
    },
    {
        .name = "list_instances",
        .section = "partner",
        .scope = ZAPI_SCOPE_PARTNER,
        .method = ZAPI_GET,
        .path = "/instances",
        .host_root = true,
        .params = list_instances_params,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_instances_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "total" : 1,
            "totalPage" : 1,
            "pageSize" : 10,
            "page" : 1,
            "content" : [ {
                "token" : "TOKEN0002",
                "tenant" : "TENANT0001",
                "created" : "2025-01-01T00:00:00.000Z",
                "due" : 1735862400000,
                "paymentStatus" : "",
                "deliveryCallbackUrl" : "",
                "receivedCallbackUrl" : "",
                "disconnectedCallbackUrl" : "",
                "messageStatusCallbackUrl" : "",
                "receivedAndDeliveryCallbackUrl" : "",
                "presenceChatCallbackUrl" : "",
                "connectedCallbackUrl" : "",
                "receivedStatusCallbackUrl" : "",
                "phoneConnected" : false,
                "whatsappConnected" : false,
                "middleware" : "web",
                "name" : "instance-b",
                "id" : "INSTANCE0002"
            } ]
        }),
        .params_example = ZAPI_JSON({
            "page" : 1,
            "pageSize" : 10,
            "query" : "instance-b",
            "middleware" : "web"
        }),
        .idempotent = true,
        .pagination = ZAPI_PAGES_PAGE,
        .requires = ZAPI_NEEDS_PARTNER_TOKEN,
        .limits =
            ZAPI_WORDS("header Authorization: Bearer <partner token>; "
                       "Client-Token is not needed",
                       "path is from the host root, not below an instance",
                       "the fields of content come from the sample only, which "
                       "leaves most of them empty"),
        .summary = "List the instances of the partner account.",
        .doc = "partner/list-instances",
    },
    {
        .name = "update_instance_subscription",
        .section = "partner",
        .scope = ZAPI_SCOPE_PARTNER,
        .method = ZAPI_PUT,
        .path = "/integrator/subscription/update",
        .path_aliases = ZAPI_WORDS("/integrator/on-demand/subscription/update"),
        .params = update_instance_subscription_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply_status = 201,
        .request_example = ZAPI_JSON({"withCalls" : true}),
        .requires = ZAPI_NEEDS_PARTNER_TOKEN | ZAPI_NEEDS_CALLS,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <partner token>; Client-Token is not "
            "needed",
            "path is relative to /instances/{instance}/token/{token}",
            "withCalls accepts only true; there is no downgrade short of "
            "cancelling and subscribing anew",
            "only for accounts with the calls feature",
            "the 201 reply is shown only as OK, without a JSON body"),
        .summary =
            "Upgrade a subscribed instance to the plan with voice calls.",
        .doc = "partner/update-instance",
    },
    {
        .name = "configure_proxy",
        .section = "partner",
        .scope = ZAPI_SCOPE_PARTNER,
        .method = ZAPI_PUT,
        .path = "/integrator/configure-proxy",
        .params = configure_proxy_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_VALUE(200),
        .request_example = ZAPI_JSON({
            "proxyUrl" : "socks5://user:password@proxy.example.com:1080",
            "enable" : true
        }),
        .idempotent = true,
        .requires = ZAPI_NEEDS_PARTNER_TOKEN,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <partner token>; an empty or wrong "
            "one gives status 401",
            "path is relative to /instances/{instance}/token/{token}",
            "send both fields every time: a missing or empty proxyUrl clears "
            "the stored one, a missing or null enable counts as false",
            "enable has no effect without a proxyUrl",
            "the proxy is tried out: status 400 with the JSON text \"Proxy is "
            "not reachable\" when that fails",
            "when the instance later fails 3 times to connect through the "
            "proxy it connects without one, and the webhook of "
            "update_proxy_webhook is called",
            "read the current values with get_me (proxyUrl, useProxy)",
            "proxyUrl holds credentials: keep it out of logs"),
        .summary = "Set the proxy of an instance and switch it on or off.",
        .doc = "en/partner/configure-proxy",
    },
};
const size_t zapi_partner_count =
    sizeof zapi_partner_rows / sizeof *zapi_partner_rows;
