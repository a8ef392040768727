/* SPDX-License-Identifier: MIT
 *
 * See inherited.h. The protocol is that of sd_listen_fds(3), without its
 * library.
 */
#include "host/inherited.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/listen.h"

enum { FIRST_FD = 3 };

/* A datagram socket or a FIFO of the same unit is not for us. */
static bool listens(int fd)
{
    int type = 0, on = 0;
    socklen_t len = sizeof type, len_on = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
           type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len_on) == 0 && on;
}

static void take_one(struct zapi_inherited *all, int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (!listens(fd) || all->n == ZAPI_INHERITED_MAX) {
        zapi_warn("the service manager's descriptor %d is no listening socket "
                  "(or one too many): left alone",
                  fd);
        return;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    all->list[all->n].fd = fd;
    zapi_listen_name(fd, all->list[all->n].address,
                     sizeof all->list[all->n].address);
    all->n++;
}

void zapi_inherited_take(struct zapi_inherited *all)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    long n = fds ? strtol(fds, NULL, 10) : 0;
    if (!pid || strtol(pid, NULL, 10) != (long)getpid()) {
        n = 0;
    }
    for (int i = 0; i < n && i < 1000; i++) {
        take_one(all, FIRST_FD + i);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

static const char *port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    return colon ? colon : "";
}

int zapi_inherited_find(struct zapi_inherited *all, const char *listen)
{
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(port_of(all->list[i].address), port_of(listen)) == 0) {
            return all->list[i].fd;
        }
    }
    if (all->n != 1) {
        return -1;
    }
    if (!all->user[0]) {
        zapi_info("the service manager's socket is used, not %s", listen);
        strncat(all->user, listen, sizeof all->user - 1);
    }
    return strcmp(all->user, listen) == 0 ? all->list[0].fd : -1;
}

void zapi_inherited_close(struct zapi_inherited *all)
{
    while (all->n > 0) {
        close(all->list[--all->n].fd);
    }
}
