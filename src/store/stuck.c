/* SPDX-License-Identifier: MIT
 *
 * See stuck.h. A line that is torn or somebody else's counts as none, but is
 * removed, so that it cannot keep a program from starting.
 */
#include "store/stuck.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"

enum { PATH_ROOM = 4096, LINE_ROOM = 1024 };

static bool path_of(char out[PATH_ROOM], const char *folder)
{
    int n = snprintf(out, PATH_ROOM, "%s/stuck", folder);
    return n > 0 && n < PATH_ROOM;
}

/* `name` as it stands between the quotes of JSON; cut where room ends. */
static void quote(char *out, size_t room, const char *name)
{
    size_t at = 0;
    for (; *name && at + 7 < room; name++) {
        unsigned char c = (unsigned char)*name;
        if (c == '"' || c == '\\') {
            out[at++] = '\\';
        }
        if (c < 0x20) {
            at += (size_t)snprintf(out + at, 7, "\\u%04x", c);
        } else {
            out[at++] = *name;
        }
    }
    out[at] = '\0';
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            p += written;
            n -= (size_t)written;
        }
    }
    return true;
}

/* So that the name of the file is on disk too. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

bool zapi_stuck_write(const char *folder, const char *automation, uint64_t seq,
                      int64_t when)
{
    char path[PATH_ROOM], name[LINE_ROOM / 2], line[LINE_ROOM];
    bool ok;
    int fd, n;
    if (!path_of(path, folder)) {
        return false;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    quote(name, sizeof name, automation);
    n = snprintf(line, sizeof line,
                 "{\"automation\":\"%s\",\"seq\":%" PRIu64 ",\"when\":%" PRId64
                 "}\n",
                 name, seq, when);
    ok = write_all(fd, line, (size_t)n) && fsync(fd) == 0;
    close(fd);
    sync_folder(folder);
    return ok;
}

static bool parse(const char *line, size_t len, char *name, size_t room,
                  uint64_t *seq)
{
    struct zapi_json_pick picks[] = {{.key = "automation"}, {.key = "seq"}};
    const char *error;
    size_t n;
    if (!zapi_json_pick(line, len, picks, 2, &error) ||
        picks[0].type != ZAPI_JSON_STRING ||
        picks[1].type != ZAPI_JSON_INTEGER || picks[1].integer <= 0 ||
        picks[0].raw_len - 2 >= room) {
        return false;
    }
    n = zapi_json_unescape(picks[0].raw + 1, picks[0].raw_len - 2, name);
    name[n] = '\0';
    *seq = (uint64_t)picks[1].integer;
    return true;
}

bool zapi_stuck_read(const char *folder, char *name, size_t room, uint64_t *seq)
{
    char path[PATH_ROOM], line[LINE_ROOM];
    FILE *f = path_of(path, folder) ? fopen(path, "re") : NULL;
    size_t n;
    if (!f) {
        return false;
    }
    n = fread(line, 1, sizeof line, f);
    fclose(f);
    unlink(path);
    return parse(line, n, name, room, seq);
}
