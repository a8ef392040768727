/* SPDX-License-Identifier: MIT
 *
 * Endpoints: Z-API-INSTANCE, a separate API with a host and names of its own.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- create_token ---- */

static const struct zapi_field create_token_params[] = {
    {.name = "chave_api",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "the system's API key"},
    {.name = NULL},
};

static const struct zapi_field create_token_reply[] = {
    {.name = "token",
     .type = ZAPI_STRING,
     .doc = "bearer token: number, |, secret"},
    {.name = "sistema_id", .type = ZAPI_INTEGER, .doc = "id of the system"},
    {.name = "expires_at",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_DATETIME,
     .doc = "expiry, YYYY-MM-DD HH:MM:SS, zone not stated"},
    {.name = NULL},
};

/* ---- create_instance ---- */

static const struct zapi_field create_instance_params[] = {
    {.name = "tag",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "internal name, unique; identifies your customer"},
    {.name = "descricao",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "description"},
    {.name = "instance_id",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "instance id issued by Z-API"},
    {.name = "instance_token",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "instance token issued by Z-API"},
    {.name = "client_token",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "Z-API account security token (Client-Token)"},
    {.name = NULL},
};

static const struct zapi_field create_instance_reply[] = {
    {.name = "sistema_id", .type = ZAPI_INTEGER, .doc = "id of the system"},
    {.name = "tag", .type = ZAPI_STRING, .doc = "internal name"},
    {.name = "descricao", .type = ZAPI_STRING, .doc = "description"},
    {.name = "instance_id", .type = ZAPI_STRING, .doc = "Z-API instance id"},
    {.name = "uuid",
     .type = ZAPI_STRING,
     .doc = "uuid to use as instancia_uuid"},
    {.name = "updated_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "created_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "id", .type = ZAPI_INTEGER, .doc = "row id"},
    {.name = NULL},
};

/* ---- list_instances ---- */

static const struct zapi_field list_instances_reply_data[] = {
    {.name = "id", .type = ZAPI_INTEGER, .doc = "row id"},
    {.name = "tag", .type = ZAPI_STRING, .doc = "internal name"},
    {.name = "descricao", .type = ZAPI_STRING, .doc = "description"},
    {.name = NULL},
};

static const struct zapi_field list_instances_reply[] = {
    {.name = "data",
     .type = ZAPI_ARRAY,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_instances_reply_data),
     .doc = "instances"},
    {.name = NULL},
};

/* ---- get_instance ---- */

static const struct zapi_field gateway_params[] = {
    {.name = "uuid",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "uuid of the instance (uuid from create_instance)"},
    {.name = NULL},
};

/* ---- get_qr_code ---- */

static const struct zapi_field gateway_params_2[] = {
    {.name = "instancia_uuid",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "uuid of the instance (uuid from create_instance)"},
    {.name = NULL},
};

static const struct zapi_field get_qr_code_reply[] = {
    {.name = "value", .type = ZAPI_STRING, .doc = "QR code image"},
    {.name = NULL},
};

/* ---- get_status ---- */

static const struct zapi_field get_status_reply[] = {
    {.name = "connected", .type = ZAPI_BOOLEAN, .doc = "linked to WhatsApp"},
    {.name = "smartphoneConnected",
     .type = ZAPI_BOOLEAN,
     .doc = "the phone is online"},
    {.name = NULL},
};

/* ---- disconnect ---- */

static const struct zapi_field disconnect_reply[] = {
    {.name = "value", .type = ZAPI_BOOLEAN, .doc = "true when disconnected"},
    {.name = NULL},
};

/* ---- send_simple_message ---- */

static const struct zapi_field send_simple_message_params[] = {
    {.name = "instancia_uuid",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "uuid of an active instance"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "country code, area code, number"},
    {.name = "message", .type = ZAPI_STRING, .required = true, .doc = "text"},
    {.name = "isGroup",
     .type = ZAPI_BOOLEAN,
     .doc = "the recipient is a group"},
    {.name = NULL},
};

