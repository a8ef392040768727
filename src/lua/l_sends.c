/* SPDX-License-Identifier: MIT
 *
 * core.sends: the table of sends for the bot layer. What writes waits for the
 * commit: an operation (lua/task.h) whose `reply`, a block of its own, goes to
 * the writer thread and comes back through the hub. Until then the reply
 * belongs to the writer; back on the loop the operation owns it, or nobody when
 * the task was cancelled meanwhile. What was begun or claimed for nobody never
 * left, and is undone.
 *
 * All functions take the service first, and concern its automation only. Start
 * reading at l_begin.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "lua/runtime.h"
#include "lua/service.h"
#include "lua/value.h"

enum { MOST_CLAIMED = 256, MOST_LISTED = 1000 };

struct place { /* of a service */
    const char *name;
    struct zapi_hub *hub;
    struct zapi_sends *sends;
};

/* Throws when the service is closed, or in memory only. */
static struct place place_of(lua_State *L, const char *function)
{
    struct place p = {.name = zapi_service_name(L, 1),
                      .hub = zapi_service_hub(L, 1)};
    p.sends = zapi_hub_sends(p.hub);
    if (!p.sends) {
        luaL_error(L, "%s: this bot keeps nothing on disk (data = memory)",
                   function);
    }
    return p;
}

/* ---- tables ---- */

static int bad_field(lua_State *L, const char *function, const char *name,
                     const char *want)
{
    return luaL_error(L, "bad field '%s' to %s (%s expected, got %s)", name,
                      function, want, luaL_typename(L, -1));
}

/* The fields of the table at 2; what they hold lives as long as the table. */
struct fields {
    lua_State *L;
    const char *function;
};

static int get(const struct fields *f, const char *name)
{
    lua_pushstring(f->L, name);
    return lua_rawget(f->L, 2);
}

static const char *get_text(const struct fields *f, const char *name)
{
    const char *s = NULL;
    size_t len = 0;
    int type = get(f, name);
    if (type == LUA_TSTRING) {
        s = lua_tolstring(f->L, -1, &len);
        if (strlen(s) != len) {
            luaL_error(f->L, "bad field '%s' to %s (it holds a NUL byte)", name,
                       f->function);
        }
    } else if (type != LUA_TNIL) {
        bad_field(f->L, f->function, name, "string");
    }
    lua_pop(f->L, 1);
    return s;
}

static double get_number(const struct fields *f, const char *name)
{
    double v = 0;
    int type = get(f, name);
    if (type == LUA_TNUMBER) {
        v = lua_tonumber(f->L, -1);
    } else if (type != LUA_TNIL) {
        bad_field(f->L, f->function, name, "number");
    }
    lua_pop(f->L, 1);
    return v;
}

/* 0 when absent. */
static uint64_t get_count(const struct fields *f, const char *name)
{
    lua_Integer v = 0;
    int ok = 1;
    if (get(f, name) != LUA_TNIL) {
        v = lua_tointegerx(f->L, -1, &ok);
    }
    if (!ok || v < 0) {
        bad_field(f->L, f->function, name, "whole number from 0");
    }
    lua_pop(f->L, 1);
    return (uint64_t)v;
}

static bool get_flag(const struct fields *f, const char *name)
{
    int type = get(f, name);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN) {
        bad_field(f->L, f->function, name, "boolean");
    }
    bool v = lua_toboolean(f->L, -1);
    lua_pop(f->L, 1);
    return v;
}

static enum zapi_send_state get_state(const struct fields *f)
{
    enum zapi_send_state state = ZAPI_SEND_QUEUED;
    const char *name = get_text(f, "state");
    if (!name || !zapi_send_state_find(name, &state)) {
        luaL_error(f->L, "bad field 'state' to %s (%s)", f->function,
                   name ? name : "missing");
    }
    return state;
}

static void need(const struct fields *f, const char *name, const char *value)
{
    if (!value) {
        luaL_error(f->L, "bad field '%s' to %s (missing)", name, f->function);
    }
}

