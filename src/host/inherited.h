/* SPDX-License-Identifier: MIT
 *
 * Listening sockets that a service manager opened before us and keeps while we
 * are restarted (systemd: a .socket unit, LISTEN_FDS), so that whoever connects
 * meanwhile waits instead of being refused. Start reading at
 * zapi_inherited_take.
 */
#ifndef ZAPI_HOST_INHERITED_H
#define ZAPI_HOST_INHERITED_H

#include <stddef.h>

enum { ZAPI_INHERITED_MAX = 8 };

struct zapi_inherited { /* zeroed: none */
    struct {
        int fd;
        char address[160];
    } list[ZAPI_INHERITED_MAX];
    size_t n;
    char user[160]; /* who took the only one, by its address */
};

/* Once, at the start: those that are meant for this process. Children do not
 * get them, nor the variables. */
void zapi_inherited_take(struct zapi_inherited *all);
/* The socket for who wants to listen there: the one of this port, else the only
 * one there is, for the first who asks. -1: none. It stays open. */
int zapi_inherited_find(struct zapi_inherited *all, const char *listen);
void zapi_inherited_close(struct zapi_inherited *all);

#endif
