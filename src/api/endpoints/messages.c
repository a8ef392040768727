/* SPDX-License-Identifier: MIT
 *
 * Endpoints: every kind of message that can be sent, edited, read or deleted.
 * One row each, at the end of the file; above it the parameters and replies
 * that the rows name, in the same order. Data only, static and constant. See
 * api/endpoint.h for what a member means and rows.h for the shared pieces.
 */
#include "api/endpoints/rows.h"

/* ---- send_text ---- */

static const struct zapi_field send_text_group_mentioned[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_GROUP,
     .required = true,
     .doc = "id of the group to tag"},
    {.name = "subject",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name of that group"},
    {.name = NULL},
};

static const struct zapi_field send_text_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "where to send: phone digits, group id, @lid or broadcast list id; "
            "13135550002 reaches Meta AI"},
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text, may hold WhatsApp markup, emoji and line breaks; the "
            "@number or @group id of a mention goes here"},
    ZAPI_DELAY_MESSAGE,
    {.name = "delayTyping",
     .type = ZAPI_NUMBER,
     ZAPI_RANGE(0, 15),
     .doc = "seconds the chat shows typing first: 1 to 15, and 0 (the default) "
            "shows nothing"},
    {.name = "editMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "id of an already sent text whose content this call replaces"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "id of the message being answered; makes the text a reply"},
    {.name = "privateAnswer",
     .type = ZAPI_BOOLEAN,
     .doc = "in a group, send the reply to the author's private chat instead "
            "of the group"},
    {.name = "mentioned",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE,
                       .doc = "number to tag"),
     .doc = "people to tag in a group; 13135550002 calls Meta AI there"},
    {.name = "groupMentioned",
     .type = ZAPI_ARRAY,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_text_group_mentioned),
     .doc = "groups of the same community to tag"},
    {.name = "mentionAll",
     .type = ZAPI_BOOLEAN,
     .doc = "tag everybody in the group; the text must hold @all"},
    {.name = NULL},
};

/* ---- forward_message ---- */

static const struct zapi_field forward_message_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that receives the forwarded message"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message to forward"},
    {.name = "messagePhone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat in which that message is found"},
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

static const struct zapi_field forward_message_reply[] = {
    {.name = "zaapId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the queued message inside Z-API"},
    {.name = NULL},
};

/* ---- send_reaction ---- */

