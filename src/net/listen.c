/* SPDX-License-Identifier: MIT
 *
 * Address text → listening socket. Everything is CLOEXEC: a child of io.popen
 * that kept the socket would keep the port busy after we are gone. A name with
 * several addresses ("localhost") takes the first that can be bound, IPv4
 * before IPv6, because that is what other people's tools try first.
 *
 * Owns nothing. Start reading at zapi_listen.
 */
#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct place {
    char host[256];
    char port[16];
};

static bool is_port(const char *s)
{
    size_t n = strspn(s, "0123456789");
    return n > 0 && n < 6 && s[n] == '\0' && (n < 5 || strcmp(s, "65536") < 0);
}

/* Splits at the last colon; brackets around IPv6 are taken off. */
static bool split(const char *address, struct place *p)
{
    const char *colon = strrchr(address, ':');
    const char *host = address;
    if (!colon || !is_port(colon + 1))
        return false;
    size_t n = (size_t)(colon - host);
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']')
        host++, n -= 2;
    else if (memchr(host, ':', n))
        return false; /* an IPv6 address without brackets is ambiguous */
    if (n >= sizeof p->host)
        return false;
    memcpy(p->host, host, n);
    p->host[n] = '\0';
    snprintf(p->port, sizeof p->port, "%s", colon + 1);
    return true;
}

static int open_one(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    a->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, 1024) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int open_family(const struct addrinfo *list, int family, int *why)
{
    for (; list; list = list->ai_next) {
        if (list->ai_family != family)
            continue;
        int fd = open_one(list);
        if (fd >= 0)
            return fd;
        if (*why == 0)
            *why = errno;
    }
    return -1;
}

static const char *reason(int why)
{
    switch (why) {
    case EADDRINUSE:
        return "address in use: another program listens there";
    case EADDRNOTAVAIL:
        return "this machine does not have that address";
    case EACCES:
        return "permission denied: ports below 1024 need a privilege";
    case 0:
        return "no usable address";
    default:
        return strerror(why);
    }
}

int zapi_listen(const char *address, struct zapi_error *error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    struct place p;
    int fd, why = 0;

    if (!split(address, &p)) {
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "cannot listen on '%s': write it as HOST:PORT, e.g. "
                       "127.0.0.1:8080 or [::1]:8080 (a port is at most 65535)",
                       address);
        return -1;
    }
    int bad = getaddrinfo(p.host[0] ? p.host : NULL, p.port, &hints, &list);
    if (bad) {
        zapi_error_set(error, ZAPI_E_CONFIG, "cannot listen on '%s': %s",
                       address, gai_strerror(bad));
        return -1;
    }
    fd = open_family(list, AF_INET, &why);
    if (fd < 0)
        fd = open_family(list, AF_INET6, &why);
    if (fd < 0)
        zapi_error_set(error, ZAPI_E_IO, "cannot listen on '%s': %s", address,
                       reason(why));
    freeaddrinfo(list);
    return fd;
}

void zapi_listen_name(int fd, char *out, size_t room)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    char host[128], port[16];
    const char *fmt = "%s:%s";

    out[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0 ||
        getnameinfo((struct sockaddr *)&sa, len, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    if (sa.ss_family == AF_INET6)
        fmt = "[%s]:%s";
    snprintf(out, room, fmt, host, port);
}
