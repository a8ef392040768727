/* SPDX-License-Identifier: MIT
 *
 * The names of events, one row each: what bot:on accepts, which broader names
 * see it too, and what in a payload makes it. A row's parents are all of them,
 * nearest first ("audio message"), so that nothing is looked up twice. Names
 * of the account's own messages (own.*) are derived: own.voice is to own.audio
 * and own.message what voice is to audio and message.
 *
 * Static data; start reading at the table. How a payload gets its name is in
 * ingest.c.
 */
#include <string.h>

#include "engine/ingest.h"

static const struct zapi_kind kinds[] = {
    {"text", "message", "a text"},
    {"ad", "text message", "a text written after a click on an ad"},
    {"status_reply", "text message", "an answer to a status (story)"},
    {"image", "message", "a picture"},
    {"audio", "message", "an audio file"},
    {"voice", "audio message", "a voice message"},
    {"video", "message", "a video, a gif or a round video note"},
    {"document", "message", "a file"},
    {"sticker", "message", "a sticker"},
    {"location", "message", "a place, fixed or live"},
    {"contact", "message", "one or more contact cards"},
    {"product", "message", "a product of a catalog"},
    {"order", "message", "an order from a catalog (cart)"},
    {"poll", "message", "a poll that was opened"},
    {"event", "message", "an event (date) that was made or cancelled"},
    {"choice", "message", "a button pressed or a list entry chosen"},
    {"template", "message", "a template message"},
    {"carousel", "message", "a carousel of cards"},
    {"buttons", "message", "a message with buttons"},
    {"pix", "message", "a PIX key"},
    {"channel_invite", "message", "an invitation to administer a channel"},
    {"review", "message", "order data (review and pay), also of our own sends"},
    {"payment.requested", "payment", "somebody asks for a payment"},
    {"payment.sent", "payment", "somebody paid"},
    {"payment.declined", "payment", "a request for payment was declined"},
    {"reaction", "", "a reaction to a message; an empty value takes it back"},
    {"vote", "", "a vote in a poll"},
    {"event_response", "", "an answer to an event (date)"},
    {"pin", "", "a message was pinned or unpinned"},
    {"edit", "", "the new version of an edited message"},
    {"delete", "", "a message was deleted for all"},
    {"waiting", "", "a message not yet decrypted; its content follows"},
    {"unknown", "", "a message of a kind that has no name here"},
    {"group.create", "", "a group was made"},
    {"group.join", "", "somebody came into a group"},
    {"group.leave", "", "somebody left a group or was removed"},
    {"group.request", "", "somebody asks to enter a group"},
    {"group.request_revoked", "", "a request to enter was taken back"},
    {"group.promote", "", "somebody became an admin of a group"},
    {"group.demote", "", "somebody is no admin of a group any more"},
    {"group.change", "", "subject, picture, description or settings changed"},
    {"call.incoming", "", "a voice or video call comes in"},
    {"call.missed", "", "a call was not answered"},
    {"channel.promote", "", "somebody became an admin of a channel"},
    {"channel.demote", "", "somebody is no admin of a channel any more"},
    {"profile.name", "", "a profile's name changed"},
    {"profile.photo", "", "a profile's picture changed"},
    {"chat.label", "", "a label was put on a chat or taken off"},
    {"notice", "", "a notice of WhatsApp without a name of its own"},
    {"message.sent", "", "our message left the instance"},
    {"message.received", "", "our message arrived at the device"},
    {"message.read", "", "our message was read"},
    {"message.played", "", "our voice message was listened to"},
    {"message.failed", "", "our message will not be delivered"},
    {"message.delivered", "", "our message was handed to WhatsApp"},
    {"message.unknown", "", "nothing was heard of a send any more"},
    {"read_by_me", "", "the account itself read a message"},
    {"presence", "", "somebody types, records, comes or goes"},
    {"connected", "", "the instance is connected"},
    {"disconnected", "", "the instance lost its connection"},
    {"proxy.failed", "", "the proxy of the instance does not work"},
    {"broadcast_list", "own.message", "we wrote to a broadcast list"},
    {NULL, NULL, NULL},
};

const struct zapi_kind *zapi_kinds(void)
{
    return kinds;
}

static const char *parents_of(const char *kind)
{
    for (const struct zapi_kind *k = kinds; k->name; k++)
        if (strcmp(k->name, kind) == 0)
            return k->parents;
    return "";
}

/* Is `word` one of the words of `list`? */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    while (*list) {
        size_t len = strcspn(list, " ");
        if (len == n && memcmp(list, word, n) == 0)
            return true;
        list += len + strspn(list + len, " ");
    }
    return false;
}

bool zapi_kind_is(const char *kind, const char *name)
{
    if (strcmp(kind, name) == 0)
        return true;
    if (strncmp(kind, "own.", 4) == 0 && strncmp(name, "own.", 4) == 0)
        return has_word(parents_of(kind + 4), name + 4);
    return has_word(parents_of(kind), name);
}