static const struct zapi_field send_reaction_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message"},
    {.name = "reaction",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "one emoji"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message to react to"},
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_remove_reaction ---- */

static const struct zapi_field send_remove_reaction_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message whose reaction is removed"},
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_image ---- */

static const struct zapi_field send_image_params[] = {
    ZAPI_SEND_TO,
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "picture URL or data: URI"},
    {.name = "caption", .type = ZAPI_STRING, .doc = "text under the picture"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "viewOnce",
     .type = ZAPI_BOOLEAN,
     .doc = "let the recipient open it only once"},
    {.name = "editImageMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "id of a picture already sent whose caption this call replaces"},
    {.name = NULL},
};

/* ---- send_sticker ---- */

static const struct zapi_field send_sticker_params[] = {
    ZAPI_SEND_TO,
    {.name = "sticker",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "sticker URL or data: URI"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "stickerAuthor",
     .type = ZAPI_STRING,
     .doc = "name shown as the author of the sticker"},
    {.name = NULL},
};

/* ---- send_gif ---- */

static const struct zapi_field send_gif_params[] = {
    ZAPI_SEND_TO,
    {.name = "gif",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "URL or data: URI of an mp4 file"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "caption", .type = ZAPI_STRING, .doc = "text sent with the GIF"},
    {.name = NULL},
};

/* ---- send_audio ---- */

static const struct zapi_field send_audio_params[] = {
    ZAPI_SEND_TO,
    {.name = "audio",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "audio URL or data: URI"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "delayTyping",
     .type = ZAPI_NUMBER,
     ZAPI_RANGE(0, 15),
     .doc = "seconds the chat shows recording audio first: 1 to 15, and 0 (the "
            "default) shows nothing"},
    {.name = "viewOnce",
     .type = ZAPI_BOOLEAN,
     .doc = "let the recipient play it only once"},
    {.name = "async",
     .type = ZAPI_BOOLEAN,
     .doc = "answer at once and process the file in the background"},
    {.name = "waveform",
     .type = ZAPI_BOOLEAN,
     .doc = "show the sound wave in the player"},
    {.name = NULL},
};

/* ---- send_video ---- */

static const struct zapi_field send_video_params[] = {
    ZAPI_SEND_TO,
    {.name = "video",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "video URL or data: URI"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "caption", .type = ZAPI_STRING, .doc = "text sent with the video"},
    {.name = "viewOnce",
     .type = ZAPI_BOOLEAN,
     .doc = "let the recipient play it only once"},
    {.name = "async",
     .type = ZAPI_BOOLEAN,
     .doc = "answer at once and process the file in the background"},
    {.name = "editVideoMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "id of a video already sent whose caption this call replaces"},
    {.name = NULL},
};

/* ---- send_ptv ---- */

static const struct zapi_field send_ptv_params[] = {
    ZAPI_SEND_TO,
    {.name = "ptv",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "video URL or data: URI"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_document ---- */

static const struct zapi_field send_document_params[] = {
    {.name = "extension",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_PATH,
     .required = true,
     .doc = "file extension without the dot, such as pdf"},
    ZAPI_SEND_TO,
    {.name = "document",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "file URL or data: URI"},
    {.name = "fileName",
     .type = ZAPI_STRING,
     .doc = "file name shown to the recipient"},
    {.name = "caption", .type = ZAPI_STRING, .doc = "text sent with the file"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "editDocumentMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .doc = "id of a document already sent whose caption this call replaces"},
    {.name = NULL},
};

/* ---- send_link ---- */

static const struct zapi_field send_link_params[] = {
    ZAPI_SEND_TO,
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text that must end with the same address as linkUrl"},
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "address of the preview picture"},
    {.name = "linkUrl",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .required = true,
     .doc = "address the card opens"},
    {.name = "title",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "heading of the card"},
    {.name = "linkDescription",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "description on the card"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "delayTyping",
     .type = ZAPI_NUMBER,
     ZAPI_RANGE(0, 15),
     .doc = "seconds the chat shows typing first: 1 to 15, and 0 (the default) "
            "shows nothing"},
    {.name = "linkType",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("SMALL", "MEDIUM", "LARGE"),
     .doc = "size of the preview (SMALL by default)"},
    {.name = NULL},
};

/* ---- send_location ---- */

static const struct zapi_field send_location_params[] = {
    ZAPI_SEND_TO,
    {.name = "title",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name of the place"},
    {.name = "address",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "street, number, district, city, state and postcode, parted by "
            "commas"},
    {.name = "latitude",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "latitude as a decimal string"},
    {.name = "longitude",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "longitude as a decimal string"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_product ---- */

static const struct zapi_field send_product_params[] = {
    ZAPI_SEND_TO,
    {.name = "catalogPhone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .no_lid = true,
     .required = true,
     .doc =
         "business account that owns the product; a real number, not an @lid"},
    {.name = "productId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "product id, from the product list or a webhook"},
    {.name = NULL},
};

/* ---- send_catalog ---- */

static const struct zapi_field send_catalog_params[] = {
    ZAPI_SEND_TO,
    {.name = "catalogPhone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .no_lid = true,
     .required = true,
     .doc = "business account that owns the catalogue"},
    {.name = "translation",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("EN", "PT"),
     .doc = "language of the card's stock text"},
    {.name = "message", .type = ZAPI_STRING, .doc = "text sent with the card"},
    {.name = "title", .type = ZAPI_STRING, .doc = "heading of the card"},
    {.name = "catalogDescription",
     .type = ZAPI_STRING,
     .doc = "description on the card"},
    {.name = NULL},
};

/* ---- send_contact ---- */

static const struct zapi_field send_contact_params[] = {
    ZAPI_SEND_TO,
    {.name = "contactName",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name on the card"},
    {.name = "contactPhone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "phone on the card"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = "contactBusinessDescription",
     .type = ZAPI_STRING,
     .doc = "short description on the card"},
    {.name = NULL},
};

/* ---- send_contacts ---- */

static const struct zapi_field send_contacts_contacts[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name on the card"},
    {.name = "phones",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_STRING, .format = ZAPI_FORMAT_PHONE),
     .doc = "one or more phones of this contact"},
    {.name = "businessDescription",
     .type = ZAPI_STRING,
     .doc = "short description on the card"},
    {.name = NULL},
};

static const struct zapi_field send_contacts_params[] = {
    ZAPI_SEND_TO,
    {.name = "contacts",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_contacts_contacts),
     .doc = "cards to send"},
    ZAPI_ANSWERED,
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_button_actions ---- */

static const struct zapi_field button_actions[] = {
    {.name = "type",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("CALL", "URL", "REPLY"),
     .doc = "what the button does"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .doc = "number dialled, for CALL; digits (one official example adds a "
            "leading +)"},
    {.name = "url",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_URL,
     .doc = "address opened, for URL; starts with http:// or https://"},
    {.name = "label",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text on the button"},
    {.name = "id", .type = ZAPI_STRING, .doc = "your own id of the button"},
    {.name = NULL},
};

static const struct zapi_field send_button_actions_params[] = {
    ZAPI_SEND_TO,
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the message"},
    {.name = "buttonActions",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = button_actions),
     .doc = "buttons to show"},
    ZAPI_DELAY_MESSAGE,
    {.name = "title", .type = ZAPI_STRING, .doc = "heading above the text"},
    {.name = "footer", .type = ZAPI_STRING, .doc = "small text below"},
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .doc = "picture URL or data: URI sent with the message"},
    {.name = NULL},
};

/* ---- send_button_list ---- */

static const struct zapi_field send_button_list_button_list_buttons[] = {
    {.name = "label",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text on the button"},
    {.name = "id", .type = ZAPI_STRING, .doc = "your own id of the button"},
    {.name = NULL},
};

static const struct zapi_field send_button_list_button_list[] = {
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .doc = "picture URL or data: URI shown above the text"},
    {.name = "video",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .doc = "video URL or data: URI shown above the text"},
    {.name = "buttons",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                       .fields = send_button_list_button_list_buttons),
     .doc = "buttons to show"},
    {.name = NULL},
};

static const struct zapi_field send_button_list_params[] = {
    ZAPI_SEND_TO,
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the message, not empty"},
    {.name = "buttonList",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = send_button_list_button_list,
     .doc = "buttons and optional media"},
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_option_list ---- */

static const struct zapi_field send_option_list_option_list_options[] = {
    {.name = "description",
     .type = ZAPI_STRING,
     .doc = "second line of the option"},
    {.name = "title",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "first line of the option"},
    {.name = "id", .type = ZAPI_STRING, .doc = "your own id of the option"},
    {.name = NULL},
};

static const struct zapi_field send_option_list_option_list[] = {
    {.name = "title",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "heading of the list"},
    {.name = "options",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT,
                       .fields = send_option_list_option_list_options),
     .doc = "options to choose from"},
    {.name = "buttonLabel",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the button that opens the list"},
    {.name = NULL},
};

static const struct zapi_field send_option_list_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "where to send; groups no longer work"},
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the message"},
    {.name = "optionList",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = send_option_list_option_list,
     .doc = "the list"},
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- send_button_otp ---- */

static const struct zapi_field send_button_otp_params[] = {
    ZAPI_SEND_TO,
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the message"},
    {.name = "code",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "value copied by the button, any text"},
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .doc = "picture URL or data: URI sent with the button"},
    {.name = "buttonText",
     .type = ZAPI_STRING,
     .doc = "text on the button (Copiar código by default)"},
    {.name = NULL},
};

/* ---- send_button_pix ---- */

static const struct zapi_field send_button_pix_params[] = {
    ZAPI_SEND_TO,
    {.name = "pixKey",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "the PIX key"},
    {.name = "type",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("CPF", "CNPJ", "PHONE", "EMAIL", "EVP"),
     .doc = "kind of key"},
    {.name = "merchantName",
     .type = ZAPI_STRING,
     .doc = "title on the button; an empty value also gives the default"},
    {.name = NULL},
};

/* ---- send_carousel ---- */

static const struct zapi_field send_carousel_carousel[] = {
    {.name = "text",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the card"},
    {.name = "image",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MEDIA,
     .required = true,
     .doc = "picture of the card; the docs show URLs only"},
    {.name = "buttons",
     .type = ZAPI_ARRAY,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = button_actions),
     .doc = "buttons of the card"},
    {.name = NULL},
};

static const struct zapi_field send_carousel_params[] = {
    ZAPI_SEND_TO,
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the message"},
    {.name = "carousel",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_carousel_carousel),
     .doc = "the cards"},
    ZAPI_DELAY_MESSAGE,
    {.name = NULL},
};

/* ---- delete_message ---- */

static const struct zapi_field delete_message_params[] = {
    {.name = "messageId",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message to delete"},
    {.name = "phone",
     .type = ZAPI_STRING,
     .where = ZAPI_IN_QUERY,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message"},
    {.name = "owner",
     .type = ZAPI_BOOLEAN,
     .where = ZAPI_IN_QUERY,
     .required = true,
     .doc = "true when you sent the message, false when you received it"},
    {.name = NULL},
};

/* ---- read_message ---- */

static const struct zapi_field read_message_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message to mark as read"},
    {.name = NULL},
};

/* ---- send_poll ---- */

static const struct zapi_field send_poll_poll[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the option"},
    {.name = NULL},
};

static const struct zapi_field send_poll_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "group to send to (see the limits)"},
    {.name = "message",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "the question"},
    {.name = "poll",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_poll_poll),
     .doc = "the options"},
    ZAPI_DELAY_MESSAGE,
    {.name = "pollMaxOptions",
     .type = ZAPI_NUMBER,
     .doc = "most options one person may pick; 1 makes it single choice, "
            "absent allows several"},
    {.name = NULL},
};

/* ---- send_poll_vote ---- */

static const struct zapi_field send_poll_vote_poll_vote[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "text of the chosen option"},
    {.name = NULL},
};

static const struct zapi_field send_poll_vote_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "group that holds the poll (see the limits)"},
    {.name = "pollMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the poll message"},
    {.name = "pollVote",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_poll_vote_poll_vote),
     .doc = "chosen options, one or more"},
    {.name = NULL},
};