/* The table at 2 as a row that begins or waits. `who` gets its person. */
static struct zapi_send read_row(lua_State *L, const char *function,
                                 const struct place *p, struct zapi_person *who)
{
    const struct fields f = {L, function};
    luaL_checktype(L, 2, LUA_TTABLE);
    struct zapi_send row = {
        .automation = p->name,
        .state = get_state(&f),
        .event = get_count(&f, "event"),
        .step = get_text(&f, "step"),
        .key = get_text(&f, "key"),
        .instance = get_text(&f, "instance"),
        .recipient = get_text(&f, "recipient"),
        .endpoint = get_text(&f, "endpoint"),
        .args = get_text(&f, "args"),
        .lane = get_text(&f, "lane"),
        .reply = get_flag(&f, "reply"),
        .at = get_number(&f, "at"),
        .expires = get_number(&f, "expires"),
        .created = get_number(&f, "created"),
    };
    need(&f, "recipient", row.recipient);
    need(&f, "endpoint", row.endpoint);
    need(&f, "args", row.args);
    if (row.state != ZAPI_SEND_QUEUED && row.state != ZAPI_SEND_SENDING) {
        luaL_error(L, "bad field 'state' to %s (queued or sending expected)",
                   function);
    }
    zapi_people_find(zapi_hub_people(p->hub), row.recipient, who);
    row.person = who->key[0] ? who->key : row.recipient;
    return row;
}

static void set_text(lua_State *L, const char *name, const char *s)
{
    if (s) {
        lua_pushstring(L, s);
        lua_setfield(L, -2, name);
    }
}

static void set_count(lua_State *L, const char *name, uint64_t v)
{
    if (v) {
        lua_pushinteger(L, (lua_Integer)v);
        lua_setfield(L, -2, name);
    }
}

static void set_time(lua_State *L, const char *name, double v)
{
    if (v > 0) {
        lua_pushnumber(L, v);
        lua_setfield(L, -2, name);
    }
}

void zapi_send_push(lua_State *L, const struct zapi_send *row)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 16);
    set_count(L, "id", row->id);
    set_count(L, "event", row->event);
    set_count(L, "tries", row->tries);
    set_text(L, "state", zapi_send_state_name(row->state));
    set_text(L, "automation", row->automation);
    set_text(L, "step", row->step);
    set_text(L, "key", row->key);
    set_text(L, "instance", row->instance);
    set_text(L, "recipient", row->recipient);
    set_text(L, "person", row->person);
    set_text(L, "endpoint", row->endpoint);
    set_text(L, "args", row->args);
    set_text(L, "lane", row->lane);
    set_text(L, "message_id", row->message_id);
    set_text(L, "result", row->result);
    set_text(L, "error_kind", row->error_kind);
    set_text(L, "error", row->error);
    set_time(L, "at", row->at);
    set_time(L, "expires", row->expires);
    set_time(L, "created", row->created);
    set_time(L, "changed", row->changed);
    lua_pushboolean(L, row->reply);
    lua_setfield(L, -2, "reply");
}

/* ---- replies of the writer ---- */

enum { PENDING, READY, ABANDONED };

struct sends_op;

struct reply {
    struct zapi_job job;   /* of cancel and pause */
    struct zapi_post post; /* the way back */
    struct sends_op *op;   /* loop thread; NULL: nobody waits */
    struct zapi_hub *hub;  /* borrowed; runs all posts before it closes */
    struct zapi_sends *sends;
    atomic_int phase; /* whether what is here, if nobody waits, is undone by
                         the writer (it comes later) or the loop */
    enum zapi_db_result result;
    struct zapi_send *row; /* owned: of begin */
    bool is_new;
    bool taken; /* a script has it */
    bool undone;
    struct zapi_send **rows; /* owned: of claim */
    size_t n;
    double next_due;
    size_t count;                    /* of cancel */
    struct zapi_sends_filter filter; /* its strings are in `strings` */
    const char *lane;
    bool paused;
    char strings[];
};

struct sends_op {
    struct zapi_op base;
    struct reply *reply; /* owned when the operation is done */
};

static struct reply *reply_of_post(struct zapi_post *post)
{
    return (struct reply *)(void *)((char *)post -
                                    offsetof(struct reply, post));
}

static void free_reply(struct reply *r)
{
    for (size_t i = 0; i < r->n; i++) {
        zapi_send_free(r->rows[i]);
    }
    free(r->rows);
    zapi_send_free(r->row);
    free(r);
}

