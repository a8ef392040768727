/* SPDX-License-Identifier: MIT
 *
 * Two generations of a script in one process: a host as small as can be, with
 * a hub, a front and states. Scripts say what they do with note("…").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>
#include <uv.h>

#include "base/log.h"
#include "check.h"
#include "engine/front.h"
#include "engine/hub.h"
#include "engine/ingest.h"
#include "lua/generation.h"
#include "lua/host.h"
#include "lua/shutdown.h"
#include "lua/task.h"

struct state {
    lua_State *L;
    struct zapi_rt *rt;
    struct zapi_host host;
    bool held, ended, ok, waits; /* waits: in zapi.run */
};

static uv_loop_t loop;
static struct zapi_hub *hub;
static struct zapi_fronts fronts;
static struct zapi_error error;
static char folder[64], noted[8192];

/* ---- the host ---- */

static int l_note(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    size_t n = strlen(noted);
    snprintf(noted + n, sizeof noted - n, "%s;", text);
    return 0;
}

static const char *no_config(void *arg, const char *name)
{
    (void)arg, (void)name;
    return NULL;
}

static const char *no_asset(void *arg, const char *name, size_t *len)
{
    (void)arg, (void)name, (void)len;
    return NULL;
}

static void no_stop(void *arg, int code)
{
    (void)arg, (void)code;
}

static struct zapi_hub *give_hub(void *arg, struct zapi_error *why)
{
    (void)arg, (void)why;
    return hub;
}

static struct zapi_front *give_front(void *arg,
                                     const struct zapi_front_config *config,
                                     struct zapi_error *why)
{
    (void)arg;
    return zapi_fronts_get(&fronts, config, why);
}

static bool is_held(void *arg)
{
    return ((struct state *)arg)->held;
}

static void on_runs(void *arg)
{
    ((struct state *)arg)->waits = true;
}

static void on_end(void *arg, bool ok, const char *message)
{
    struct state *s = arg;
    s->ended = true;
    s->ok = ok;
    (void)message;
}

static const char prelude[] =
    "local zapi = require 'zapi'\n"
    "local function call(name) return function(_, params)\n"
    "   note(name .. ' ' .. tostring(params.message))\n"
    "   return {messageId = name .. tostring(params.message)} end end\n"
    "local client = setmetatable({instance = 'I1'},\n"
    "   {__index = function(_, name) return call(name) end})\n"
    "function client:build() end\n"
    "function client:call(name, params) return call(name)(self, params) end\n"
    "local function new(o) o = o or {} o.client = client\n"
    "   o.listen, o.secret = '127.0.0.1:0', 'a-secret-path'\n"
    "   return require('zapi.bot').new(o) end\n"
    "local bot = new()\n";

static int l_open(lua_State *L)
{
    struct state *s = lua_touserdata(L, 1);
    const char *text = lua_touserdata(L, 2);
    zapi_host_set(L, &s->host);
    luaL_openlibs(L);
    luaL_requiref(L, "zapi.core", zapi_core_open, 0);
    lua_register(L, "note", l_note);
    lua_getglobal(L, "package");
    lua_pushliteral(L, ZAPI_SPEC_DIR "/../lua/?.lua;" ZAPI_SPEC_DIR
                                     "/../lua/?/init.lua");
    lua_setfield(L, -2, "path");
    s->rt = zapi_rt_get(L);
    lua_pushfstring(L, "%s%s", prelude, text);
    const char *chunk = lua_tostring(L, -1);
    if (luaL_loadbuffer(L, chunk, strlen(chunk), "=script.lua") != LUA_OK)
        return lua_error(L);
    zapi_task_main(zapi_task_spawn(L, 0, on_end, s));
    return 0;
}

/* Of the automation `name`. */
static struct state *load_as(const char *name, const char *text, bool held)
{
    struct state *s = calloc(1, sizeof *s);
    s->held = held;
    s->host = (struct zapi_host){.loop = &loop,
                                 .name = name,
                                 .config = no_config,
                                 .asset = no_asset,
                                 .stop = no_stop,
                                 .hub = give_hub,
                                 .front = give_front,
                                 .held = is_held,
                                 .runs = on_runs,
                                 .arg = s};
    s->L = luaL_newstate();
    lua_pushcfunction(s->L, l_open);
    lua_pushlightuserdata(s->L, s);
    lua_pushlightuserdata(s->L, (void *)(uintptr_t)text);
    if (lua_pcall(s->L, 2, 0, 0) != LUA_OK)
        fprintf(stderr, "%s\n", lua_tostring(s->L, -1)), abort();
    for (int i = 0; i < 5000 && !s->ended && !s->waits; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        if (i > 50)
            usleep(1000); /* for the writer thread */
    }
    return s;
}

