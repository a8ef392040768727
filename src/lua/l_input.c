/* SPDX-License-Identifier: MIT
 *
 * core.read_line(): the next line of stdin while the loop goes on, for tools
 * that a person talks to. nil at its end.
 *
 * The loop watches an epoll instance that holds descriptor 0, not 0 itself:
 * libuv would make that non-blocking, and with it the terminal that stdout and
 * the shell share. What epoll refuses (a file, /dev/null) never lets one wait,
 * so it is read at once. There is one struct input per state, made at the
 * first call and freed with the state. Start reading at l_read_line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "lua/runtime.h"

enum { LONGEST = 1 << 20 };

struct line_op {
    struct zapi_op base;
    struct input *in;
};

struct input {
    uv_poll_t poll;
    struct zapi_buf text; /* read, and not yet given */
    int epoll;            /* -1: read without waiting */
    bool polls;           /* the handle is there */
    bool ended;
    struct line_op *waits;
};

static const char input_key; /* registry: the struct input */

static void on_closed(uv_handle_t *handle)
{
    struct input *in = handle->data;
    close(in->epoll);
    zapi_buf_free(&in->text);
    free(in);
}

static void close_input(void *arg)
{
    struct input *in = arg;
    if (in->polls) {
        uv_close((uv_handle_t *)&in->poll, on_closed);
        return;
    }
    zapi_buf_free(&in->text);
    free(in);
}

/* ---- reading ---- */

static bool has_line(const struct input *in)
{
    return in->ended ||
           (in->text.len && memchr(in->text.data, '\n', in->text.len));
}

static void read_some(struct input *in)
{
    char piece[4096];
    ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
    if (n > 0) {
        in->ended = !zapi_buf_add(&in->text, piece, (size_t)n);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        in->ended = true;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct input *in = poll->data;
    (void)events;
    if (status == 0) {
        read_some(in);
    } else {
        in->ended = true;
    }
    if (has_line(in)) {
        uv_poll_stop(poll);
        if (in->waits) {
            zapi_op_done(&in->waits->base);
        }
        in->waits = NULL;
    }
}

static void watch(struct input *in, uv_loop_t *loop)
{
    struct epoll_event wanted = {.events = EPOLLIN};
    in->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (in->epoll >= 0 &&
        epoll_ctl(in->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &wanted) == 0 &&
        uv_poll_init(loop, &in->poll, in->epoll) == 0) {
        in->poll.data = in;
        in->polls = true;
        return;
    }
    if (in->epoll >= 0) {
        close(in->epoll);
    }
    in->epoll = -1;
}

static struct input *input_of(lua_State *L, struct zapi_rt *rt)
{
    struct input *in;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &input_key) == LUA_TLIGHTUSERDATA) {
        in = lua_touserdata(L, -1);
        lua_pop(L, 1);
        return in;
    }
    lua_pop(L, 1);
    in = calloc(1, sizeof *in);
    if (!in) {
        luaL_error(L, "not enough memory");
        return NULL;
    }
    zapi_buf_init(&in->text, LONGEST);
    watch(in, zapi_rt_loop(rt));
    zapi_rt_at_close(rt, close_input, in);
    lua_pushlightuserdata(L, in);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &input_key);
    return in;
}

/* ---- core.read_line ---- */

static void cancel(struct zapi_op *base)
{
    struct line_op *op = (struct line_op *)base;
    op->in->waits = NULL;
    uv_poll_stop(&op->in->poll);
}

/* Stack: -- line|nil */
static int finish(lua_State *L, int status, lua_KContext ctx)
{
    struct input *in = ((struct line_op *)ctx)->in;
    const char *text = zapi_buf_str(&in->text);
    const char *end = memchr(text, '\n', in->text.len);
    size_t len = end ? (size_t)(end - text) : in->text.len;
    (void)status;
    if (!end && len == 0) {
        luaL_pushfail(L);
        return 1;
    }
    lua_pushlstring(L, text, len);
    if (end) {
        in->text.len -= len + 1;
        memmove(in->text.data, end + 1, in->text.len);
        in->text.data[in->text.len] = '\0';
    } else {
        zapi_buf_reset(&in->text);
    }
    return 1;
}

static int l_read_line(lua_State *L)
{
    struct line_op *op = zapi_op_new(L, sizeof *op, cancel, NULL);
    struct input *in = op->in = input_of(L, op->base.rt);
    if (in->waits) {
        return luaL_error(L, "somebody else waits for a line already");
    }
    while (!in->polls && !has_line(in)) {
        read_some(in);
    }
    if (has_line(in)) {
        zapi_op_done(&op->base);
    } else {
        in->waits = op;
        uv_poll_start(&in->poll, UV_READABLE, on_readable);
    }
    return zapi_op_wait(L, &op->base, finish);
}

void zapi_l_input_open(lua_State *L)
{
    lua_pushcfunction(L, l_read_line);
    lua_setfield(L, -2, "read_line");
}