/* ---- send_order ---- */

static const struct zapi_field send_order_order_products[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "product name"},
    {.name = "value",
     .type = ZAPI_NUMBER,
     .required = true,
     .doc = "unit price"},
    {.name = "quantity",
     .type = ZAPI_NUMBER,
     .required = true,
     .doc = "how many"},
    {.name = "productId",
     .type = ZAPI_STRING,
     .doc = "catalogue product id; left out for a custom product"},
    {.name = NULL},
};

static const struct zapi_field send_order_order[] = {
    {.name = "currency",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "currency code, such as BRL"},
    {.name = "products",
     .type = ZAPI_ARRAY,
     .required = true,
     .items =
         ZAPI_ROW(.type = ZAPI_OBJECT, .fields = send_order_order_products),
     .doc = "products of the order"},
    {.name = "discount", .type = ZAPI_NUMBER, .doc = "discount amount"},
    {.name = "tax", .type = ZAPI_NUMBER, .doc = "tax amount"},
    {.name = "shipping", .type = ZAPI_NUMBER, .doc = "shipping cost"},
    {.name = NULL},
};

static const struct zapi_field send_order_payment_settings_pix[] = {
    {.name = "key", .type = ZAPI_STRING, .doc = "the PIX key"},
    {.name = "keyType",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("cpf", "cnpj", "phone", "email", "randomKey"),
     .doc = "kind of key"},
    {.name = "name", .type = ZAPI_STRING, .doc = "name of the key"},
    {.name = NULL},
};

static const struct zapi_field send_order_payment_settings_card[] = {
    {.name = "enabled", .type = ZAPI_BOOLEAN, .doc = "offer card payment"},
    {.name = NULL},
};

static const struct zapi_field send_order_payment_settings[] = {
    {.name = "pix",
     .type = ZAPI_OBJECT,
     .fields = send_order_payment_settings_pix,
     .doc = "pay by PIX"},
    {.name = "card",
     .type = ZAPI_OBJECT,
     .fields = send_order_payment_settings_card,
     .doc = "pay by card"},
    {.name = NULL},
};

static const struct zapi_field send_order_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "recipient's phone, digits only with country code"},
    {.name = "order",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = send_order_order,
     .doc = "the order"},
    {.name = "paymentSettings",
     .type = ZAPI_OBJECT,
     .fields = send_order_payment_settings,
     .doc = "payment means offered"},
    {.name = NULL},
};

/* ---- update_order_status ---- */

static const struct zapi_field order_products[] = {
    {.name = "productId",
     .type = ZAPI_STRING,
     .required = true,
     .doc =
         "product id, from the webhook; custom-item-... for a custom product"},
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "product name"},
    {.name = "value",
     .type = ZAPI_NUMBER,
     .required = true,
     .doc = "unit price"},
    {.name = "quantity",
     .type = ZAPI_NUMBER,
     .required = true,
     .doc = "how many"},
    {.name = "isCustomItem",
     .type = ZAPI_BOOLEAN,
     .doc = "true for a product made up at sending time, from the webhook"},
    {.name = NULL},
};

static const struct zapi_field order[] = {
    {.name = "currency",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "currency code, such as BRL"},
    {.name = "products",
     .type = ZAPI_ARRAY,
     .required = true,
     .items = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = order_products),
     .doc = "all products of the order"},
    {.name = "discount", .type = ZAPI_NUMBER, .doc = "discount amount"},
    {.name = "tax", .type = ZAPI_NUMBER, .doc = "tax amount"},
    {.name = "shipping", .type = ZAPI_NUMBER, .doc = "shipping cost"},
    {.name = NULL},
};

static const struct zapi_field update_order_status_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "recipient's phone, digits only with country code"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "WhatsApp id of the original order message"},
    {.name = "referenceId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "reference id of the order, from the webhook"},
    {.name = "orderRequestId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the order request, from the webhook"},
    {.name = "orderStatus",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("pending", "processing", "shipped", "completed",
                         "canceled"),
     .doc = "new status of the order"},
    {.name = "paymentStatus",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("pending", "paid"),
     .doc = "present status of the payment, from the webhook"},
    {.name = "order",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = order,
     .doc = "the order as it was sent"},
    {.name = "message", .type = ZAPI_STRING, .doc = "text of the update"},
    {.name = NULL},
};

