/* SPDX-License-Identifier: MIT
 *
 * Which addresses belong to the public internet. For downloads whose URL came
 * from outside (a forged media link must not reach the router, the metadata
 * service or the database next door). Anything not known to be public is
 * private. Allocates nothing.
 */
#ifndef ZAPI_NET_ADDRESS_H
#define ZAPI_NET_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

bool zapi_address_public(const struct sockaddr *address);
/* The same for "93.184.216.34" or "2606:2800::1"; false for other text. */
bool zapi_address_public_text(const char *ip);

#endif
