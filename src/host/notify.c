/* SPDX-License-Identifier: MIT
 *
 * See notify.h. A message that cannot be sent is lost: there is nobody else to
 * tell, and the manager has its own time-outs.
 */
#include "host/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

struct zapi_notify {
    int fd;
    struct sockaddr_un to;
    socklen_t to_len;
    uv_timer_t timer;
    bool ready;
};

static void say(struct zapi_notify *n, const char *text)
{
    ssize_t sent;
    do {
        sent = sendto(n->fd, text, strlen(text), MSG_NOSIGNAL,
                      (const struct sockaddr *)&n->to, n->to_len);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        zapi_debug("the service manager cannot be told: %s", strerror(errno));
    }
}

static void say_with_status(struct zapi_notify *n, const char *word,
                            const char *status)
{
    char text[300];
    snprintf(text, sizeof text, "%sSTATUS=%.200s", word, status);
    say(n, text);
}

static void on_beat(uv_timer_t *timer)
{
    say(timer->data, "WATCHDOG=1");
}

/* Half of the time after which we would be taken for stuck, in ms; 0: nobody
 * waits. Meant for another process: not for us. */
static uint64_t watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    unsigned long long n = usec ? strtoull(usec, NULL, 10) : 0;
    if (pid && strtoll(pid, NULL, 10) != (long long)getpid()) {
        n = 0;
    }
    return n > 0 && n < 2000 ? 1 : n / 2000;
}

static bool set_address(struct zapi_notify *n, const char *path)
{
    size_t len = strlen(path);
    if ((*path != '/' && *path != '@') || len < 2 ||
        len >= sizeof n->to.sun_path) {
        zapi_warn("NOTIFY_SOCKET is no address of a socket");
        return false;
    }
    n->to.sun_family = AF_UNIX;
    memcpy(n->to.sun_path, path, len);
    if (*path == '@') { /* the abstract namespace: a NUL, and none at the end */
        n->to.sun_path[0] = '\0';
    }
    n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
                            (*path == '/'));
    return true;
}

static struct zapi_notify *notify_new(const char *path)
{
    struct zapi_notify *n = calloc(1, sizeof *n);
    if (!n) {
        return NULL;
    }
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n->fd < 0 || !set_address(n, path)) {
        if (n->fd >= 0) {
            close(n->fd);
        }
        free(n);
        return NULL;
    }
    return n;
}

struct zapi_notify *zapi_notify_open(uv_loop_t *loop)
{
    const char *path = getenv("NOTIFY_SOCKET");
    uint64_t beat = watchdog_ms();
    struct zapi_notify *n = path && *path ? notify_new(path) : NULL;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (!n) {
        return NULL;
    }
    uv_timer_init(loop, &n->timer);
    n->timer.data = n;
    if (beat > 0) {
        uv_timer_start(&n->timer, on_beat, 0, beat);
    }
    uv_unref((uv_handle_t *)&n->timer);
    return n;
}

void zapi_notify_ready(struct zapi_notify *n, const char *status)
{
    if (n) {
        say_with_status(n, n->ready ? "" : "READY=1\n", status);
        n->ready = true;
    }
}

void zapi_notify_stopping(struct zapi_notify *n, const char *status)
{
    if (n) {
        say_with_status(n, "STOPPING=1\n", status);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void zapi_notify_close(struct zapi_notify *n)
{
    if (n) {
        close(n->fd);
        n->fd = -1;
        uv_close((uv_handle_t *)&n->timer, on_closed);
    }
}