/* ---- update_order_payment ---- */

static const struct zapi_field update_order_payment_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "recipient's phone, digits only with country code"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "WhatsApp id of the original order message"},
    {.name = "referenceId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "reference id of the order, from the webhook"},
    {.name = "orderRequestId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the order request, from the webhook"},
    {.name = "orderStatus",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("pending", "processing", "shipped", "completed",
                         "canceled"),
     .doc = "present status of the order, from the webhook"},
    {.name = "paymentStatus",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("pending", "paid"),
     .doc = "new status of the payment"},
    {.name = "order",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = order,
     .doc = "the order as it was sent"},
    {.name = "message", .type = ZAPI_STRING, .doc = "text of the update"},
    {.name = NULL},
};

/* ---- pin_message ---- */

static const struct zapi_field pin_message_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message to pin or unpin"},
    {.name = "messageAction",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("pin", "unpin"),
     .doc = "what to do"},
    {.name = "pinMessageDuration",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("24_hours", "7_days", "30_days"),
     .doc = "how long it stays pinned; without effect for unpin"},
    {.name = NULL},
};

/* ---- send_newsletter_admin_invite ---- */

static const struct zapi_field
    send_newsletter_admin_invite_admin_invite_message[] = {
        {.name = "newsletterId",
         .type = ZAPI_STRING,
         .format = ZAPI_FORMAT_NEWSLETTER,
         .required = true,
         .doc = "channel id, ends with @newsletter"},
        {.name = "caption",
         .type = ZAPI_STRING,
         .required = true,
         .doc = "text of the invitation"},
        {.name = NULL},
};

static const struct zapi_field send_newsletter_admin_invite_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_PHONE,
     .required = true,
     .doc = "recipient's phone, digits only with country code"},
    {.name = "adminInviteMessage",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = send_newsletter_admin_invite_admin_invite_message,
     .doc = "the invitation"},
    {.name = NULL},
};

/* ---- send_event ---- */

static const struct zapi_field location[] = {
    {.name = "name", .type = ZAPI_STRING, .doc = "name of the place"},
    {.name = NULL},
};

static const struct zapi_field send_event_event[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name of the event"},
    {.name = "description", .type = ZAPI_STRING, .doc = "what it is about"},
    {.name = "dateTime",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_DATETIME,
     .required = true,
     .doc = "when it starts, ISO 8601"},
    {.name = "timeZone",
     .type = ZAPI_STRING,
     .doc = "UTC offset of the event, such as UTC-3"},
    {.name = "location",
     .type = ZAPI_OBJECT,
     .fields = location,
     .doc = "where it takes place"},
    {.name = "callLinkType",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("voice", "video"),
     .doc = "kind of call link to attach"},
    {.name = "canceled",
     .type = ZAPI_BOOLEAN,
     .doc = "whether the event is cancelled"},
    {.name = NULL},
};

static const struct zapi_field send_event_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "group to send to"},
    {.name = "event",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = send_event_event,
     .doc = "the event"},
    {.name = NULL},
};

/* ---- send_edit_event ---- */

static const struct zapi_field send_edit_event_event[] = {
    {.name = "name",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "name of the event"},
    {.name = "description", .type = ZAPI_STRING, .doc = "what it is about"},
    {.name = "dateTime",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_DATETIME,
     .required = true,
     .doc = "when it starts, ISO 8601"},
    {.name = "location",
     .type = ZAPI_OBJECT,
     .fields = location,
     .doc = "where it takes place"},
    {.name = "callLinkType",
     .type = ZAPI_STRING,
     .enums = ZAPI_WORDS("voice", "video"),
     .doc = "kind of call link to attach"},
    {.name = "canceled",
     .type = ZAPI_BOOLEAN,
     .doc = "whether the event is cancelled"},
    {.name = NULL},
};

static const struct zapi_field send_edit_event_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the event"},
    {.name = "event",
     .type = ZAPI_OBJECT,
     .required = true,
     .fields = send_edit_event_event,
     .doc = "the event"},
    {.name = "eventMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the original event message"},
    {.name = NULL},
};

/* ---- send_event_response ---- */

static const struct zapi_field send_event_response_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the event"},
    {.name = "eventResponse",
     .type = ZAPI_STRING,
     .required = true,
     .enums = ZAPI_WORDS("GOING", "NOT_GOING"),
     .doc = "the answer"},
    {.name = "eventMessageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the original event message"},
    {.name = NULL},
};

/* ---- reply_button ---- */

static const struct zapi_field reply_button_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message: phone digits with country code, "
            "group id or @lid"},
    {.name = "responseButtonId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the button to press, from the received webhook (buttonId in "
            "its sample)"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message that holds the buttons"},
    {.name = NULL},
};

/* ---- reply_template_button ---- */

static const struct zapi_field reply_template_button_params[] = {
    {.name = "phone",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_CHAT,
     .required = true,
     .doc = "chat that holds the message: phone digits with country code, "
            "group id or @lid"},
    {.name = "responseTemplateButtonId",
     .type = ZAPI_STRING,
     .required = true,
     .doc = "id of the REPLY button to press, from the received webhook"},
    {.name = "messageId",
     .type = ZAPI_STRING,
     .format = ZAPI_FORMAT_MESSAGE_ID,
     .required = true,
     .doc = "id of the message that holds the buttons"},
    {.name = NULL},
};

/* ---- the rows ---- */

