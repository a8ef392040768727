/* SPDX-License-Identifier: MIT
 *
 * See peers.h. The table is a fixed array with probing over a few places: when
 * all of them are taken, the one with nothing open and the oldest minute gives
 * way, so memory is bounded whatever addresses come.
 */
#include "net/peers.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS = 128,
    MISTAKES = 20,
    MOST_TRUSTED = 64,
    PLACES = 2048, /* a power of two */
    PROBES = 16,
    LONGEST_WORD = 64,
};

struct address {
    unsigned char bytes[16];
};

struct network {
    struct address address;
    unsigned bits;
};

struct place {
    struct address address;
    bool used;
    unsigned open, mistakes;
    double minute; /* when its minute of mistakes began */
};

struct zapi_peers {
    struct network trusted[MOST_TRUSTED];
    size_t ntrusted;
    unsigned connections, mistakes;
    uint64_t seed;
    pthread_mutex_t lock;
    struct place *places; /* NULL when nothing limits */
};

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0,    0,
                                            0, 0, 0, 0, 0xff, 0xff};

/* ---- addresses ---- */

static bool is_v4(const struct address *a)
{
    return memcmp(a->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

static struct address from_v4(const void *four)
{
    struct address a;
    memcpy(a.bytes, v4_prefix, sizeof v4_prefix);
    memcpy(a.bytes + 12, four, 4);
    return a;
}

static bool from_socket(const struct sockaddr *peer, struct address *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof v4);
        *out = from_v4(&v4.sin_addr);
        return true;
    }
    if (peer->sa_family != AF_INET6)
        return false;
    memcpy(&v6, peer, sizeof v6);
    memcpy(out->bytes, &v6.sin6_addr, 16);
    return true;
}

static bool from_text(const char *s, size_t len, struct address *out)
{
    char text[LONGEST_WORD];
    struct in_addr v4;
    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, s, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *out = from_v4(&v4);
        return true;
    }
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

static void to_text(const struct address *a, char out[ZAPI_PEER_TEXT])
{
    if (is_v4(a))
        inet_ntop(AF_INET, a->bytes + 12, out, ZAPI_PEER_TEXT);
    else
        inet_ntop(AF_INET6, a->bytes, out, ZAPI_PEER_TEXT);
}

/* A hop of X-Forwarded-For: some proxies add a port. */
static bool from_hop(const char *s, size_t len, struct address *out)
{
    const char *end = s + len, *colon = memchr(s, ':', len);
    if (len > 0 && *s == '[') {
        const char *close = memchr(s, ']', len);
        return close && from_text(s + 1, (size_t)(close - s - 1), out);
    }
    if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1)))
        len = (size_t)(colon - s); /* one colon only: 192.0.2.1:4711 */
    return from_text(s, len, out);
}

static bool inside(const struct address *a, const struct network *n)
{
    size_t whole = n->bits / 8;
    unsigned rest = n->bits % 8;
    unsigned mask = (0xff00u >> rest) & 0xff;
    if (memcmp(a->bytes, n->address.bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((a->bytes[whole] ^ n->address.bytes[whole]) & mask) == 0;
}

static bool is_trusted(const struct zapi_peers *p, const struct address *a)
{
    for (size_t i = 0; i < p->ntrusted; i++)
        if (inside(a, &p->trusted[i]))
            return true;
    return false;
}

/* ---- the list of proxies ---- */

/* "10.0.0.0/8" */
static bool read_network(const char *s, size_t len, struct network *out)
{
    const char *slash = memchr(s, '/', len);
    size_t n = slash ? (size_t)(slash - s) : len;
    unsigned bits = 0, most, digits = 0;
    if (!from_text(s, n, &out->address))
        return false;
    most = is_v4(&out->address) && !memchr(s, ':', n) ? 32 : 128;
    out->bits = 128;
    if (!slash)
        return true;
    for (const char *c = slash + 1; c < s + len; c++, digits++) {
        if (*c < '0' || *c > '9' || digits > 2)
            return false;
        bits = bits * 10 + (unsigned)(*c - '0');
    }
    if (digits == 0 || bits > most)
        return false;
    out->bits = bits + (most == 32 ? 96 : 0);
    return true;
}

static bool read_trusted(struct zapi_peers *p, const char *s,
                         struct zapi_error *error)
{
    static const char between[] = ", \t";
    while (s && *(s += strspn(s, between))) {
        size_t len = strcspn(s, between);
        if (p->ntrusted == MOST_TRUSTED ||
            !read_network(s, len, &p->trusted[p->ntrusted])) {
            zapi_error_set(error, ZAPI_E_CONFIG,
                           "trusted proxy '%.*s': an address or a network "
                           "(10.0.0.0/8) expected, %d at most",
                           len > 60 ? 60 : (int)len, s, MOST_TRUSTED);
            return false;
        }
        p->ntrusted++;
        s += len;
    }
    return true;
}

struct zapi_peers *zapi_peers_new(const struct zapi_peers_config *config,
                                  struct zapi_error *error)
{
    struct zapi_peers *p = calloc(1, sizeof *p);
    if (!p) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a listener");
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    p->connections = config->connections ? config->connections : CONNECTIONS;
    p->mistakes = config->mistakes ? config->mistakes : MISTAKES;
    p->seed = (uint64_t)(uintptr_t)p;
    if (!read_trusted(p, config->trusted, error)) {
        zapi_peers_delete(p);
        return NULL;
    }
    if (p->ntrusted > 0)
        p->places = calloc(PLACES, sizeof *p->places);
    if (p->ntrusted > 0 && !p->places) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a listener");
        zapi_peers_delete(p);
        return NULL;
    }
    return p;
}

void zapi_peers_delete(struct zapi_peers *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p->places);
    free(p);
}