static struct state *load(const char *text, bool held)
{
    return load_as("script.lua", text, held);
}

static void drop(struct state *s)
{
    lua_close(s->L);
    free(s);
}

static uv_timer_t keep;

static void on_keep(uv_timer_t *timer)
{
    (void)timer;
}

static void begin(bool durable)
{
    strcpy(folder, "/tmp/zapi-generation-XXXXXX");
    if (durable)
        CHECK(mkdtemp(folder) != NULL);
    else
        folder[0] = '\0';
    uv_loop_init(&loop);
    uv_timer_init(&loop, &keep);
    uv_timer_start(&keep, on_keep, 3600000, 0);
    struct zapi_hub_config c = {.loop = &loop,
                                .folder = durable ? folder : NULL};
    hub = zapi_hub_open(&c, &error);
    CHECK(hub != NULL);
    noted[0] = '\0';
}

static void finish(void)
{
    CHECK(fronts.first == NULL);
    zapi_hub_close(hub);
    uv_close((uv_handle_t *)&keep, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    if (*folder) {
        char command[100];
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        CHECK_INT(system(command), 0);
    }
}

/* ---- what happens ---- */

/* Until the scripts have noted this, at its end or anywhere. */
static void until(const char *text)
{
    for (int i = 0; i < 5000 && !strstr(noted, text); i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    if (!strstr(noted, text))
        fprintf(stderr, "noted: %s\n", noted);
    CHECK(strstr(noted, text) != NULL);
}

static void settle(void)
{
    for (int i = 0; i < 30; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
}

static void on_stored(void *arg, enum zapi_inbox_result result)
{
    (void)arg, (void)result;
}

static void say(const char *phone, const char *text)
{
    static int n;
    char body[400];
    struct zapi_error why = {0};
    int len = snprintf(
        body, sizeof body,
        "{\"type\":\"ReceivedCallback\",\"instanceId\":\"I1\",\"phone\":\"%s\","
        "\"messageId\":\"M%d\",\"fromMe\":false,\"isGroup\":false,"
        "\"text\":{\"message\":\"%s\"}}",
        phone, ++n, text);
    struct zapi_event *ev = zapi_ingest(strdup(body), (size_t)len, &why);
    CHECK(ev != NULL);
    if (ev && zapi_hub_take(hub, ev, false, on_stored, NULL))
        zapi_hub_wake(hub);
}

static const char ana[] = "5511900000001", rui[] = "5511900000002";

static void swap(struct state *from, struct state *to)
{
    CHECK(to->ended && to->ok);
    CHECK(zapi_rt_services(to->rt) > 0);
    CHECK(zapi_rt_serve(to->rt, from->rt, &error));
    to->held = false;
    zapi_rt_retire(from->rt);
}

static void events_go_to_who_serves(void)
{
    begin(false);
    struct state *a = load("bot:on('message', function(ctx)\n"
                           "   note('a ' .. ctx.text) end) bot:run()",
                           false);
    CHECK(a->ended && a->ok);
    say(ana, "1");
    until("a 1;");
    struct state *b = load("bot:on('message', function(ctx)\n"
                           "   note('b ' .. ctx.text) end) bot:run()\n"
                           "note(bot.address and 'known' or 'unknown')",
                           true);
    until("known;");
    say(ana, "2");
    until("a 2;");
    swap(a, b);
    say(ana, "3");
    until("b 3;");
    CHECK_INT(zapi_rt_busy_count(a->rt), 0);
    drop(a);
    say(ana, "4");
    until("b 4;");
    CHECK_STR(noted, "a 1;known;a 2;b 3;b 4;");
    drop(b);
    finish();
}

static void one_that_never_served_leaves_nothing(void)
{
    begin(false);
    struct state *a = load("bot:on('message', function(ctx)\n"
                           "   note('a ' .. ctx.text) end) bot:run()",
                           false);
    struct state *b = load("bot:on('message', function() note('no') end)\n"
                           "bot:run()",
                           true);
    drop(b);
    say(ana, "1");
    until("a 1;");
    drop(a);
    finish();
}

static void two_bots_of_one_name_are_an_error(void)
{
    begin(false);
    struct state *b = load("bot:run() new():run()", true);
    CHECK(b->ended && !b->ok);
    drop(b);
    struct state *a = load("bot:run()", false);
    struct state *other =
        load_as("other.lua", "new{name = 'script.lua'}:run()", true);
    CHECK(other->ended && !other->ok);
    drop(other);
    drop(a);
    finish();
}

static void what_runs_ends_where_it_began(void)
{
    begin(true);
    static const char text[] = "local name = '%s'\n"
                               "bot:on('message', function(ctx)\n"
                               "   note(name .. ' begins ' .. ctx.text)\n"
                               "   zapi.sleep(0.05)\n"
                               "   ctx:send(name .. ' ' .. ctx.text) end)\n"
                               "bot:run()";
    char old[400], new[400];
    snprintf(old, sizeof old, text, "a");
    snprintf(new, sizeof new, text, "b");
    struct state *a = load(old, false), *b = load(new, true);
    say(ana, "1");
    say(ana, "2");
    until("a begins 1;");
    swap(a, b);
    CHECK(zapi_rt_busy_count(a->rt) > 0);
    until("send_text b 2;");
    CHECK_STR(noted, "a begins 1;send_text a 1;b begins 2;send_text b 2;");
    settle();
    CHECK_INT(zapi_rt_busy_count(a->rt), 0);
    drop(a);
    drop(b);
    finish();
}

static void what_is_cut_off_runs_again_with_the_next_one(void)
{
    begin(true);
    struct state *a = load("bot:on('message', function(ctx)\n"
                           "   ctx:send('once') note('a sleeps')\n"
                           "   zapi.sleep(3600) end) bot:run()",
                           false);
    struct state *b =
        load("bot:on('message', function(ctx)\n"
             "   ctx:send('once') note('b ' .. ctx.attempt) end)\n"
             "bot:run()",
             true);
    say(ana, "1");
    until("a sleeps;");
    swap(a, b);
    settle();
    drop(a); /* the grace is over */
    until("b ");
    CHECK_STR(noted, "send_text once;a sleeps;b 1;");
    drop(b);
    finish();
}

static void questions_go_on(void)
{
    begin(true);
    static const char text[] = "local name = '%s'\n"
                               "bot:hears('pedido', function(ctx)\n"
                               "   local answer = ctx:ask('Qual?')\n"
                               "   note(name .. ' got ' .. answer.text)\n"
                               "   local more = ctx:ask('Mais?')\n"
                               "   note(name .. ' then ' .. more.text) end)\n"
                               "bot:run()";
    char old[600], new[600];
    snprintf(old, sizeof old, text, "a");
    snprintf(new, sizeof new, text, "b");
    struct state *a = load(old, false), *b = load(new, true);
    say(ana, "pedido");
    until("send_text Qual?;");
    settle();
    swap(a, b);
    say(ana, "pizza");
    until("b got pizza;");
    until("send_text Mais?;");
    settle();
    CHECK_INT(zapi_rt_busy_count(a->rt), 0);
    drop(a);
    struct state *c = load("bot:hears('pedido', function(ctx)\n"
                           "   local answer = ctx:ask('Qual?')\n"
                           "   local more = ctx:ask('Mais?')\n"
                           "   note('c then ' .. more.text) end)\n"
                           "bot:run()",
                           true);
    swap(b, c);
    drop(b); /* at once: its task is not unloaded yet */
    say(ana, "suco");
    until("c then suco;");
    CHECK(strstr(noted, "b then") == NULL);
    drop(c);
    finish();
}

static void an_answer_that_is_being_handled_stays(void)
{
    begin(true);
    static const char text[] =
        "local name = '%s'\n"
        "bot:hears('pedido', function(ctx)\n"
        "   local answer = ctx:ask('Qual?')\n"
        "   note(name .. ' got ' .. answer.text)\n"
        "   zapi.sleep(0.1)\n"
        "   note(name .. ' ends') end)\n"
        "bot:hears('depois', function() note(name .. ' next') end)\n"
        "bot:run()";
    char old[600], new[600];
    snprintf(old, sizeof old, text, "a");
    snprintf(new, sizeof new, text, "b");
    struct state *a = load(old, false), *b = load(new, true);
    say(ana, "pedido");
    until("send_text Qual?;");
    say(ana, "pizza");
    say(ana, "depois");
    until("a got pizza;");
    swap(a, b);
    until("b next;");
    CHECK_STR(noted, "send_text Qual?;a got pizza;a ends;b next;");
    settle();
    drop(a);
    drop(b);
    finish();
}

static void questions_in_memory_end_in_the_open(void)
{
    begin(false);
    static const char text[] =
        "bot:hears('pedido', function(ctx)\n"
        "   local answer = ctx:ask('Qual?') note('answered') end)\n"
        "bot:on('conversation.ended', function(ctx)\n"
        "   note('ended ' .. ctx.event.reason) end)\n"
        "bot:hears('pizza', function() note('heard') end)\n"
        "bot:run()";
    struct state *a = load(text, false), *b = load(text, true);
    say(ana, "pedido");
    until("send_text Qual?;");
    swap(a, b);
    until("ended reload;");
    say(ana, "pizza");
    until("heard;");
    CHECK(strstr(noted, "answered") == NULL);
    drop(a);
    drop(b);
    finish();
}

static void what_the_main_chunk_started_ends(void)
{
    begin(false);
    struct state *a = load(
        "bot:on('message', function()\n"
        "   note('handler') zapi.after(0.1, function() note('its timer') end)\n"
        "   zapi.spawn(function() zapi.sleep(0.12) note('its task') end)\n"
        "end)\n"
        "bot:run()\n"
        "zapi.interval(0.01, function() note('tick') end)\n"
        "zapi.after(0.2, function() note('late') end)\n"
        "zapi.spawn(function() while true do zapi.sleep(0.01) note('loop') "
        "end end)\n"
        "zapi.run() note('returned')",
        false);
    struct state *b = load("bot:run()", true);
    CHECK(a->waits && !a->ended);
    say(ana, "1");
    until("handler;");
    until("tick;");
    until("loop;");
    swap(a, b);
    noted[0] = '\0';
    until("its task;");
    usleep(150000);
    settle();
    CHECK_STR(noted, "returned;its timer;its task;");
    CHECK(a->ended && a->ok);
    CHECK_INT(zapi_rt_busy_count(a->rt), 0);
    drop(a);
    drop(b);
    finish();
}

static void timers_fire_in_the_next_one(void)
{
    begin(true);
    static const char text[] =
        "local name = '%s'\n"
        "bot:timer('lembrar', function(ctx, p) note(name .. p.what) end)\n"
        "bot:on('message', function(ctx) zapi.sleep(0.05)\n"
        "   bot:at({after = 0.1}, 'lembrar', {what = ' late'}, {key = 'x'})\n"
        "end)\n"
        "if name == 'a' then bot:at({after = 0.1}, 'lembrar', {what = ' "
        "rings'})"
        " end\n"
        "bot:run() note('loaded')";
    char old[700], new[700];
    snprintf(old, sizeof old, text, "a");
    snprintf(new, sizeof new, text, "b");
    struct state *a = load(old, false);
    until("loaded;");
    say(ana, "1");
    settle();
    struct state *b = load(new, true);
    swap(a, b);
    until("b rings;");
    until("b late;");
    CHECK(strstr(noted, "a rings") == NULL && strstr(noted, "a late") == NULL);
    drop(a);
    drop(b);
    finish();
}

static void messages_that_wait_leave_from_the_next_one(void)
{
    begin(true);
    struct state *a =
        load("bot:run()\n"
             "require('zapi.bot.outbox').new(client):send('send_text',\n"
             "   {phone = '5511900000001', message = 'mais tarde'},\n"
             "   {at = zapi.now() + 0.2})\n"
             "bot:on('message', function(ctx) zapi.sleep(0.3)\n"
             "   require('zapi.bot.outbox').new(client):send('send_text',\n"
             "      {phone = '5511900000002', message = 'de novo'}) end)\n",
             false);
    CHECK(a->ended && a->ok);
    say(ana, "1");
    settle();
    struct state *b = load("bot:run()", true);
    swap(a, b);
    until("send_text mais tarde;");
    until("send_text de novo;");
    CHECK_INT(zapi_rt_busy_count(a->rt), 0);
    drop(a);
    drop(b);
    finish();
}

/* ---- checks ---- */

static struct {
    int times;
    bool ok;
    char message[2000];
} checked;

static void on_checked(void *arg, bool ok, const char *message)
{
    (void)arg;
    checked.times++;
    checked.ok = ok;
    snprintf(checked.message, sizeof checked.message, "%s",
             message ? message : "");
}

static void check(const char *text, double seconds)
{
    memset(&checked, 0, sizeof checked);
    struct state *s = load(text, true);
    CHECK(s->ended && s->ok);
    zapi_rt_check(s->rt, seconds, on_checked, NULL);
    for (int i = 0; i < 3000 && !checked.times; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
    CHECK_INT(checked.times, 1);
    drop(s);
}

static void checks_say_whether_it_may_serve(void)
{
    begin(false);
    check("bot:run()", 1);
    CHECK(checked.ok);
    check("bot:check(function() zapi.sleep(0.01) note('asked') end)\n"
          "bot:check(function() return true end) bot:run()",
          1);
    CHECK(checked.ok);
    CHECK_STR(noted, "asked;");
    check("bot:check(function() error('no price list') end) bot:run()", 1);
    CHECK(!checked.ok);
    CHECK(strstr(checked.message, "script.lua:13: ") != NULL);
    CHECK(strstr(checked.message, "no price list") != NULL);
    CHECK(strstr(checked.message, "traceback") != NULL);
    check("bot:check(function() return nil, 'not today' end) bot:run()", 1);
    CHECK(!checked.ok && strstr(checked.message, "not today") != NULL);
    check("bot:check(function() return false end) bot:run()", 1);
    CHECK(!checked.ok && strstr(checked.message, "script.lua:13:") != NULL);
    check("bot:check(function() zapi.sleep(60) end) bot:run()", 0.05);
    CHECK(!checked.ok);
    CHECK(strstr(checked.message, "script.lua:13: ") != NULL);
    CHECK(strstr(checked.message, "0.05 seconds") != NULL);
    finish();
}

static void a_bot_that_runs_at_once_asks_first(void)
{
    begin(false);
    struct state *s =
        load("bot:check(function() return false end) bot:run()", false);
    CHECK(s->ended && !s->ok);
    CHECK_INT(zapi_rt_services(s->rt), 0);
    drop(s);
    finish();
}

static void a_state_may_go_while_it_is_asked(void)
{
    begin(false);
    memset(&checked, 0, sizeof checked);
    struct state *s =
        load("bot:check(function() zapi.sleep(60) end) bot:run()", true);
    zapi_rt_check(s->rt, 0, on_checked, NULL);
    settle();
    drop(s);
    settle();
    CHECK_INT(checked.times, 0);
    finish();
}

static void a_bot_that_is_gone_stops(void)
{
    begin(true);
    struct state *a = load("bot:on('message', function() note('one') end)\n"
                           "bot:run()\n"
                           "local two = new{name = 'two'}\n"
                           "two:on('message', function() note('two') end)\n"
                           "two:run()",
                           false);
    say(ana, "1");
    until("one;");
    until("two;");
    struct state *b = load("bot:on('message', function() note('new') end)\n"
                           "bot:run()",
                           true);
    swap(a, b);
    noted[0] = '\0';
    say(rui, "2");
    until("new;");
    settle();
    CHECK_STR(noted, "new;");
    drop(a);
    drop(b);
    finish();
}

int main(void)
{
    zapi_log_configure(ZAPI_LOG_ERROR, false);
    RUN(events_go_to_who_serves);
    RUN(one_that_never_served_leaves_nothing);
    RUN(two_bots_of_one_name_are_an_error);
    RUN(what_runs_ends_where_it_began);
    RUN(what_is_cut_off_runs_again_with_the_next_one);
    RUN(questions_go_on);
    RUN(an_answer_that_is_being_handled_stays);
    RUN(questions_in_memory_end_in_the_open);
    RUN(what_the_main_chunk_started_ends);
    RUN(timers_fire_in_the_next_one);
    RUN(messages_that_wait_leave_from_the_next_one);
    RUN(checks_say_whether_it_may_serve);
    RUN(a_bot_that_runs_at_once_asks_first);
    RUN(a_state_may_go_while_it_is_asked);
    RUN(a_bot_that_is_gone_stops);
    return CHECK_END();
}