const struct zapi_endpoint zapi_messages_rows[] = {
    {
        .name = "send_text",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-text",
        .params = send_text_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "message" : "Good morning @5511999990002, the report is ready",
            "delayMessage" : 2,
            "delayTyping" : 3,
            "messageId" : "3EB0C0FFEE1234567890",
            "privateAnswer" : false,
            "mentioned" : ["5511999990002"]
        }),
        .limits = ZAPI_WORDS(
            "a line break may be written as \\n, \\r, \\r\\n or %0a depending "
            "on the client platform",
            "editing (editMessageId) works only when the instance already has "
            "its webhook configured",
            "messageId is what turns the text into a reply; the reply page "
            "treats it as mandatory",
            "privateAnswer only matters for a reply in a group and is ignored "
            "when the quoted message is your own",
            "with groupMentioned the chat must be a group of a community and "
            "every tagged group must belong to that same community; the text "
            "must hold @<group id>",
            "with mentioned the text should hold @<number>, except when "
            "tagging many members at once, where the @ may be left out",
            "members and groups can be tagged in the same message",
            "Meta AI: number 13135550002, text only (no media), personal "
            "WhatsApp accounts only, not business; in a group add that number "
            "to mentioned",
            "a broadcast list is reached by its id (digits@broadcast, see "
            "list_broadcasts), here as in the other sends; WhatsApp caps that "
            "at 35 messages a month per number, Z-API goes on past it",
            "mentionAll works in groups only, not in channels: status 400 with "
            "{\"error\":\"mentionAll can only be used in groups\"} elsewhere",
            "mentionAll shows as a mention only with @all in the text; "
            "@everyone and @todos do not work",
            "a text can be edited for 7 days",
            "a channel id (digits@newsletter) in phone: no send page names it, "
            "but the on-send errors list the kinds of message that channels "
            "refuse, so the others should pass"),
        .summary = "Send a text message; also edits a sent text, replies, "
                   "mentions people or groups, and talks to Meta AI.",
        .doc = "message/send-message-text",
    },
    {
        .name = "forward_message",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/forward-message",
        .params = forward_message_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply = ZAPI_ROW(.type = ZAPI_OBJECT, .fields = forward_message_reply),
        .reply_status = 200,
        .reply_example =
            ZAPI_JSON({"zaapId" : "0F1E2D3C4B5A69788796A5B4C3D2E1F0"}),
        .success_when = ZAPI_WORDS("messageId", "zaapId"),
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "messageId" : "3EB0C0FFEE1234567890",
            "messagePhone" : "5511999990002",
            "delayMessage" : 2
        }),
        .requires = ZAPI_NEEDS_WEBHOOK,
        .limits = ZAPI_WORDS("nothing is forwarded unless the instance has its "
                             "webhook configured",
                             "the answer carries zaapId only, no messageId"),
        .summary = "Forward an existing message to another chat.",
        .doc = "message/forward-message",
    },
    {
        .name = "send_reaction",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-reaction",
        .params = send_reaction_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "reaction" : "👍",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 1
        }),
        .limits = ZAPI_WORDS("works on sent and on received messages"),
        .summary = "React to a message with an emoji.",
        .doc = "message/send-message-reaction",
    },
    {
        .name = "send_remove_reaction",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-remove-reaction",
        .params = send_remove_reaction_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 1
        }),
        .limits = ZAPI_WORDS("works on sent and on received messages",
                             "the webhook reports the removal as a reaction "
                             "with an empty value"),
        .summary = "Take back a reaction from a message.",
        .doc = "message/send-remove-reaction",
    },
    {
        .name = "send_image",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-image",
        .params = send_image_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "image" : "https://example.com/files/photo.png",
            "caption" : "Front view",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2,
            "viewOnce" : false
        }),
        .limits =
            ZAPI_WORDS("base64 content needs its data:<mime>;base64, prefix "
                       "(data:image/png;base64, for a PNG)",
                       "size and file types are bounded by WhatsApp's own "
                       "media rules, which the API does not restate",
                       "editing changes the caption only, works for 7 days and "
                       "needs the webhook configured beforehand"),
        .summary = "Send a picture by URL or base64.",
        .doc = "message/send-message-image",
    },
    {
        .name = "send_sticker",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-sticker",
        .params = send_sticker_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "sticker" : "https://example.com/files/sticker.webp",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2,
            "stickerAuthor" : "Example Shop"
        }),
        .limits =
            ZAPI_WORDS("base64 content needs its data:<mime>;base64, prefix",
                       "size and file types are bounded by WhatsApp's own "
                       "media rules, which the API does not restate",
                       "pictures only: another format fails later, in the "
                       "on-send webhook"),
        .summary = "Send a sticker by URL or base64.",
        .doc = "message/send-message-sticker",
    },
    {
        .name = "send_gif",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-gif",
        .params = send_gif_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "gif" : "https://example.com/files/loop.mp4",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2,
            "caption" : "Well done"
        }),
        .limits = ZAPI_WORDS("the file must be an mp4, not a .gif",
                             "size and file types are bounded by WhatsApp's "
                             "own media rules, which the API does not restate"),
        .summary = "Send an animated GIF supplied as an mp4 file.",
        .doc = "message/send-message-gif",
    },
    {
        .name = "send_audio",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-audio",
        .params = send_audio_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "audio" : "https://example.com/files/note.mp3",
            "delayMessage" : 2,
            "delayTyping" : 3,
            "viewOnce" : false,
            "async" : false,
            "waveform" : true
        }),
        .limits = ZAPI_WORDS(
            "with async the outcome arrives through the on-send webhook",
            "base64 content needs its data:<mime>;base64, prefix",
            "size and file types are bounded by WhatsApp's own media rules, "
            "which the API does not restate"),
        .summary = "Send an audio message by URL or base64.",
        .doc = "message/send-message-audio",
    },
    {
        .name = "send_video",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-video",
        .params = send_video_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "video" : "https://example.com/files/tour.mp4",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2,
            "caption" : "Store tour",
            "viewOnce" : false,
            "async" : false
        }),
        .limits = ZAPI_WORDS(
            "with async the outcome arrives through the on-send webhook",
            "base64 content needs its data:<mime>;base64, prefix",
            "editing changes the caption only, works for 7 days and needs the "
            "webhook configured beforehand",
            "at most 100 MB",
            "H.264 is sent as it is; other codecs are converted first, which "
            "may fail now and then or push the file over the size"),
        .summary = "Send a video by URL or base64.",
        .doc = "message/send-message-video",
    },
    {
        .name = "send_ptv",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-ptv",
        .params = send_ptv_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "ptv" : "https://example.com/files/hello.mp4",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2
        }),
        .limits =
            ZAPI_WORDS("base64 content needs its data:<mime>;base64, prefix",
                       "size and file types are bounded by WhatsApp's own "
                       "media rules, which the API does not restate",
                       "not available for channels (@newsletter)"),
        .summary = "Send a round video note (PTV) by URL or base64.",
        .doc = "message/send-message-ptv",
    },
    {
        .name = "send_document",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-document/{extension}",
        .params = send_document_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "document" : "https://example.com/files/price-list.pdf",
            "fileName" : "price-list",
            "caption" : "Prices for May",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2
        }),
        .params_example = ZAPI_JSON({"extension" : "pdf"}),
        .limits =
            ZAPI_WORDS("the extension in the path is mandatory",
                       "editing changes the caption only, works for 7 days and "
                       "needs the webhook configured beforehand",
                       "base64 content needs its data:<mime>;base64, prefix",
                       "size and file types are bounded by WhatsApp's own "
                       "media rules, which the API does not restate",
                       "not available for channels (@newsletter)"),
        .summary = "Send a file of any type, or edit the caption of a file "
                   "already sent.",
        .doc = "message/send-message-document",
    },
    {
        .name = "send_link",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-link",
        .params = send_link_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "Our opening hours: https://example.com/hours",
            "image" : "https://example.com/files/logo.png",
            "linkUrl" : "https://example.com/hours",
            "title" : "Opening hours",
            "linkDescription" : "When we are open",
            "delayMessage" : 2,
            "delayTyping" : 2,
            "linkType" : "LARGE"
        }),
        .limits = ZAPI_WORDS("message must finish with the linkUrl value",
                             "the link is clickable only if the recipient has "
                             "you as a contact or wrote to you first"),
        .summary = "Send a link with a preview card.",
        .doc = "message/send-message-link",
    },
    {
        .name = "send_location",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-location",
        .params = send_location_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "title" : "Head office",
            "address" : "Rua Exemplo, 100, Centro, Curitiba, PR, 80000-000",
            "latitude" : "-25.4284000",
            "longitude" : "-49.2733000",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2
        }),
        .limits = ZAPI_WORDS("coordinates travel as strings",
                             "not available for channels (@newsletter)"),
        .summary = "Send a fixed location.",
        .doc = "message/send-message-location",
    },
    {
        .name = "send_product",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-product",
        .params = send_product_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "catalogPhone" : "5511999990002",
            "productId" : "7000000000000001"
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS("business accounts only, with products registered",
                             "an unknown product or an @lid as catalogPhone "
                             "fails later, in the on-send webhook"),
        .summary = "Send a product of a business catalogue.",
        .doc = "message/send-message-product",
    },
    {
        .name = "send_catalog",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-catalog",
        .params = send_catalog_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "catalogPhone" : "5511999990002",
            "translation" : "EN",
            "message" : "Have a look at what we sell",
            "title" : "Our catalogue",
            "catalogDescription" : "Everything in stock"
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS(
            "business accounts only, with products and a configured catalogue"),
        .summary = "Send a link card to a business catalogue.",
        .doc = "message/send-message-catalog",
    },
    {
        .name = "send_contact",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-contact",
        .params = send_contact_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "contactName" : "Ana Exemplo",
            "contactPhone" : "5511999990002",
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2,
            "contactBusinessDescription" : "Support desk"
        }),
        .limits =
            ZAPI_WORDS("the shared person need not be among your contacts",
                       "WhatsApp Web does not show the business description",
                       "not available for channels (@newsletter)"),
        .summary = "Share one contact card.",
        .doc = "message/send-message-contact",
    },
    {
        .name = "send_contacts",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-contacts",
        .params = send_contacts_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "contacts" : [
                {
                    "name" : "Ana Exemplo",
                    "phones" : [ "5511999990002", "5511999990003" ]
                },
                {
                    "name" : "Bruno Exemplo",
                    "phones" : ["5511999990004"],
                    "businessDescription" : "Sales desk"
                }
            ],
            "messageId" : "3EB0C0FFEE1234567890",
            "delayMessage" : 2
        }),
        .limits =
            ZAPI_WORDS("the shared people need not be among your contacts",
                       "not available for channels (@newsletter)"),
        .summary = "Share several contact cards in one message.",
        .doc = "message/send-message-multiple-contacts",
    },
    {
        .name = "send_button_actions",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-button-actions",
        .params = send_button_actions_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "How can we help?",
            "buttonActions" : [
                {
                    "id" : "1",
                    "type" : "CALL",
                    "phone" : "5511999990002",
                    "label" : "Call us"
                },
                {
                    "id" : "2",
                    "type" : "URL",
                    "url" : "https://example.com",
                    "label" : "Open the site"
                }
            ],
            "delayMessage" : 2,
            "title" : "Support",
            "footer" : "Example Shop"
        }),
        .limits = ZAPI_WORDS(
            "CALL needs phone, URL needs url; REPLY needs neither",
            "mixing CALL, URL and REPLY in one message breaks on WhatsApp Web: "
            "keep CALL with URL, and send REPLY on its own",
            "a URL of the form "
            "https://www.whatsapp.com/otp/code/"
            "?otp_type=COPY_CODE&code=otp<code> makes the button copy the code",
            "WhatsApp may break buttons at any update; the account must first "
            "accept the button terms of use",
            "not available for channels (@newsletter)"),
        .summary = "Send a text with call, link or reply buttons.",
        .doc = "message/send-button-actions",
    },
    {
        .name = "send_button_list",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-button-list",
        .params = send_button_list_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "Shall we confirm the visit?",
            "buttonList" : {
                "image" : "https://example.com/files/room.jpg",
                "buttons" : [
                    {"id" : "yes", "label" : "Yes"},
                    {"id" : "no", "label" : "No"}
                ]
            },
            "delayMessage" : 2
        }),
        .limits = ZAPI_WORDS(
            "message must not be empty",
            "the docs show either image or video, never both in one call",
            "WhatsApp may break buttons at any update; the account must first "
            "accept the button terms of use",
            "not available for channels (@newsletter)"),
        .summary =
            "Send quick-reply buttons under a text, a picture or a video.",
        .doc = "message/send-button-list",
    },
    {
        .name = "send_option_list",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-option-list",
        .params = send_option_list_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "Choose a department",
            "optionList" : {
                "title" : "Departments",
                "buttonLabel" : "Open the list",
                "options" : [
                    {
                        "id" : "1",
                        "title" : "Sales",
                        "description" : "Orders and prices"
                    },
                    {
                        "id" : "2",
                        "title" : "Support",
                        "description" : "Help with a purchase"
                    }
                ]
            },
            "delayMessage" : 2
        }),
        .limits = ZAPI_WORDS("no longer works in groups (dropped by WhatsApp); "
                             "private chats only",
                             "the account must accept the button terms of use",
                             "not available for channels (@newsletter)"),
        .summary = "Send a text that opens a list of options.",
        .doc = "message/send-option-list",
    },
    {
        .name = "send_button_otp",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-button-otp",
        .params = send_button_otp_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "Your access code",
            "code" : "482913",
            "image" : "https://example.com/files/key.png",
            "buttonText" : "Copy the code"
        }),
        .limits =
            ZAPI_WORDS("WhatsApp may break buttons at any update; the account "
                       "must first accept the button terms of use"),
        .summary = "Send a text with a button that copies a code.",
        .doc = "message/send-button-otp",
    },
    {
        .name = "send_button_pix",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-button-pix",
        .params = send_button_pix_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "pixKey" : "pix@example.com",
            "type" : "EMAIL",
            "merchantName" : "Example Shop"
        }),
        .limits =
            ZAPI_WORDS("on WhatsApp Web a received PIX message neither marks "
                       "the chat unread nor moves it up (a WhatsApp Web bug)",
                       "WhatsApp may break buttons at any update; the account "
                       "must first accept the button terms of use",
                       "not available for channels (@newsletter)"),
        .summary = "Send a PIX key with a copy button.",
        .doc = "message/send-button-pix",
    },
    {
        .name = "send_carousel",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-carousel",
        .params = send_carousel_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "message" : "This week's picks",
            "carousel" : [
                {
                    "text" : "Blue mug",
                    "image" : "https://example.com/files/mug.jpg",
                    "buttons" : [
                        {
                            "id" : "1",
                            "label" : "See it",
                            "url" : "https://example.com/mug",
                            "type" : "URL"
                        },
                        {"id" : "2", "label" : "I want it", "type" : "REPLY"}
                    ]
                },
                {
                    "text" : "Red cup",
                    "image" : "https://example.com/files/cup.jpg"
                }
            ],
            "delayMessage" : 2
        }),
        .limits =
            ZAPI_WORDS("buttons may be left out of a card",
                       "CALL needs phone, URL needs url; REPLY needs neither",
                       "WhatsApp may break buttons at any update; the account "
                       "must first accept the button terms of use"),
        .summary =
            "Send a carousel of picture cards, with optional buttons on each.",
        .doc = "message/send-message-carousel",
    },
    {
        .name = "delete_message",
        .section = "messages",
        .method = ZAPI_DELETE,
        .path = "/messages",
        .params = delete_message_params,
        .reply_status = 204,
        .params_example = ZAPI_JSON({
            "messageId" : "3EB0C0FFEE1234567890",
            "phone" : "5511999990001",
            "owner" : true
        }),
        .idempotent = true,
        .limits = ZAPI_WORDS("all three parameters travel in the query string",
                             "the id is the messageId of the send response, or "
                             "of the receive webhook for a received message"),
        .summary = "Delete a message, sent or received.",
        .doc = "message/delete-message",
    },
    {
        .name = "read_message",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/read-message",
        .params = read_message_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        .reply_status = 204,
        .request_example = ZAPI_JSON(
            {"phone" : "5511999990001", "messageId" : "3EB0C0FFEE1234567890"}),
        .idempotent = true,
        .summary = "Mark a message as read.",
        .doc = "message/read-message",
    },
    {
        .name = "send_poll",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-poll",
        .params = send_poll_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "message" : "Which day suits you?",
            "poll" : [ {"name" : "Monday"}, {"name" : "Friday"} ],
            "delayMessage" : 2,
            "pollMaxOptions" : 1
        }),
        .limits = ZAPI_WORDS("groups only, says the newer page"),
        .summary = "Send a poll.",
        .doc = "message/send-poll",
    },
    {
        .name = "send_poll_vote",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-poll-vote",
        .params = send_poll_vote_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "pollMessageId" : "3EB0C0FFEE1234567890",
            "pollVote" : [ {"name" : "Friday"} ]
        }),
        .limits = ZAPI_WORDS("several options may be chosen in one vote",
                             "groups only, says the newer page"),
        .summary = "Vote in a poll.",
        .doc = "message/send-poll-vote",
    },
    {
        .name = "send_order",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-order",
        .params = send_order_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "order" : {
                "currency" : "BRL",
                "products" : [
                    {
                        "productId" : "7000000000000001",
                        "name" : "Blue mug",
                        "value" : 40,
                        "quantity" : 2
                    },
                    {"name" : "Gift wrap", "value" : 5, "quantity" : 1}
                ],
                "discount" : 5,
                "tax" : 2,
                "shipping" : 12
            },
            "paymentSettings" : {
                "pix" : {
                    "key" : "pix@example.com",
                    "keyType" : "email",
                    "name" : "Example Shop"
                },
                "card" : {"enabled" : true}
            }
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits = ZAPI_WORDS(
            "business accounts only",
            "card payment must first be set up in the phone's WhatsApp account",
            "a product without productId counts as custom and gets an id valid "
            "for this order only",
            "the webhook returns the ids that later status and payment updates "
            "need",
            "an invalid currency code fails later, in the on-send webhook"),
        .summary = "Send an order (the accept-order or charge message) with "
                   "products and payment means.",
        .doc = "message/send-order",
    },
    {
        .name = "update_order_status",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/order-status-update",
        .params = update_order_status_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "messageId" : "3EB0C0FFEE1234567890",
            "referenceId" : "4AAAAAAAAA1",
            "orderRequestId" : "4AAAAAAAAB2",
            "orderStatus" : "shipped",
            "paymentStatus" : "paid",
            "order" : {
                "currency" : "BRL",
                "products" : [
                    {
                        "productId" : "custom-item-4AAAAAAAAC3",
                        "name" : "Gift wrap",
                        "value" : 5,
                        "quantity" : 1,
                        "isCustomItem" : true
                    },
                    {
                        "productId" : "7000000000000001",
                        "name" : "Blue mug",
                        "value" : 40,
                        "quantity" : 2,
                        "isCustomItem" : false
                    }
                ],
                "discount" : 5,
                "tax" : 2,
                "shipping" : 12
            },
            "message" : "Your order is on its way"
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits =
            ZAPI_WORDS("business accounts only",
                       "repeat every datum of the original order, plus the ids "
                       "the send-order webhook returned (referenceId, "
                       "orderRequestId, productId, isCustomItem)",
                       "a product sent without productId comes back with an id "
                       "that starts with custom-item and isCustomItem true"),
        .summary = "Send the customer an update of an order's status.",
        .doc = "message/update-order-status",
    },
    {
        .name = "update_order_payment",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/order-payment-update",
        .params = update_order_payment_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "messageId" : "3EB0C0FFEE1234567890",
            "referenceId" : "4AAAAAAAAA1",
            "orderRequestId" : "4AAAAAAAAB2",
            "orderStatus" : "processing",
            "paymentStatus" : "paid",
            "order" : {
                "currency" : "BRL",
                "products" : [
                    {
                        "productId" : "custom-item-4AAAAAAAAC3",
                        "name" : "Gift wrap",
                        "value" : 5,
                        "quantity" : 1,
                        "isCustomItem" : true
                    },
                    {
                        "productId" : "7000000000000001",
                        "name" : "Blue mug",
                        "value" : 40,
                        "quantity" : 2,
                        "isCustomItem" : false
                    }
                ],
                "discount" : 5,
                "tax" : 2,
                "shipping" : 12
            },
            "message" : "We got your payment"
        }),
        .requires = ZAPI_NEEDS_BUSINESS,
        .limits =
            ZAPI_WORDS("business accounts only",
                       "repeat every datum of the original order, plus the ids "
                       "the send-order webhook returned (referenceId, "
                       "orderRequestId, productId, isCustomItem)",
                       "a product sent without productId comes back with an id "
                       "that starts with custom-item and isCustomItem true"),
        .summary = "Send the customer an update of an order's payment.",
        .doc = "message/update-order-payment",
    },
    {
        .name = "pin_message",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/pin-message",
        .params = pin_message_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "messageId" : "3EB0C0FFEE1234567890",
            "messageAction" : "pin",
            "pinMessageDuration" : "7_days"
        }),
        .limits = ZAPI_WORDS("works in private chats and in groups",
                             "not available for channels (@newsletter)"),
        .summary = "Pin or unpin a message in a chat.",
        .doc = "message/send-pin-message",
    },
    {
        .name = "send_newsletter_admin_invite",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-newsletter-admin-invite",
        .params = send_newsletter_admin_invite_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "adminInviteMessage" : {
                "newsletterId" : "120363000000000009@newsletter",
                "caption" : "Would you help run this channel?"
            }
        }),
        .summary = "Invite someone to become an admin of your channel.",
        .doc = "message/send-newsletter-admin-invite",
    },
    {
        .name = "send_event",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-event",
        .params = send_event_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "event" : {
                "name" : "Monthly meeting",
                "description" : "Figures and plans",
                "dateTime" : "2030-01-15T13:00:00.000Z",
                "timeZone" : "UTC-3",
                "location" : {"name" : "Room 2"},
                "callLinkType" : "video",
                "canceled" : false
            }
        }),
        .limits = ZAPI_WORDS("groups only"),
        .summary = "Send an event to a group.",
        .doc = "message/send-event",
    },
    {
        .name = "send_edit_event",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-edit-event",
        .params = send_edit_event_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "event" : {
                "name" : "Monthly meeting",
                "description" : "Figures, plans and coffee",
                "dateTime" : "2030-01-15T14:00:00.000Z",
                "location" : {"name" : "Room 3"},
                "callLinkType" : "voice",
                "canceled" : false
            },
            "eventMessageId" : "3EB0C0FFEE1234567890"
        }),
        .limits = ZAPI_WORDS("send every datum of the event again, even the "
                             "unchanged ones: what is left out may be removed",
                             "groups only; a bad date and time fails later, in "
                             "the on-send webhook"),
        .summary = "Edit or cancel an event already sent.",
        .doc = "message/send-edit-event",
    },
    {
        .name = "send_event_response",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/send-event-response",
        .params = send_event_response_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "120363000000000001-group",
            "eventResponse" : "GOING",
            "eventMessageId" : "A5B4C3D2E1F00F1E2D3C4B5A69788796"
        }),
        .limits = ZAPI_WORDS("you cannot answer your own event; your answer to "
                             "it always stays going"),
        .summary = "Answer an event: going or not.",
        .doc = "message/send-event-response",
    },
    {
        .name = "reply_button",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/reply-button",
        .params = reply_button_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "responseButtonId" : "1",
            "messageId" : "3EB0C0FFEE1234567890"
        }),
        .limits = ZAPI_WORDS(
            "presses a button of a message made with send_button_list",
            "not available for channels (@newsletter)"),
        .summary = "Answer a message with buttons by pressing one of them.",
        .doc = "en/message/reply-button",
    },
    {
        .name = "reply_template_button",
        .section = "messages",
        .method = ZAPI_POST,
        .path = "/reply-template-button",
        .params = reply_template_button_params,
        .body = ZAPI_BODY_OBJECT,
        .body_required = true,
        ZAPI_REPLY_SENT,
        .request_example = ZAPI_JSON({
            "phone" : "5511999990001",
            "responseTemplateButtonId" : "1",
            "messageId" : "3EB0C0FFEE1234567890"
        }),
        .limits = ZAPI_WORDS(
            "presses a button of a message made with send_button_actions; only "
            "buttons of type REPLY can be answered",
            "not available for channels (@newsletter)"),
        .summary =
            "Answer a message with action buttons by pressing a REPLY button.",
        .doc = "en/message/reply-template-button",
    },
};
const size_t zapi_messages_count =
    sizeof zapi_messages_rows / sizeof *zapi_messages_rows;