/* Nobody will send what this has begun. */
static void undo(struct reply *r)
{
    if (r->taken) {
        return;
    }
    if (r->row && r->is_new && r->row->state == ZAPI_SEND_SENDING) {
        zapi_sends_undo(r->sends, r->row->id);
        r->undone = true;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct zapi_send back = {.id = r->rows[i]->id,
                                 .state = ZAPI_SEND_QUEUED,
                                 .at = r->rows[i]->at,
                                 .tries = r->rows[i]->tries - 1};
        zapi_sends_end(r->sends, &back);
        r->undone = true;
    }
}

/* What was taken back is due again, and who may send it (the next generation)
 * has found nothing while it was held here: it looks after it was written. */
static void offer_again(struct reply *r)
{
    const struct zapi_send *row = r->n > 0 ? r->rows[0] : r->row;
    if (r->undone && row && row->automation) {
        zapi_hub_nudge_named(r->hub, row->automation);
    }
}

static void run_post(struct zapi_post *post)
{
    struct reply *r = reply_of_post(post);
    if (r->op) {
        zapi_op_done(&r->op->base);
        r->op = NULL;
    } else {
        offer_again(r);
        free_reply(r);
    }
}

/* The writer thread is through with it. */
static void hand_back(struct reply *r)
{
    if (atomic_exchange(&r->phase, READY) == ABANDONED) {
        undo(r);
    }
    zapi_hub_post(r->hub, &r->post);
}

static void op_cancel(struct zapi_op *base)
{
    struct sends_op *op = (struct sends_op *)base;
    struct reply *r = op->reply;
    op->reply = NULL;
    r->op = NULL;
    if (atomic_exchange(&r->phase, ABANDONED) == READY) {
        undo(r);
    }
}

/* It has a reply only when it is done. */
static void op_release(struct zapi_op *base)
{
    struct sends_op *op = (struct sends_op *)base;
    if (op->reply) {
        undo(op->reply);
        if (op->reply->undone) { /* told when the state is not busy */
            zapi_hub_post(op->reply->hub, &op->reply->post);
        } else {
            free_reply(op->reply);
        }
        op->reply = NULL;
    }
}

/* Pushes the operation. Throws: no memory, or no place to wait. */
static struct sends_op *new_op(lua_State *L, const struct place *p, size_t more)
{
    struct sends_op *op = zapi_op_new(L, sizeof *op, op_cancel, op_release);
    struct reply *r = calloc(1, sizeof *r + more);
    if (!r) {
        luaL_error(L, "not enough memory");
        return NULL;
    }
    r->post.run = run_post;
    r->op = op;
    r->hub = p->hub;
    r->sends = p->sends;
    atomic_init(&r->phase, PENDING);
    op->reply = r;
    return op;
}

static int push_unavailable(lua_State *L)
{
    struct zapi_error error = {.kind = ZAPI_E_NONE};
    zapi_error_set(&error, ZAPI_E_STORE_UNAVAILABLE,
                   "nothing can be stored now: nothing was sent");
    error.outcome = ZAPI_OUTCOME_NOT_SENT;
    lua_pushnil(L);
    zapi_error_push(L, &error);
    return 2;
}

/* ---- begin, stage, finish ---- */

static void on_begun(void *arg, struct zapi_send *row, bool is_new)
{
    struct reply *r = arg;
    r->row = row;
    r->is_new = is_new;
    hand_back(r);
}

static int k_begun(lua_State *L, int status, lua_KContext ctx)
{
    struct sends_op *op = (struct sends_op *)ctx;
    struct reply *r = op->reply;
    (void)status;
    if (!r->row) {
        return push_unavailable(L);
    }
    bool first = r->row->state == ZAPI_SEND_SENDING && r->row->tries == 1;
    if (r->is_new && first) { /* the rest is what the caller gave */
        lua_createtable(L, 0, 1);
        set_count(L, "id", r->row->id);
    } else {
        zapi_send_push(L, r->row);
    }
    lua_pushboolean(L, r->is_new);
    r->taken = true;
    zapi_op_release(&op->base);
    return 2;
}

/* begin(service, row) -> row, is_new | nil, err. Of a new one that is to be
 * sent at once only the id. */
static int l_begin(lua_State *L)
{
    struct zapi_person who;
    struct place p = place_of(L, "core.sends.begin");
    struct zapi_send row = read_row(L, "core.sends.begin", &p, &who);
    struct sends_op *op = new_op(L, &p, 0);
    zapi_sends_begin(p.sends, &row, on_begun, op->reply);
    return zapi_op_wait(L, &op->base, k_begun);
}

