/* SPDX-License-Identifier: MIT
 *
 * See ask.h. The other end is host/control.c: one line with the request, then
 * a line with the reply; empty lines before it say that the process is alive
 * while the request takes its time. Start at zapi_ask.
 */
#include "store/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"
#include "store/admin.h"
#include "store/restore.h"

#define SOCKET     "control.sock"
#define PATIENCE   15000 /* ms without a sign of life */
#define START_LOOK 50    /* ms between looks at a process that starts or ends */
#define START_MAX  40

/* ---- the socket ---- */

/* An address holds 107 bytes, a folder's name may be longer: then the way
 * leads over an open folder. *fd is to be closed when it is not -1. */
static bool address(const char *folder, struct sockaddr_un *out, int *fd)
{
    int n = snprintf(out->sun_path, sizeof out->sun_path, "%s/" SOCKET, folder);
    out->sun_family = AF_UNIX;
    *fd = -1;
    if (n > 0 && (size_t)n < sizeof out->sun_path) {
        return true;
    }
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/" SOCKET,
             *fd);
    return *fd >= 0;
}

void zapi_ask_unlink(const char *folder)
{
    struct sockaddr_un at;
    int fd;
    if (address(folder, &at, &fd)) {
        unlink(at.sun_path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* The mode is set before there is a name: nobody else can ever connect. */
int zapi_ask_bind(const char *folder, struct zapi_error *error)
{
    struct sockaddr_un at;
    int fd, s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = s >= 0 && fchmod(s, 0600) == 0;
    zapi_ask_unlink(folder);
    ok = address(folder, &at, &fd) && ok &&
         bind(s, (const struct sockaddr *)&at, sizeof at) == 0;
    if (!ok) {
        zapi_error_set(error, ZAPI_E_IO, "cannot make %s/" SOCKET ": %s",
                       folder, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    if (!ok && s >= 0) {
        close(s);
    }
    return ok ? s : -1;
}

/* -1: nobody answers there. */
static int connect_to(const char *folder)
{
    struct sockaddr_un at;
    int fd, s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = address(folder, &at, &fd) && s >= 0 &&
              connect(s, (const struct sockaddr *)&at, sizeof at) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (!ok && s >= 0) {
        close(s);
    }
    return ok ? s : -1;
}

static bool send_all(int s, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(s, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* More of the reply. 0: it has ended; -1: nothing came for too long. */
static ssize_t receive(int s, char *p, size_t room)
{
    struct pollfd pfd = {.fd = s, .events = POLLIN};
    ssize_t n;
    int ready;
    do {
        ready = poll(&pfd, 1, PATIENCE);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return -1;
    }
    do {
        n = recv(s, p, room, 0);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? 0 : n;
}

/* The line of the reply is complete: without its end, and without the signs
 * of life before it. */
static bool complete(struct zapi_buf *reply, size_t from)
{
    return reply->len > from && reply->data[reply->len - 1] == '\n';
}

static bool converse(int s, const char *request, size_t len,
                     struct zapi_buf *reply, struct zapi_error *error)
{
    size_t from = reply->len;
    char piece[16384];
    ssize_t n = 0;
    bool ok = send_all(s, request, len) && send_all(s, "\n", 1);
    while (ok && !complete(reply, from)) {
        const char *p = piece;
        n = receive(s, piece, sizeof piece);
        if (n <= 0) {
            break;
        }
        while (n > 0 && reply->len == from && *p == '\n') {
            p++, n--;
        }
        ok = zapi_buf_add(reply, p, (size_t)n);
    }
    close(s);
    if (ok && complete(reply, from)) {
        reply->data[--reply->len] = '\0';
        return true;
    }
    zapi_error_set(error, ZAPI_E_IO,
                   reply->failed ? "the reply is too large: ask for less"
                   : n < 0 ? "the zapibot that runs here has not answered for "
                             "15 s: its scripts hold it up"
                           : "the zapibot that ran here ended before it had "
                             "answered");
    return false;
}

/* ---- the file ---- */

static bool exists(const char *folder, const char *name)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &st) == 0;
}

/* Does the request ask for this? */
static bool is(const char *request, size_t len, const char *what)
{
    struct zapi_json_pick p = {.key = "do"};
    const char *why;
    size_t n = strlen(what);
    return zapi_json_pick(request, len, &p, 1, &why) &&
           p.type == ZAPI_JSON_STRING && p.raw_len == n + 2 &&
           memcmp(p.raw + 1, what, n) == 0;
}

static void open_and_run(const char *folder, const char *request, size_t len,
                         struct zapi_buf *reply, struct zapi_error *error)
{
    struct zapi_admin admin = {
        .db = zapi_db_open(&(struct zapi_db_config){.folder = folder}, error),
    };
    bool ok = admin.db != NULL;
    if (ok && is(request, len, "forget")) { /* reads them all: only then */
        admin.people = zapi_people_new(admin.db, error);
        ok = admin.people != NULL;
    }
    if (ok) {
        zapi_admin_run(&admin, request, len, reply);
    }
    zapi_db_close(admin.db);
    zapi_people_delete(admin.people);
}

static void pause_briefly(void)
{
    poll(NULL, 0, START_LOOK);
}

/* Nobody answered. Who holds the folder nevertheless starts or ends just now,
 * and is waited for a while. */
static bool wait_for_lock(const char *folder, int *s, struct zapi_error *error)
{
    int i;
    long pid = 0;
    for (i = 0; i < START_MAX; i++) {
        int lock = zapi_restore_lock(folder, &pid);
        if (lock >= 0) {
            close(lock);
            return true;
        }
        pause_briefly();
        *s = connect_to(folder);
        if (*s >= 0) {
            return true;
        }
    }
    zapi_error_set(error, ZAPI_E_CONFIG,
                   "the process %ld holds %s, but does not answer at its "
                   "control socket",
                   pid, folder);
    return false;
}

bool zapi_ask(const char *folder, const char *request, size_t len,
              struct zapi_buf *reply, struct zapi_error *error)
{
    size_t from = reply->len;
    int s = connect_to(folder);
    zapi_error_clear(error);
    if (s < 0 && is(request, len, "restore")) {
        zapi_restore_run(folder, request, len, reply);
        return true;
    }
    if (s < 0 && !exists(folder, "zapibot.db")) {
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "no database: looked for %s/zapibot.db", folder);
        return false;
    }
    if (s < 0 && !wait_for_lock(folder, &s, error)) {
        return false;
    }
    if (s >= 0) {
        return converse(s, request, len, reply, error);
    }
    open_and_run(folder, request, len, reply, error);
    return reply->len > from;
}
