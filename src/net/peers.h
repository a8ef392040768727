/* SPDX-License-Identifier: MIT
 *
 * Who is at the other end of a connection, and how much one address may take.
 * Behind a proxy or a tunnel all clients share one address, so limits per
 * address would shut everybody out for one bad client: they apply only where
 * the operator has named the proxies (--trusted-proxy). Then the last hop of
 * X-Forwarded-For that is no proxy of ours is the client.
 *
 * Owns its table. An address is 16 bytes, IPv4 as mapped into IPv6; IPv6
 * clients are counted by their /64. Thread-safe once made. Start reading at
 * zapi_peers_origin.
 */
#ifndef ZAPI_NET_PEERS_H
#define ZAPI_NET_PEERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

#define ZAPI_PEER_TEXT INET6_ADDRSTRLEN

struct zapi_peers;

struct zapi_peers_config {
    const char *trusted; /* "10.0.0.1, 192.168.0.0/16, ::1"; NULL or "": none */
    unsigned connections; /* most that one address has open at once; 0: 128 */
    unsigned mistakes;    /* wrong secrets a minute of one address; 0: 20 */
};

/* NULL: *error, kind CONFIG, names the word that is no address. */
struct zapi_peers *zapi_peers_new(const struct zapi_peers_config *config,
                                  struct zapi_error *error);
void zapi_peers_delete(struct zapi_peers *p);
/* Were proxies named? Else nothing here ever limits. */
bool zapi_peers_limiting(const struct zapi_peers *p);
/* Is the other end one of our proxies? */
bool zapi_peers_is_proxy(const struct zapi_peers *p,
                         const struct sockaddr *peer);
/* The client's address, as text. `forwarded`: the X-Forwarded-For header, or
 * NULL; it counts only from a proxy of ours. A header that cannot be read is
 * believed as far as it can be. */
void zapi_peers_origin(const struct zapi_peers *p, const struct sockaddr *peer,
                       const char *forwarded, char out[ZAPI_PEER_TEXT]);

/* One more connection (or request, behind a proxy) of this address; false: it
 * has too many, and nothing is counted. Each true is ended by one leave. */
bool zapi_peers_enter(struct zapi_peers *p, const char *address);
void zapi_peers_leave(struct zapi_peers *p, const char *address);
/* A wrong secret; true: too many in the last minute. `now`: any clock, in
 * seconds, that only goes forward. */
bool zapi_peers_mistake(struct zapi_peers *p, const char *address, double now);

#endif