/* stage(service, seq, row) -> true */
static int l_stage(lua_State *L)
{
    static const char function[] = "core.sends.stage";
    struct zapi_person who;
    struct place p = place_of(L, function);
    uint64_t seq = (uint64_t)luaL_checkinteger(L, 2);
    lua_remove(L, 2);
    struct zapi_send row = read_row(L, function, &p, &who);
    if (row.state != ZAPI_SEND_QUEUED) {
        return luaL_error(L, "bad field 'state' to %s (queued expected)",
                          function);
    }
    row.event = seq;
    struct zapi_write *write = zapi_sends_write(p.sends, &row);
    if (!write) {
        return luaL_error(L, "not enough memory");
    }
    if (!zapi_service_stage(L, 1, seq, write)) {
        write->release(write);
        return luaL_error(L, "%s: no handler of event %I runs", function,
                          (LUAI_UACINT)seq);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* finish(service, {id=, state=, …}) */
static int l_finish(lua_State *L)
{
    const struct fields f = {L, "core.sends.finish"};
    struct place p = place_of(L, f.function);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct zapi_send row = {
        .id = get_count(&f, "id"),
        .state = get_state(&f),
        .message_id = get_text(&f, "message_id"),
        .result = get_text(&f, "result"),
        .error_kind = get_text(&f, "error_kind"),
        .error = get_text(&f, "error"),
        .at = get_number(&f, "at"),
        .tries = (unsigned)get_count(&f, "tries"),
    };
    need(&f, "id", row.id ? "" : NULL);
    zapi_sends_end(p.sends, &row);
    return 0;
}

/* ---- claim ---- */

static void on_claimed(void *arg, struct zapi_send **rows, size_t n,
                       double next_due)
{
    struct reply *r = arg;
    r->rows = rows;
    r->n = n;
    r->next_due = next_due;
    hand_back(r);
}

static int k_claimed(lua_State *L, int status, lua_KContext ctx)
{
    struct sends_op *op = (struct sends_op *)ctx;
    struct reply *r = op->reply;
    (void)status;
    lua_createtable(L, (int)r->n, 0);
    for (size_t i = 0; i < r->n; i++) {
        zapi_send_push(L, r->rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushnumber(L, r->next_due);
    r->taken = true;
    zapi_op_release(&op->base);
    return 2;
}

/* claim(service, limit, now|nil) -> {row…}, next_due (0: when something is
 * added or a running one ends) */
static int l_claim(lua_State *L)
{
    struct place p = place_of(L, "core.sends.claim");
    lua_Integer limit = luaL_checkinteger(L, 2);
    double now = luaL_optnumber(L, 3, zapi_clock_now());
    luaL_argcheck(L, limit > 0, 2, "a number from 1 expected");
    limit = limit < MOST_CLAIMED ? limit : MOST_CLAIMED;
    struct sends_op *op = new_op(L, &p, 0);
    zapi_sends_claim(p.sends, p.name, now, (size_t)limit, on_claimed,
                     op->reply);
    return zapi_op_wait(L, &op->base, k_claimed);
}

/* ---- cancel, pause ---- */

/* The table at 2, or all when there is none. Borrowed. */
static struct zapi_sends_filter read_filter(lua_State *L, const char *function,
                                            const struct place *p)
{
    const struct fields f = {L, function};
    struct zapi_sends_filter filter = {.automation = p->name};
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        return filter;
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    filter.id = get_count(&f, "id");
    filter.key = get_text(&f, "key");
    filter.prefix = get_text(&f, "prefix");
    filter.recipient = get_text(&f, "recipient");
    filter.lane = get_text(&f, "lane");
    filter.state = get_text(&f, "state");
    filter.limit = (size_t)get_count(&f, "limit");
    enum zapi_send_state state;
    if (filter.state && strcmp(filter.state, "open") != 0 &&
        !zapi_send_state_find(filter.state, &state)) {
        luaL_error(L, "bad field 'state' to %s (%s)", function, filter.state);
    }
    return filter;
}

static bool apply_command(struct zapi_job *job, struct zapi_sql *sql)
{
    struct reply *r = (struct reply *)job;
    if (r->lane) {
        zapi_sends_pause(sql, r->filter.automation, r->lane, r->paused);
    } else {
        r->count =
            zapi_sends_cancel(r->sends, sql, &r->filter, zapi_clock_now());
    }
    return true;
}

static void command_done(struct zapi_job *job, enum zapi_db_result result)
{
    struct reply *r = (struct reply *)job;
    r->result = result;
    hand_back(r);
}

static int k_commanded(lua_State *L, int status, lua_KContext ctx)
{
    struct sends_op *op = (struct sends_op *)ctx;
    (void)status;
    if (op->reply->result != ZAPI_DB_OK) {
        return push_unavailable(L);
    }
    lua_pushinteger(L, (lua_Integer)op->reply->count);
    return 1;
}

static size_t size_of(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static const char *keep(char **to, const char *s)
{
    size_t n = size_of(s);
    const char *kept = s ? memcpy(*to, s, n) : NULL;
    *to += n;
    return kept;
}

/* Runs `filter` (cancel) or, with a lane, pause on the writer thread. */
static int command(lua_State *L, const struct place *p,
                   const struct zapi_sends_filter *f, const char *lane,
                   bool paused)
{
    size_t room = size_of(f->automation) + size_of(f->key) +
                  size_of(f->prefix) + size_of(f->recipient) +
                  size_of(f->lane) + size_of(f->state) + size_of(lane);
    struct sends_op *op = new_op(L, p, room);
    struct reply *r = op->reply;
    char *to = r->strings;
    r->filter = *f;
    r->filter.automation = keep(&to, f->automation);
    r->filter.key = keep(&to, f->key);
    r->filter.prefix = keep(&to, f->prefix);
    r->filter.recipient = keep(&to, f->recipient);
    r->filter.lane = keep(&to, f->lane);
    r->filter.state = keep(&to, f->state);
    r->lane = keep(&to, lane);
    r->paused = paused;
    r->job.apply = apply_command;
    r->job.done = command_done;
    zapi_db_submit(zapi_hub_db(p->hub), &r->job);
    return zapi_op_wait(L, &op->base, k_commanded);
}

/* cancel(service, filter) -> n | nil, err */
static int l_cancel(lua_State *L)
{
    struct place p = place_of(L, "core.sends.cancel");
    struct zapi_sends_filter f = read_filter(L, "core.sends.cancel", &p);
    return command(L, &p, &f, NULL, false);
}

/* pause(service, lane, paused) -> true | nil, err */
static int l_pause(lua_State *L)
{
    struct place p = place_of(L, "core.sends.pause");
    struct zapi_sends_filter f = {.automation = p.name};
    const char *lane = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TBOOLEAN);
    return command(L, &p, &f, lane, lua_toboolean(L, 3));
}

/* ---- looking, at once ---- */

struct list { /* a userdata, so that an error loses no row */
    struct zapi_send **rows;
    size_t n, room;
    bool failed;
};

static int l_list_close(lua_State *L)
{
    struct list *list = lua_touserdata(L, 1);
    for (size_t i = 0; i < list->n; i++) {
        zapi_send_free(list->rows[i]);
    }
    free(list->rows);
    *list = (struct list){.rows = NULL};
    return 0;
}

static const struct zapi_class list_class = {.name = "zapi.sends",
                                             .close = l_list_close};

static void add_row(void *arg, const struct zapi_send *row)
{
    struct list *list = arg;
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct zapi_send **rows = realloc(list->rows, room * sizeof *rows);
        if (!rows) {
            list->failed = true;
            return;
        }
        list->rows = rows;
        list->room = room;
    }
    list->rows[list->n] = zapi_send_copy(row);
    if (list->rows[list->n]) {
        list->n++;
    } else {
        list->failed = true;
    }
}

/* Is there a field message_id? Then the filter is for that row; false: there is
 * none. */
static bool by_message(lua_State *L, const struct place *p,
                       struct zapi_sends_filter *f)
{
    const struct fields fields = {L, "core.sends.list"};
    const char *message_id =
        lua_istable(L, 2) ? get_text(&fields, "message_id") : NULL;
    if (message_id) {
        struct zapi_sql *sql = zapi_db_reader(zapi_hub_db(p->hub));
        f->id = zapi_sends_find(p->sends, sql, message_id);
    }
    return !message_id || f->id != 0;
}

/* list(service, filter) -> {row…}, newest first; 1,000 when no limit is
 * given. */
static int l_list(lua_State *L)
{
    struct place p = place_of(L, "core.sends.list");
    struct zapi_sends_filter f = read_filter(L, "core.sends.list", &p);
    struct list *list = zapi_class_new(L, &list_class, sizeof *list, 0);
    f.limit = f.limit ? f.limit : MOST_LISTED;
    if (by_message(L, &p, &f)) {
        zapi_sends_each(zapi_db_reader(zapi_hub_db(p.hub)), &f, add_row, list);
    }
    if (list->failed) {
        return luaL_error(L, "not enough memory");
    }
    lua_createtable(L, (int)list->n, 0);
    for (size_t i = 0; i < list->n; i++) {
        zapi_send_push(L, list->rows[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushcfunction(L, l_list_close); /* now, not when it is collected */
    lua_pushvalue(L, -3);
    lua_call(L, 1, 0);
    return 1;
}

/* count(service, filter) -> {queued = 0, …}: every state */
static int l_count(lua_State *L)
{
    uint64_t counts[ZAPI_SEND_CANCELLED + 1];
    struct place p = place_of(L, "core.sends.count");
    struct zapi_sends_filter f = read_filter(L, "core.sends.count", &p);
    zapi_sends_count(zapi_db_reader(zapi_hub_db(p.hub)), &f, counts);
    lua_createtable(L, 0, ZAPI_SEND_CANCELLED + 1);
    for (int i = 0; i <= ZAPI_SEND_CANCELLED; i++) {
        lua_pushinteger(L, (lua_Integer)counts[i]);
        lua_setfield(L, -2, zapi_send_state_name((enum zapi_send_state)i));
    }
    return 1;
}

/* is_due(service) -> boolean: does anything wait whose time has come? */
static int l_is_due(lua_State *L)
{
    struct place p = place_of(L, "core.sends.is_due");
    lua_pushboolean(L, zapi_sends_any_due(zapi_db_reader(zapi_hub_db(p.hub)),
                                          p.name, zapi_clock_now()));
    return 1;
}

/* knows(service, message_id) -> boolean */
static int l_knows(lua_State *L)
{
    struct place p = place_of(L, "core.sends.knows");
    lua_pushboolean(L, zapi_sends_knows(p.sends, luaL_checkstring(L, 2)));
    return 1;
}

/* ---- the guard: in memory too ---- */

static void count_stop(enum zapi_guard_reason reason)
{
    char label[48];
    zapi_metrics_add(ZAPI_M_GUARD,
                     zapi_metrics_label(label, sizeof label, "reason",
                                        zapi_guard_reason_name(reason)),
                     1);
}

/* guard(service, instance, person, reply, now|nil) -> seconds, reason|nil,
 * first */
static int l_guard(lua_State *L)
{
    struct zapi_hub *hub = zapi_service_hub(L, 1);
    const char *instance = luaL_checkstring(L, 2);
    const char *person = luaL_checkstring(L, 3);
    enum zapi_guard_reason reason = ZAPI_GUARD_NONE;
    struct zapi_person who;
    bool first = false;
    double now = luaL_optnumber(L, 5, zapi_clock_now());
    zapi_people_find(zapi_hub_people(hub), person, &who);
    double wait = zapi_guard_ask(zapi_hub_guard(hub), instance, who.key,
                                 lua_toboolean(L, 4), now, &reason, &first);
    if (first) {
        count_stop(reason);
    }
    lua_pushnumber(L, wait);
    if (reason == ZAPI_GUARD_NONE) {
        lua_pushnil(L);
    } else {
        lua_pushstring(L, zapi_guard_reason_name(reason));
    }
    lua_pushboolean(L, first);
    return 3;
}

/* shadow_ban(service, instance, until_) */
static int l_shadow_ban(lua_State *L)
{
    struct zapi_hub *hub = zapi_service_hub(L, 1);
    const char *instance = luaL_checkstring(L, 2);
    zapi_guard_shadow_ban(zapi_hub_guard(hub), instance,
                          luaL_checknumber(L, 3));
    return 0;
}

void zapi_l_sends_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"begin", l_begin},   {"stage", l_stage},
        {"finish", l_finish}, {"claim", l_claim},
        {"cancel", l_cancel}, {"pause", l_pause},
        {"list", l_list},     {"count", l_count},
        {"knows", l_knows},   {"is_due", l_is_due},
        {"guard", l_guard},   {"shadow_ban", l_shadow_ban},
        {NULL, NULL},
    };
    zapi_class_register(L, &list_class);
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "sends");
}