static const struct zapi_field contato[] = {
    {.name = "instancia_id",
     .type = ZAPI_INTEGER,
     .doc = "row id of the instance"},
    {.name = "sistema_id", .type = ZAPI_INTEGER, .doc = "id of the system"},
    {.name = "contato", .type = ZAPI_STRING, .doc = "contact's number"},
    {.name = "descricao", .type = ZAPI_STRING},
    {.name = "grupo",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("S", "N"),
     .doc = "contact is a group"},
    {.name = "foto", .type = ZAPI_STRING},
    {.name = "updated_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "created_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "id", .type = ZAPI_INTEGER, .doc = "row id"},
    {.name = NULL},
};

static const struct zapi_field send_simple_message_reply_data_chat[] = {
    {.name = "contato_id",
     .type = ZAPI_INTEGER,
     .doc = "row id of the contact"},
    {.name = "instancia_id",
     .type = ZAPI_INTEGER,
     .doc = "row id of the instance"},
    {.name = "sistema_id", .type = ZAPI_INTEGER, .doc = "id of the system"},
    {.name = "zaap_id", .type = ZAPI_STRING, .doc = "Z-API message id"},
    {.name = "message_id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "WhatsApp message id"},
    {.name = "zapi_id",
     .type = ZAPI_STRING,
     .doc = "same value as message_id in the samples"},
    {.name = "tipo", .type = ZAPI_STRING, .doc = "envio for a sent message"},
    {.name = "quem_enviou",
     .type = ZAPI_STRING,
     .doc = "sistema when sent through the API"},
    {.name = "telefone_conctado",
     .type = ZAPI_STRING,
     .doc = "number of the connected phone, going by the name"},
    {.name = "status", .type = ZAPI_STRING},
    {.name = "mensagem", .type = ZAPI_STRING, .doc = "stored text"},
    {.name = "updated_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "created_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "id", .type = ZAPI_INTEGER, .doc = "row id"},
    {.name = NULL},
};

static const struct zapi_field send_simple_message_reply_data[] = {
    {.name = "contato",
     .type = ZAPI_OBJECT,
     .fields = contato,
     .doc = "the contact"},
    {.name = "chat",
     .type = ZAPI_OBJECT,
     .fields = send_simple_message_reply_data_chat,
     .doc = "the stored message"},
    {.name = NULL},
};

static const struct zapi_field send_simple_message_reply[] = {
    {.name = "error", .type = ZAPI_BOOLEAN, .doc = "false on success"},
    {.name = "http_code",
     .type = ZAPI_INTEGER,
     .doc = "status repeated in the body"},
    {.name = "message",
     .type = ZAPI_STRING,
     .doc = "human-readable result, Portuguese"},
    {.name = "data",
     .type = ZAPI_OBJECT,
     .fields = send_simple_message_reply_data,
     .doc = "what was stored"},
    {.name = NULL},
};

/* ---- send_media ---- */

static const struct zapi_field send_media_params[] = {
    {.name = "instancia_uuid",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "uuid of an active instance"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "country code, area code, number"},
    {.name = "chatName", .type = ZAPI_STRING, .doc = "contact's name"},
    {.name = "isGroup",
     .type = ZAPI_STRING,
     .also = 1U << ZAPI_BOOLEAN,
     .enums = ZAPI_WORDS("S", "N"),
     .doc = "the recipient is a group: S yes, N no"},
    {.name = "document",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_FILE,
     .required = true,
     .doc = "the file part (path of the file to upload)"},
    {.name = "caption", .type = ZAPI_STRING, .doc = "text going with the file"},
    {.name = "midia_type",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("document", "image", "video", "audio"),
     .doc = "kind of media"},
    {.name = NULL},
};

static const struct zapi_field send_media_reply_data_chat[] = {
    {.name = "contato_id",
     .type = ZAPI_INTEGER,
     .doc = "row id of the contact"},
    {.name = "instancia_id",
     .type = ZAPI_INTEGER,
     .doc = "row id of the instance"},
    {.name = "sistema_id", .type = ZAPI_INTEGER, .doc = "id of the system"},
    {.name = "zaap_id", .type = ZAPI_STRING, .doc = "Z-API message id"},
    {.name = "message_id",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "WhatsApp message id"},
    {.name = "zapi_id",
     .type = ZAPI_STRING,
     .doc = "same value as message_id in the samples"},
    {.name = "tipo", .type = ZAPI_STRING, .doc = "envio for a sent message"},
    {.name = "quem_enviou",
     .type = ZAPI_STRING,
     .doc = "sistema when sent through the API"},
    {.name = "telefone_conchado",
     .type = ZAPI_STRING,
     .doc = "number of the connected phone, going by the name"},
    {.name = "status", .type = ZAPI_STRING},
    {.name = "mensagem", .type = ZAPI_STRING, .doc = "stored text"},
    {.name = "updated_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "created_at", .type = ZAPI_STRING, .format = ZAPI_FORMAT_DATETIME},
    {.name = "id", .type = ZAPI_INTEGER, .doc = "row id"},
    {.name = NULL},
};

static const struct zapi_field send_media_reply_data[] = {
    {.name = "contato",
     .type = ZAPI_OBJECT,
     .fields = contato,
     .doc = "the contact"},
    {.name = "chat",
     .type = ZAPI_OBJECT,
     .fields = send_media_reply_data_chat,
     .doc = "the stored message"},
    {.name = NULL},
};

static const struct zapi_field send_media_reply[] = {
    {.name = "error", .type = ZAPI_BOOLEAN, .doc = "false on success"},
    {.name = "http_code",
     .type = ZAPI_INTEGER,
     .doc = "status repeated in the body"},
    {.name = "message",
     .type = ZAPI_STRING,
     .doc = "human-readable result, Portuguese"},
    {.name = "data",
     .type = ZAPI_OBJECT,
     .fields = send_media_reply_data,
     .doc = "what was stored"},
    {.name = NULL},
};

/* ---- list_contacts ---- */

static const struct zapi_field gateway_params_3[] = {
    {.name = "instancia_uuid",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "uuid of the instance (uuid from create_instance)"},
    {.name = "pagina",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "page number"},
    {.name = NULL},
};

static const struct zapi_field list_contacts_reply[] = {
    {.name = "vname", .type = ZAPI_STRING, .doc = "name on the contact's card"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .doc = "number"},
    {.name = NULL},
};

/* ---- list_messages ---- */

static const struct zapi_field list_messages_params[] = {
    {.name = "instancia_uuid",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "uuid of the instance (uuid from create_instance)"},
    {.name = "contato",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "contact's number"},
    {.name = "page",
     .type = ZAPI_INTEGER,
     .where = ZAPI_IN_QUERY,
     .doc = "page number"},
    {.name = NULL},
};

static const struct zapi_field list_messages_reply[] = {
    {.name = "message", .type = ZAPI_STRING, .doc = "text"},
    {.name = "fromMe", .type = ZAPI_BOOLEAN, .doc = "sent by this account"},
    {.name = "timestamp", .type = ZAPI_INTEGER, .doc = "epoch milliseconds"},
    {.name = NULL},
};

/* ---- list_chats ---- */

static const struct zapi_field list_chats_reply[] = {
    {.name = "pinned",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("true", "false"),
     .doc = "\"true\" or \"false\""},
    {.name = "messagesUnread", .type = ZAPI_STRING, .doc = "count as text"},
    {.name = "unread", .type = ZAPI_STRING, .doc = "count as text"},
    {.name = "lastMessageTime",
     .type = ZAPI_STRING,
     .doc = "epoch milliseconds as text"},
    {.name = "isGroupAnnouncement",
     .type = ZAPI_BOOLEAN,
     .doc = "community announcement group"},
    {.name = "archived",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("true", "false"),
     .doc = "\"true\" or \"false\""},
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .doc = "chat id"},
    {.name = "name", .type = ZAPI_STRING, .doc = "chat name"},
    {.name = "isGroup", .type = ZAPI_BOOLEAN, .doc = "chat is a group"},
    {.name = "isMuted",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("0", "1"),
     .doc = "\"0\" or \"1\""},
    {.name = "isMarkedSpam",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("true", "false"),
     .doc = "\"true\" or \"false\""},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_gateway_rows[] = {
    {
        .name = "create_token",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_POST,
        .path = "/api/auth/token",
        .host_root = true,
        .params = create_token_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_token_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "token" : "1|exampletoken",
            "sistema_id" : 1,
            "expires_at" : "2030-01-01 00:00:00"
        }),
        .request_example = ZAPI_JSON({"chave_api" : "example-key"}),
        .limits =
            ZAPI_WORDS("header X-Sistema-ID: numeric id of the system",
                       "no Authorization header here",
                       "the token is temporary: get a new one once expires_at "
                       "has passed; the lifetime is not stated"),
        .summary = "Trade the system's API key for a temporary bearer token.",
        .doc = "Z-API-INSTANCE: Autenticação",
    },
    {
        .name = "create_instance",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_POST,
        .path = "/api/instancias",
        .host_root = true,
        .params = create_instance_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = create_instance_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "sistema_id" : 1,
            "tag" : "main",
            "descricao" : "Production instance",
            "instance_id" : "EXAMPLEINSTANCE",
            "uuid" : "f0000000-0000-4000-8000-000000000001",
            "updated_at" : "2030-01-01T00:00:00.000000Z",
            "created_at" : "2030-01-01T00:00:00.000000Z",
            "id" : 2
        }),
        .request_example = ZAPI_JSON({
            "tag" : "main",
            "descricao" : "Production instance",
            "instance_id" : "EXAMPLEINSTANCE",
            "instance_token" : "EXAMPLETOKEN",
            "client_token" : "EXAMPLECLIENT"
        }),
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "tag must be unique",
            "the reply echoes neither instance_token nor client_token; keep "
            "uuid, every later call takes it"),
        .summary = "Register a Z-API instance with the gateway.",
        .doc = "Z-API-INSTANCE: Instâncias/Cadastrar",
    },
    {
        .name = "list_instances",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/instancias",
        .host_root = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = list_instances_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "data" : [
                {"id" : 1, "tag" : "main", "descricao" : "Production instance"}
            ]
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference"),
        .summary = "List the system's instances.",
        .doc = "Z-API-INSTANCE: Instâncias/Listar",
    },
    {
        .name = "get_instance",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/instancias/{uuid}",
        .host_root = true,
        .params = gateway_params,
        .reply_status = 200,
        .params_example =
            ZAPI_JSON({"uuid" : "f0000000-0000-4000-8000-000000000001"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference"),
        .summary = "One registered instance.",
        .doc = "Z-API-INSTANCE: Instâncias/Visualizar",
    },
    {
        .name = "delete_instance",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_DELETE,
        .path = "/api/instancias/{uuid}",
        .host_root = true,
        .params = gateway_params,
        .reply_status = 200,
        .params_example =
            ZAPI_JSON({"uuid" : "f0000000-0000-4000-8000-000000000001"}),
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference"),
        .summary = "Remove a registered instance.",
        .doc = "Z-API-INSTANCE: Instâncias/Excluir",
    },
    {
        .name = "get_qr_code",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/vinculos/qrcode/{instancia_uuid}",
        .host_root = true,
        .params = gateway_params_2,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_qr_code_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"value" : "data:image/png;base64,AAAA"}),
        .params_example = ZAPI_JSON(
            {"instancia_uuid" : "f0000000-0000-4000-8000-000000000001"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference"),
        .summary = "QR code that links the instance to WhatsApp.",
        .doc = "Z-API-INSTANCE: Vínculo com WhatsApp/QR Code",
    },
    {
        .name = "get_status",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/vinculos/status/{instancia_uuid}",
        .host_root = true,
        .params = gateway_params_2,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = get_status_reply),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"connected" : true, "smartphoneConnected" : true}),
        .params_example = ZAPI_JSON(
            {"instancia_uuid" : "f0000000-0000-4000-8000-000000000001"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference"),
        .summary = "Whether the instance is linked to WhatsApp.",
        .doc = "Z-API-INSTANCE: Vínculo com WhatsApp/Status",
    },
    {
        .name = "disconnect",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/vinculos/desconectar/{instancia_uuid}",
        .host_root = true,
        .params = gateway_params_2,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = disconnect_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({"value" : true}),
        .params_example = ZAPI_JSON(
            {"instancia_uuid" : "f0000000-0000-4000-8000-000000000001"}),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "a GET that changes state"),
        .summary = "Unlink the instance from WhatsApp.",
        .doc = "Z-API-INSTANCE: Vínculo com WhatsApp/Desconectar",
    },
    {
        .name = "send_simple_message",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_POST,
        .path = "/api/mensagens/enviar-mensagem-simples",
        .host_root = true,
        .params = send_simple_message_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply =
            ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_simple_message_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "error" : false,
            "http_code" : 200,
            "message" : "Mensagem registrada com sucesso.",
            "data" : {
                "contato" : {
                    "instancia_id" : 8,
                    "sistema_id" : 2,
                    "contato" : "5511999990001",
                    "descricao" : null,
                    "grupo" : "N",
                    "foto" : null,
                    "updated_at" : "2030-01-01T00:00:00.000000Z",
                    "created_at" : "2030-01-01T00:00:00.000000Z",
                    "id" : 6
                },
                "chat" : {
                    "contato_id" : 6,
                    "instancia_id" : 8,
                    "sistema_id" : 2,
                    "zaap_id" : "3E0000000000000000000000000000A1",
                    "message_id" : "3EB0000000000000000001",
                    "zapi_id" : "3EB0000000000000000001",
                    "tipo" : "envio",
                    "quem_enviou" : "sistema",
                    "telefone_conctado" : null,
                    "status" : null,
                    "mensagem" : "Hello",
                    "updated_at" : "2030-01-01T00:00:00.000000Z",
                    "created_at" : "2030-01-01T00:00:00.000000Z",
                    "id" : 13
                }
            }
        }),
        .request_example = ZAPI_JSON({
            "instancia_uuid" : "f0000000-0000-4000-8000-000000000001",
            "phone" : "5511999990001",
            "message" : "Hello",
            "isGroup" : false
        }),
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "the reply says the message was registered, not delivered"),
        .summary = "Send a text message.",
        .doc = "Z-API-INSTANCE: Mensagens/Enviar mensagem simples",
    },
    {
        .name = "send_media",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_POST,
        .path = "/api/mensagens/enviar-midia",
        .host_root = true,
        .params = send_media_params,
        .body = ZAPI_BODY_MULTIPART,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_media_reply),
        .reply_status = 200,
        .reply_example = ZAPI_JSON({
            "error" : false,
            "http_code" : 200,
            "message" : "Documento registrado com sucesso.",
            "data" : {
                "contato" : {
                    "instancia_id" : 8,
                    "sistema_id" : 2,
                    "contato" : "5511999990001",
                    "descricao" : null,
                    "grupo" : "N",
                    "foto" : null,
                    "updated_at" : "2030-01-01T00:00:00.000000Z",
                    "created_at" : "2030-01-01T00:00:00.000000Z",
                    "id" : 6
                },
                "chat" : {
                    "contato_id" : 6,
                    "instancia_id" : 8,
                    "sistema_id" : 2,
                    "zaap_id" : "3E0000000000000000000000000000A1",
                    "message_id" : "3EB0000000000000000001",
                    "zapi_id" : "3EB0000000000000000001",
                    "tipo" : "envio",
                    "quem_enviou" : "sistema",
                    "telefone_conchado" : null,
                    "status" : null,
                    "mensagem" : "{{ENVIO DE DOCUMENTO}} report.pdf",
                    "updated_at" : "2030-01-01T00:00:00.000000Z",
                    "created_at" : "2030-01-01T00:00:00.000000Z",
                    "id" : 13
                }
            }
        }),
        .request_example = ZAPI_JSON({
            "instancia_uuid" : "f0000000-0000-4000-8000-000000000001",
            "phone" : "5511999990001",
            "chatName" : "Ana",
            "isGroup" : "N",
            "document" : "report.pdf",
            "caption" : "Monthly report",
            "midia_type" : "document"
        }),
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "multipart/form-data, file in the part named document whatever the "
            "media kind",
            "the reply says the file was registered, not delivered"),
        .summary = "Send a file: document, image, video or audio.",
        .doc = "Z-API-INSTANCE: Mensagens/Enviar Midia",
    },
    {
        .name = "list_contacts",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/contatos/listar/{instancia_uuid}/{pagina}",
        .host_root = true,
        .params = gateway_params_3,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_contacts_reply)),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON([ {"vname" : "Ana Lima", "phone" : "5511999990001"} ]),
        .params_example = ZAPI_JSON({
            "instancia_uuid" : "f0000000-0000-4000-8000-000000000001",
            "pagina" : 1
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "page size not documented"),
        .summary = "Contacts of the instance, page by page.",
        .doc = "Z-API-INSTANCE: Contatos/Listar contatos",
    },
    {
        .name = "list_messages",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/conversas/listar/{instancia_uuid}/{contato}",
        .host_root = true,
        .params = list_messages_params,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_messages_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([
            {"message" : "Hello", "fromMe" : true, "timestamp" : 1730000000000},
            {"message" : "Hi", "fromMe" : false}
        ]),
        .params_example = ZAPI_JSON({
            "instancia_uuid" : "f0000000-0000-4000-8000-000000000001",
            "contato" : "5511999990001",
            "page" : 1
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "page size not documented"),
        .summary = "Messages exchanged with one contact.",
        .doc = "Z-API-INSTANCE: Conversas/Listar mensagens com contato",
    },
    {
        .name = "list_chats",
        .section = "gateway",
        .scope = ZAPI_SCOPE_GATEWAY,
        .method = ZAPI_GET,
        .path = "/api/chats/pegar-chats/{instancia_uuid}/{pagina}",
        .host_root = true,
        .params = gateway_params_3,
        .reply = ZAPI_ROW(.type = ZAPI_ARRAY,
                          .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                                            .fields = list_chats_reply)),
        .reply_status = 200,
        .reply_example = ZAPI_JSON([ {
            "pinned" : "true",
            "messagesUnread" : "0",
            "unread" : "0",
            "lastMessageTime" : "1730000000000",
            "isGroupAnnouncement" : false,
            "archived" : "false",
            "phone" : "5511999990001",
            "name" : "Ana",
            "isGroup" : false,
            "isMuted" : "0",
            "isMarkedSpam" : "false"
        } ]),
        .params_example = ZAPI_JSON({
            "instancia_uuid" : "f0000000-0000-4000-8000-000000000001",
            "pagina" : 1
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS(
            "header Authorization: Bearer <token> (the whole token, with the "
            "number and | in front)",
            "header X-Sistema-ID: numeric id of the system",
            "both headers are shown only in the send-media curl sample; that "
            "every call but the token one needs them is an inference",
            "page size not documented"),
        .summary = "Chats of the instance, page by page.",
        .doc = "Z-API-INSTANCE: Chats/Pegar Chats",
    },
};
const size_t zapi_gateway_count =
    sizeof zapi_gateway_rows / sizeof *zapi_gateway_rows;
