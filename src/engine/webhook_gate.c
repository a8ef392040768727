/* SPDX-License-Identifier: MIT
 *
 * See webhook_gate.h. Comparing takes the same time whatever the header is: it
 * is compared with every token that may be right, to the end. The instance's
 * name is no secret, so looking it up may be quick.
 */
#include "engine/webhook_gate.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/text.h"

/* What is named in the log; a hostile peer makes more, and longer ones. */
enum { MOST_STRANGERS = 100, LONGEST_NAME = 64 };
enum { LISTS = 1024 };

struct known {
    struct known *next;      /* of all */
    struct known *same_list; /* by the hash of the instance */
    char *token;
    size_t token_len;
    char instance[];
};

struct stranger { /* logged already */
    struct stranger *next;
    char instance[];
};

struct zapi_webhook_gate {
    enum zapi_token_check mode;
    pthread_mutex_t lock;
    struct known *known, *lists[LISTS];
    struct stranger *strangers;
    unsigned nstrangers;
    bool missing_said, wrong_said;
};

bool zapi_token_check_parse(const char *word, enum zapi_token_check *out,
                            struct zapi_error *error)
{
    static const char *const words[] = {"observe", "off", "enforce"};
    *out = ZAPI_TOKEN_OBSERVE;
    if (!word || !*word)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0) {
            *out = (enum zapi_token_check)i;
            return true;
        }
    }
    zapi_error_set(error, ZAPI_E_CONFIG,
                   "--token-check takes off, observe or enforce, not '%.40s'",
                   word);
    return false;
}

struct zapi_webhook_gate *zapi_webhook_gate_new(enum zapi_token_check mode)
{
    struct zapi_webhook_gate *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->mode = mode;
    pthread_mutex_init(&g->lock, NULL);
    return g;
}

void zapi_webhook_gate_set_mode(struct zapi_webhook_gate *g,
                                enum zapi_token_check mode)
{
    pthread_mutex_lock(&g->lock);
    g->mode = mode;
    pthread_mutex_unlock(&g->lock);
}

static void known_free(struct known *k)
{
    if (k)
        free(k->token);
    free(k);
}

void zapi_webhook_gate_delete(struct zapi_webhook_gate *g)
{
    if (!g)
        return;
    while (g->known) {
        struct known *k = g->known;
        g->known = k->next;
        known_free(k);
    }
    while (g->strangers) {
        struct stranger *s = g->strangers;
        g->strangers = s->next;
        free(s);
    }
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static size_t list_of(const char *instance)
{
    uint32_t h = 2166136261;
    for (; *instance; instance++)
        h = (h ^ (unsigned char)*instance) * 16777619;
    return (h ^ h >> 16) % LISTS;
}

static struct known *find(const struct zapi_webhook_gate *g,
                          const char *instance)
{
    struct known *k = g->lists[list_of(instance)];
    while (k && strcmp(k->instance, instance) != 0)
        k = k->same_list;
    return k;
}

bool zapi_webhook_gate_add(struct zapi_webhook_gate *g, const char *instance,
                           const char *token)
{
    size_t n = strlen(instance) + 1, at = list_of(instance);
    struct known *k = malloc(sizeof *k + n);
    char *copy = strdup(token);
    if (!k || !copy) {
        free(k);
        free(copy);
        return false;
    }
    *k = (struct known){.token = copy, .token_len = strlen(copy)};
    memcpy(k->instance, instance, n);
    pthread_mutex_lock(&g->lock);
    struct known *old = find(g, instance);
    if (old) {
        free(old->token);
        old->token = copy;
        old->token_len = k->token_len;
        k->token = NULL;
    } else {
        k->next = g->known;
        g->known = k;
        k->same_list = g->lists[at];
        g->lists[at] = k;
        k = NULL;
    }
    pthread_mutex_unlock(&g->lock);
    known_free(k);
    return true;
}

/* ---- asking ---- */

/* Under the lock: the instance's own token, else any that is known. */
static bool matches(const struct zapi_webhook_gate *g, const struct known *own,
                    const char *header)
{
    size_t n = strlen(header);
    bool right = false;
    if (own)
        return zapi_text_equal_ct(header, n, own->token, own->token_len);
    for (const struct known *k = g->known; k; k = k->next)
        right = zapi_text_equal_ct(header, n, k->token, k->token_len) || right;
    return right;
}

/* Under the lock: is it named for the first time? */
static bool is_news(struct zapi_webhook_gate *g, const char *instance)
{
    size_t n = strlen(instance) + 1;
    struct stranger *s = g->strangers;
    while (s && strcmp(s->instance, instance) != 0)
        s = s->next;
    if (s || g->nstrangers == MOST_STRANGERS || n > LONGEST_NAME)
        return false;
    s = malloc(sizeof *s + n);
    if (!s)
        return false;
    s->next = g->strangers;
    memcpy(s->instance, instance, n);
    g->strangers = s;
    g->nstrangers++;
    return true;
}

/* What came of one webhook. */
enum result { OK, MISSING, WRONG };

static const char *const labels[] = {"result=\"ok\"", "result=\"missing\"",
                                     "result=\"wrong\""};

struct found {
    enum zapi_token_check mode;
    enum result result;
    bool blind;    /* no token is known to compare with */
    bool first;    /* of this result */
    bool stranger; /* its instance is nobody's */
    bool news;     /* and is named for the first time */
};

static struct found look(struct zapi_webhook_gate *g, const char *instance,
                         const char *header)
{
    struct found f = {.result = OK};
    bool *said = NULL;
    pthread_mutex_lock(&g->lock);
    const struct known *own = find(g, instance);
    f.mode = g->mode;
    f.blind = !g->known;
    f.stranger = g->known && !own && *instance;
    f.news = f.stranger && is_news(g, instance);
    if (!header || !*header)
        f.result = MISSING, said = &g->missing_said;
    else if (!matches(g, own, header))
        f.result = WRONG, said = &g->wrong_said;
    f.first = said && !*said;
    if (said)
        *said = true;
    pthread_mutex_unlock(&g->lock);
    return f;
}

int zapi_webhook_gate_check(struct zapi_webhook_gate *g, const char *instance,
                            const char *header,
                            zapi_webhook_gate_remote *remote, void *arg,
                            const char **reason)
{
    struct found f = look(g, instance, header);
    if (f.stranger)
        zapi_metrics_add(ZAPI_M_UNKNOWN_INSTANCE, NULL, 1);
    if (f.news)
        zapi_warn("webhooks of the instance %s come from %s, and no client of "
                  "this bot is of that instance (said once)",
                  instance, remote(arg));
    if (f.mode == ZAPI_TOKEN_OFF || (f.blind && f.mode == ZAPI_TOKEN_OBSERVE))
        return 0;
    zapi_metrics_add(ZAPI_M_TOKEN, labels[f.result], 1);
    if (f.result == OK)
        return 0;
    if (f.first && f.mode == ZAPI_TOKEN_OBSERVE)
        zapi_warn("a webhook from %s has %s header z-api-token; --token-check "
                  "enforce would refuse it (said once)",
                  remote(arg), f.result == MISSING ? "no" : "a wrong");
    *reason = f.result == MISSING ? "no z-api-token" : "wrong z-api-token";
    return f.mode == ZAPI_TOKEN_ENFORCE ? 401 : 0;
}
