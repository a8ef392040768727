/* SPDX-License-Identifier: MIT
 *
 * See watcher.h. Stamps own their paths; a watcher owns one handle for each
 * folder, freed when libuv has closed it. Start reading at zapi_watcher_file.
 */
#include "host/watcher.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

#define QUIET_MS 100
#define LOOK_MS  2000

/* ---- stamps ---- */

struct print { /* of a file: what changes with its content */
    int64_t seconds, nanoseconds, size;
    uint64_t inode;
};

struct zapi_stamp {
    struct zapi_stamp *next;
    struct print print; /* zeroed: there was none */
    unsigned version;
    char path[];
};

static struct print print_of(const char *path)
{
    struct print p = {.seconds = 0};
    struct stat st;
    if (stat(path, &st) == 0) {
        p.seconds = st.st_mtim.tv_sec;
        p.nanoseconds = st.st_mtim.tv_nsec;
        p.size = st.st_size;
        p.inode = st.st_ino;
    }
    return p;
}

static bool same(const struct print *a, const struct print *b)
{
    return a->seconds == b->seconds && a->nanoseconds == b->nanoseconds &&
           a->size == b->size && a->inode == b->inode;
}

void zapi_stamps_note(struct zapi_stamps *s, const char *path, unsigned version)
{
    struct zapi_stamp *one = s->first;
    while (one && strcmp(one->path, path) != 0) {
        one = one->next;
    }
    if (!one) {
        one = calloc(1, sizeof *one + strlen(path) + 1);
        if (!one) {
            return;
        }
        strcpy(one->path, path);
        one->next = s->first;
        s->first = one;
    }
    if (version >= one->version) {
        one->version = version;
        one->print = print_of(path);
    }
}

void zapi_stamps_keep(struct zapi_stamps *s, unsigned version)
{
    struct zapi_stamp **link = &s->first, *one;
    while ((one = *link) != NULL) {
        if (one->version == version) {
            link = &one->next;
        } else {
            *link = one->next;
            free(one);
        }
    }
}

bool zapi_stamps_differ(const struct zapi_stamps *s)
{
    static const struct print none;
    const struct zapi_stamp *one;
    for (one = s->first; one; one = one->next) {
        struct print now = print_of(one->path);
        if (!same(&now, &one->print) && !same(&now, &none)) {
            return true;
        }
    }
    return false;
}

void zapi_stamps_clear(struct zapi_stamps *s)
{
    zapi_stamps_keep(s, (unsigned)-1);
}

/* ---- folders ---- */

struct folder {
    uv_fs_event_t handle;
    struct folder *next;
    char path[];
};

struct zapi_watcher {
    uv_timer_t quiet, look;
    struct folder *folders;
    void (*changed)(void *arg);
    void *arg;
    unsigned handles; /* of the timers, still open */
    bool blind;       /* it was said that folders cannot be watched */
};

static void on_quiet(uv_timer_t *timer)
{
    struct zapi_watcher *w = timer->data;
    w->changed(w->arg);
}

static void on_event(uv_fs_event_t *handle, const char *name, int events,
                     int status)
{
    struct zapi_watcher *w = handle->data;
    (void)name, (void)events, (void)status;
    uv_timer_start(&w->quiet, on_quiet, QUIET_MS, 0);
}

struct zapi_watcher *zapi_watcher_new(uv_loop_t *loop,
                                      void (*changed)(void *arg), void *arg)
{
    struct zapi_watcher *w = calloc(1, sizeof *w);
    if (w) {
        w->changed = changed;
        w->arg = arg;
        w->handles = 2;
        uv_timer_init(loop, &w->quiet);
        uv_timer_init(loop, &w->look);
        w->quiet.data = w->look.data = w;
        uv_timer_start(&w->look, on_quiet, LOOK_MS, LOOK_MS);
        uv_unref((uv_handle_t *)&w->quiet);
        uv_unref((uv_handle_t *)&w->look);
    }
    return w;
}

static void free_folder(uv_handle_t *handle)
{
    struct folder *f = (struct folder *)(void *)handle;
    free(f);
}

static struct folder *folder_new(const char *path, size_t len)
{
    struct folder *f = calloc(1, sizeof *f + (len ? len : 1) + 1);
    if (f) {
        memcpy(f->path, len ? path : ".", len ? len : 1);
    }
    return f;
}

static bool watched(const struct zapi_watcher *w, const char *path)
{
    const struct folder *f = w->folders;
    while (f && strcmp(f->path, path) != 0) {
        f = f->next;
    }
    return f != NULL;
}

/* One that cannot be watched is still looked at every two seconds. */
static void start(struct zapi_watcher *w, struct folder *f)
{
    int why;
    uv_fs_event_init(w->quiet.loop, &f->handle);
    uv_unref((uv_handle_t *)&f->handle);
    f->handle.data = w;
    f->next = w->folders;
    w->folders = f;
    why = uv_fs_event_start(&f->handle, on_event, f->path, 0);
    if (why != 0 && !w->blind) {
        w->blind = true;
        zapi_warn("%s cannot be watched (%s): changes are seen after up to two "
                  "seconds",
                  f->path, uv_strerror(why));
    }
}

void zapi_watcher_file(struct zapi_watcher *w, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    struct folder *f = w ? folder_new(path, len) : NULL;
    if (f && !watched(w, f->path)) {
        start(w, f);
    } else {
        free(f);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct zapi_watcher *w = handle->data;
    if (--w->handles == 0) {
        free(w);
    }
}

void zapi_watcher_close(struct zapi_watcher *w)
{
    if (!w) {
        return;
    }
    while (w->folders) {
        struct folder *f = w->folders;
        w->folders = f->next;
        uv_close((uv_handle_t *)&f->handle, free_folder);
    }
    uv_close((uv_handle_t *)&w->quiet, on_timer_closed);
    uv_close((uv_handle_t *)&w->look, on_timer_closed);
}