bool zapi_peers_limiting(const struct zapi_peers *p)
{
    return p->places != NULL;
}

bool zapi_peers_is_proxy(const struct zapi_peers *p,
                         const struct sockaddr *peer)
{
    struct address a;
    return p->ntrusted > 0 && from_socket(peer, &a) && is_trusted(p, &a);
}

/* The hops, last first: each was written by the one after it, so the first
 * that is no proxy of ours is the last that can be believed. */
static void walk_back(const struct zapi_peers *p, const char *forwarded,
                      struct address *at)
{
    const char *end = forwarded + strlen(forwarded);
    while (end > forwarded && is_trusted(p, at)) {
        const char *s = end;
        struct address hop;
        while (s > forwarded && s[-1] != ',')
            s--;
        const char *word = s + strspn(s, " \t"), *stop = end;
        while (stop > word && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (word < stop && !from_hop(word, (size_t)(stop - word), &hop))
            return;
        if (word < stop)
            *at = hop;
        end = s > forwarded ? s - 1 : s;
    }
}

void zapi_peers_origin(const struct zapi_peers *p, const struct sockaddr *peer,
                       const char *forwarded, char out[ZAPI_PEER_TEXT])
{
    struct address at;
    out[0] = '\0';
    if (!from_socket(peer, &at))
        return;
    if (forwarded)
        walk_back(p, forwarded, &at);
    to_text(&at, out);
}

/* ---- the table ---- */

static bool key_of(const char *text, struct address *out)
{
    if (!from_text(text, strlen(text), out))
        return false;
    if (!is_v4(out))
        memset(out->bytes + 8, 0, 8);
    return true;
}

static size_t hash_of(const struct zapi_peers *p, const struct address *a)
{
    uint64_t h = 0xcbf29ce484222325u ^ p->seed;
    for (size_t i = 0; i < sizeof a->bytes; i++)
        h = (h ^ a->bytes[i]) * 0x100000001b3u;
    return (size_t)(h ^ (h >> 29));
}

/* Is `a` better to give up than `b`? */
static bool worse(const struct place *a, const struct place *b)
{
    if (!b || a->used != b->used)
        return !b || !a->used;
    return a->open == 0 && (b->open > 0 || a->minute < b->minute);
}

/* Under the lock. NULL: no place is free; then nothing is limited. */
static struct place *place_of(struct zapi_peers *p, const char *text, bool make)
{
    struct address key;
    struct place *give = NULL;
    if (!key_of(text, &key))
        return NULL;
    size_t from = hash_of(p, &key);
    for (size_t i = 0; i < PROBES; i++) {
        struct place *at = &p->places[(from + i) & (PLACES - 1)];
        if (at->used && memcmp(&at->address, &key, sizeof key) == 0)
            return at;
        if (worse(at, give))
            give = at;
    }
    if (!make || (give->used && give->open > 0))
        return NULL;
    *give = (struct place){.address = key, .used = true};
    return give;
}

bool zapi_peers_enter(struct zapi_peers *p, const char *address)
{
    bool ok = true;
    if (!p->places)
        return true;
    pthread_mutex_lock(&p->lock);
    struct place *at = place_of(p, address, true);
    if (at && at->open >= p->connections)
        ok = false;
    else if (at)
        at->open++;
    pthread_mutex_unlock(&p->lock);
    return ok;
}

void zapi_peers_leave(struct zapi_peers *p, const char *address)
{
    if (!p->places)
        return;
    pthread_mutex_lock(&p->lock);
    struct place *at = place_of(p, address, false);
    if (at && at->open > 0)
        at->open--;
    pthread_mutex_unlock(&p->lock);
}

bool zapi_peers_mistake(struct zapi_peers *p, const char *address, double now)
{
    bool over = false;
    if (!p->places)
        return false;
    pthread_mutex_lock(&p->lock);
    struct place *at = place_of(p, address, true);
    if (at) {
        if (at->mistakes == 0 || now - at->minute >= 60) {
            at->minute = now;
            at->mistakes = 0;
        }
        if (at->mistakes <= p->mistakes)
            at->mistakes++;
        over = at->mistakes > p->mistakes;
    }
    pthread_mutex_unlock(&p->lock);
    return over;
}
