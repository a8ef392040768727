/* SPDX-License-Identifier: MIT
 *
 * A listening TCP socket from an address as people write it.
 */
#ifndef ZAPI_NET_LISTEN_H
#define ZAPI_NET_LISTEN_H

#include <stddef.h>

#include "base/error.h"

/* "127.0.0.1:8080", "[::1]:0", "localhost:0", ":8080" (every address). The
 * socket is non-blocking, closed at exec and listens already; it is the
 * caller's. -1: *error says why, naming the address. */
int zapi_listen(const char *address, struct zapi_error *error);
/* "127.0.0.1:41234" of a socket, with its real port; "" when it has none. */
void zapi_listen_name(int fd, char *out, size_t room);

#endif
