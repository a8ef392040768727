/* SPDX-License-Identifier: MIT
 *
 * From Lua tables to requests, with a real lua_State: what goes out, and what
 * a script is told when it is wrong. Each case is a Lua expression.
 */
#include <stdlib.h>

#include <lauxlib.h>
#include <lualib.h>

#include "api/catalogue.h"
#include "check.h"
#include "lua/args.h"
#include "lua/value.h"

static lua_State *L;
static struct zapi_args args;
static struct zapi_error error;

static const struct zapi_endpoint *row_of(const char *name)
{
    const struct zapi_endpoint *row =
        zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, name);
    return row ? row : zapi_catalogue_find(ZAPI_SCOPE_PARTNER, name);
}

/* Pushes the value of a Lua expression. */
static void push(const char *expression)
{
    lua_pushfstring(L, "return %s", expression);
    if (luaL_loadstring(L, lua_tostring(L, -1)) != LUA_OK ||
        lua_pcall(L, 0, 1, 0) != LUA_OK) {
        fprintf(stderr, "%s: %s\n", expression, lua_tostring(L, -1));
        abort();
    }
    lua_remove(L, -2);
}

static bool encode(const struct zapi_endpoint *row, const char *expression)
{
    push(expression);
    int top = lua_gettop(L);
    memset(&error, 0, sizeof error);
    bool ok = zapi_args_encode(L, -1, row, &args, &error);
    CHECK_INT(lua_gettop(L), top);
    lua_pop(L, 1);
    return ok;
}

/* The request line's rest and the body, or the message. */
static const char *with(const struct zapi_endpoint *row, const char *expression)
{
    static char text[4096];
    if (!encode(row, expression))
        return error.message;
    snprintf(text, sizeof text, "%s%s%s %s", zapi_buf_str(&args.path),
             args.query.len ? "?" : "", zapi_buf_str(&args.query),
             zapi_buf_str(&args.body));
    return text;
}

static const char *call(const char *name, const char *expression)
{
    return with(row_of(name), expression);
}

#define TEXT "/send-text "

static void the_body_has_the_order_of_the_row(void)
{
    CHECK_STR(call("send_text",
                   "{message = 'oi', delayMessage = 2, phone = '551199'}"),
              TEXT "{\"phone\":\"551199\",\"message\":\"oi\","
                   "\"delayMessage\":2}");
    CHECK_STR(call("send_text", "{delayTyping = 1.5, mentionAll = true, "
                                "message = 'a\\n\"b\"', phone = '1'}"),
              TEXT "{\"phone\":\"1\",\"message\":\"a\\n\\\"b\\\"\","
                   "\"delayTyping\":1.5,\"mentionAll\":true}");
}

static void nested_objects_and_lists(void)
{
    CHECK_STR(
        call("send_button_list",
             "{phone = '55', message = 'm', buttonList = {buttons = {"
             "{label = 'Sim', id = '1'}, {label = 'Não'}}}}"),
        "/send-button-list {\"phone\":\"55\",\"message\":\"m\",\"buttonList\":"
        "{\"buttons\":[{\"label\":\"Sim\",\"id\":\"1\"},"
        "{\"label\":\"Não\"}]}}");
    CHECK_STR(call("send_text", "{phone = '55', message = 'm', "
                                "mentioned = {'+55 11 9', 5511}}"),
              TEXT "{\"phone\":\"55\",\"message\":\"m\","
                   "\"mentioned\":[\"55119\",\"5511\"]}");
    CHECK_STR(call("send_text", "{phone = '55', message = 'm', "
                                "mentioned = {}}"),
              TEXT "{\"phone\":\"55\",\"message\":\"m\",\"mentioned\":[]}");
}

static void path_and_query(void)
{
    CHECK_STR(call("get_contact", "{phone = '+55 (11) 99999-0001'}"),
              "/contacts/5511999990001 ");
    CHECK_STR(call("get_contact", "{phone = '123@lid'}"),
              "/contacts/123%40lid ");
    CHECK_STR(call("list_products", "{nextCursor = 'a b&c='}"),
              "/catalogs?nextCursor=a%20b%26c%3D ");
    CHECK_STR(call("list_products", "{}"), "/catalogs ");
    CHECK_STR(call("list_products", "{nextCursor = null}"), "/catalogs ");
    CHECK_STR(call("get_contact", "{phone = null}"),
              "bad parameter 'phone' to get_contact (string expected, got "
              "null)");
    CHECK(strstr(call("edit_tag", "{id = '', name = 'n', color = 1}"),
                 "must not be empty") != NULL);
}

static void a_path_cannot_be_escaped_from(void)
{
    CHECK(strstr(call("edit_tag", "{id = 'a/../b?c', name = 'n'}"),
                 "a%2F..%2Fb%3Fc") != NULL);
}

static void defaults_are_sent_where_clients_send_them(void)
{
    CHECK_STR(call("list_chats", "nil"), "/chats?page=1&pageSize=20 ");
    CHECK_STR(call("list_chats", "{page = 3}"), "/chats?page=3&pageSize=20 ");
    CHECK(strstr(call("create_group", "{groupName = 'g', phones = {'551199'}}"),
                 "\"autoInvite\":false") != NULL);
    CHECK(!strstr(call("send_text", "{phone = '1', message = 'm'}"),
                  "delayTyping"));
}

static void a_scalar_is_the_one_required_parameter(void)
{
    CHECK_STR(call("get_contact", "'5511999990001'"),
              "/contacts/5511999990001 ");
    CHECK_STR(call("get_contact", "5511999990001"), "/contacts/5511999990001 ");
    CHECK_STR(call("send_text", "'oi'"),
              "send_text takes a table of parameters, got string");
    CHECK_STR(call("list_chats", "true"),
              "list_chats takes a table of parameters, got boolean");
    CHECK_STR(call("get_contact", "print"),
              "bad parameter 'phone' to get_contact (string expected, got "
              "function)");
    CHECK_STR(call("get_contact", "null"),
              "get_contact takes a table of parameters, got null");
    CHECK_STR(call("get_status", "nil"), "/status ");
    CHECK_STR(call("get_contact", "nil"),
              "missing parameter 'phone' to get_contact (string: contact "
              "number with country code, digits only)");
}

static void a_list_is_the_body_of_some_rows(void)
{
    CHECK_STR(call("remove_contacts", "{'+55 11 1', 5522}"),
              "/contacts/remove [\"55111\",\"5522\"]");
    CHECK_STR(call("add_contacts", "{{phone = '551', firstName = 'Ana'}}"),
              "/contacts/add [{\"firstName\":\"Ana\",\"phone\":\"551\"}]");
    CHECK_STR(call("add_contacts", "{{firstName = 'Ana'}}"),
              "missing parameter '[1].phone' to add_contacts (string: contact "
              "number)");
    CHECK_STR(call("remove_contacts", "{'551', 'oi'}"),
              "bad parameter '[2]' to remove_contacts (phone number with "
              "country code expected, got 'oi')");
    CHECK_STR(call("remove_contacts", "{}"),
              "remove_contacts takes a list, got none");
    CHECK_STR(call("remove_contacts", "nil"),
              "remove_contacts takes a list, got none");
    CHECK_STR(call("remove_contacts", "{'551', phone = '552'}"),
              "'phone' is not a parameter of remove_contacts");
    CHECK_STR(call("remove_contacts", "{'551', [7] = '552'}"),
              "remove_contacts takes named parameters, got a key of type "
              "number");
    CHECK_STR(call("remove_contacts", "'551'"),
              "remove_contacts takes a table of parameters, got string");
}

/* A row of our own: a list with a name in the path and one in the query. */
static void a_list_may_have_names_beside_it(void)
{
    static const struct zapi_field params[] = {
        {.name = "id",
         .type = ZAPI_STRING,
         .where = ZAPI_IN_PATH,
         .required = true},
        {.name = "n", .type = ZAPI_INTEGER, .where = ZAPI_IN_QUERY},
        {.name = NULL},
    };
    static const struct zapi_field item = {.type = ZAPI_INTEGER};
    static const char *const aliases[] = {"/b/{id}", "/c", NULL};
    static const struct zapi_endpoint row = {.name = "own",
                                             .path = "/a/{id}/x",
                                             .path_aliases = aliases,
                                             .params = params,
                                             .body = ZAPI_BODY_ARRAY,
                                             .body_items = &item};
    CHECK_STR(with(&row, "{1, 2.0, id = 'i i', n = 5}"),
              "/a/i%20i/x?n=5 [1,2]");
    CHECK_STR(zapi_args_path(&args, 0), "/a/i%20i/x");
    CHECK_STR(zapi_args_path(&args, 1), "/b/i%20i");
    CHECK_STR(zapi_args_path(&args, 2), "/c");
    CHECK(!zapi_args_path(&args, 3));
    CHECK_STR(with(&row, "{id = 'i'}"), "/a/i/x []");
    CHECK_STR(with(&row, "{1.5, id = 'i'}"),
              "bad parameter '[1]' to own (integer expected, got 1.5)");
    CHECK_STR(with(&row, "{1, idd = 'i'}"),
              "'idd' is not a parameter of own; did you mean 'id'?");
}

static void aliases_of_real_rows(void)
{
    CHECK(encode(row_of("list_privacy_disallowed_contacts"),
                 "{type = 'lastSeen'}"));
    CHECK_STR(zapi_args_path(&args, 0), "/privacy/disallowed-contacts");
    CHECK_STR(zapi_args_path(&args, 1), "/disallowed-contacts");
    CHECK(!zapi_args_path(&args, 2));
}

static void an_optional_body_may_be_absent(void)
{
    CHECK_STR(call("list_products_v2", "nil"), "/catalogs ");
    CHECK_STR(call("list_products_v2", "{nextCursor = 'x'}"),
              "/catalogs {\"nextCursor\":\"x\"}");
}

static void missing_and_misspelt_names(void)
{
    CHECK_STR(call("send_text", "{phone = '55'}"),
              "missing parameter 'message' to send_text (string: text, may "
              "hold WhatsApp markup, emoji and line breaks)");
    CHECK_STR(call("send_text", "{phone = '55', mesage = 'oi'}"),
              "'mesage' is not a parameter of send_text; did you mean "
              "'message'?");
    CHECK_STR(call("send_text", "{phone = '5', message = 'a', qqqqqqq = 1}"),
              "'qqqqqqq' is not a parameter of send_text");
    CHECK_STR(call("send_text", "{'55', 'oi'}"),
              "send_text takes named parameters, got a key of type number");
    CHECK_STR(call("send_text", "{phone = '5', message = 'a', [true] = 1}"),
              "send_text takes named parameters, got a key of type boolean");
    CHECK_STR(call("send_text", "{phone = '5', message = 'a', ['\\xff'] = 1}"),
              "send_text got a parameter whose name is not valid UTF-8");
    CHECK_STR(call("get_status", "{x = 1}"),
              "'x' is not a parameter of get_status");
}

static void nested_names_are_whole(void)
{
    CHECK_STR(call("send_button_list",
                   "{phone = '55', message = 'm', buttonList = {buttons = {"
                   "{label = 'a'}, {lable = 'b'}}}}"),
              "'buttonList.buttons[2].lable' is not a parameter of "
              "send_button_list; did you mean 'label'?");
    CHECK_STR(call("send_button_list",
                   "{phone = '55', message = 'm', buttonList = {buttons = {"
                   "{label = 'a'}, {label = 7}}}}"),
              "bad parameter 'buttonList.buttons[2].label' to "
              "send_button_list (string expected, got number)");
    CHECK_STR(call("send_button_list",
                   "{phone = '55', message = 'm', buttonList = {}}"),
              "missing parameter 'buttonList.buttons' to send_button_list "
              "(array: buttons to show)");
    CHECK_STR(call("send_button_list", "{phone = '55', message = 'm', "
                                       "buttonList = {{label = 'a'}}}"),
              "bad parameter 'buttonList' to send_button_list (named fields "
              "expected, got a key of type number)");
}

static void types_are_checked(void)
{
    CHECK_STR(call("send_text", "{phone = '55', message = 5}"),
              "bad parameter 'message' to send_text (string expected, got "
              "number)");
    CHECK_STR(call("send_text", "{phone = '55', message = true}"),
              "bad parameter 'message' to send_text (string expected, got "
              "boolean)");
    CHECK_STR(call("send_text", "{phone = true, message = 'm'}"),
              "bad parameter 'phone' to send_text (string expected, got "
              "boolean)");
    CHECK_STR(call("send_text", "{phone = '55', message = {}}"),
              "bad parameter 'message' to send_text (string expected, got "
              "table)");
    CHECK_STR(call("send_text", "{phone = '55', message = null}"),
              "bad parameter 'message' to send_text (string expected, got "
              "null)");
    CHECK_STR(call("send_text", "{phone = '55', message = 'm', "
                                "mentionAll = 'true'}"),
              "bad parameter 'mentionAll' to send_text (boolean expected, got "
              "string)");
    CHECK_STR(call("send_text", "{phone = '55', message = 'm', "
                                "delayMessage = '2'}"),
              "bad parameter 'delayMessage' to send_text (number expected, "
              "got string)");
    CHECK_STR(call("list_chats", "{page = 1.5}"),
              "bad parameter 'page' to list_chats (integer expected, got "
              "1.5)");
    CHECK_STR(call("list_chats", "{page = {}}"),
              "bad parameter 'page' to list_chats (integer expected, got "
              "table)");
    CHECK_STR(call("list_chats", "{page = 2.0}"), "/chats?page=2&pageSize=20 ");
    CHECK_STR(call("send_text", "{phone = '55', message = 'a\\xff'}"),
              "bad parameter 'message' to send_text (not valid UTF-8)");
    CHECK_STR(call("send_text", "{phone = '55', message = print}"),
              "bad parameter 'message' to send_text (string expected, got "
              "function)");
}

static void lists_are_lists(void)
{
    CHECK_STR(call("send_text", "{phone = '55', message = 'm', "
                                "mentioned = '5511'}"),
              "bad parameter 'mentioned' to send_text (array expected, got "
              "string)");
    CHECK_STR(call("send_text", "{phone = '55', message = 'm', "
                                "mentioned = {a = '5511'}}"),
              "bad parameter 'mentioned' to send_text (list expected, got a "
              "table with other keys than 1 to 0)");
    CHECK_STR(call("set_company_websites", "{websites = {'https://a.b', "
                                           "'https://c.d', 'https://e.f'}}"),
              "bad parameter 'websites' to set_company_websites (at most 2 "
              "items expected, got 3)");
}

static void bounds_words_and_formats(void)
{
    CHECK_STR(call("send_text", "{phone = '5', message = 'm', "
                                "delayMessage = 20}"),
              "bad parameter 'delayMessage' to send_text (1 to 15 expected, "
              "got 20)");
    CHECK_STR(call("send_text", "{phone = 'oi', message = 'm'}"),
              "bad parameter 'phone' to send_text (phone number with country "
              "code, or the id of a group, contact, channel or list expected, "
              "got 'oi')");
    CHECK_STR(call("send_image", "{phone = '5', image = 'cat.png'}"),
              "bad parameter 'image' to send_image (http(s):// URL or "
              "data:<mime>;base64,… expected)");
    CHECK(strstr(call("modify_chat", "{phone = '5', action = 'reed'}"),
                 "got 'reed'") != NULL);
}

static void phones_of_persons_and_programs(void)
{
    CHECK_STR(
        call("send_text", "{phone = '+55 (11) 99999-0001', message = 'm'}"),
        TEXT "{\"phone\":\"5511999990001\",\"message\":\"m\"}");
    CHECK_STR(call("send_text", "{phone = 5511999990001, message = 'm'}"),
              TEXT "{\"phone\":\"5511999990001\",\"message\":\"m\"}");
    CHECK_STR(call("send_text", "{phone = 5511999990001.0, message = 'm'}"),
              TEXT "{\"phone\":\"5511999990001\",\"message\":\"m\"}");
    CHECK_STR(call("send_text",
                   "{phone = '120363019502650977-group', message = 'm'}"),
              TEXT "{\"phone\":\"120363019502650977-group\",\"message\":"
                   "\"m\"}");
    CHECK_STR(call("send_text", "{phone = -55, message = 'm'}"),
              "bad parameter 'phone' to send_text (string expected, got "
              "number)");
    CHECK_STR(call("send_text", "{phone = 5.5, message = 'm'}"),
              "bad parameter 'phone' to send_text (string expected, got "
              "number)");
}

static void null_is_written_where_it_may_be_left_out(void)
{
    CHECK_STR(call("send_text", "{phone = '5', message = 'm', "
                                "messageId = null}"),
              TEXT "{\"phone\":\"5\",\"message\":\"m\",\"messageId\":null}");
}

static void other_types_that_a_row_accepts(void)
{
    const char *common = "currency = 'BRL', description = 'd', name = 'n', "
                         "price = 1.5";
    char text[200];
    snprintf(text, sizeof text, "{images = 'https://a.b/c.png', %s}", common);
    CHECK(strstr(call("save_product", text),
                 "\"images\":\"https://a.b/c.png\"") != NULL);
    snprintf(text, sizeof text, "{images = {'https://a.b/c.png'}, %s}", common);
    CHECK(strstr(call("save_product", text),
                 "\"images\":[\"https://a.b/c.png\"]") != NULL);
    snprintf(text, sizeof text, "{images = 5, %s}", common);
    CHECK_STR(call("save_product", text),
              "bad parameter 'images' to save_product (array or string "
              "expected, got number)");
}

static void exactly_one_of(void)
{
    const char *phones = "phones = {'551'}";
    char text[200];
    snprintf(text, sizeof text, "{groupId = '1-group', %s}", phones);
    CHECK(strstr(call("add_admin", text), "\"groupId\":\"1-group\"") != NULL);
    snprintf(text, sizeof text, "{%s}", phones);
    CHECK_STR(call("add_admin", text), "add_admin takes exactly one of "
                                       "groupId, communityId, got none");
    snprintf(text, sizeof text, "{groupId = '1-group', communityId = '2', %s}",
             phones);
    CHECK_STR(call("add_admin", text), "add_admin takes exactly one of "
                                       "groupId, communityId, got several");
    snprintf(text, sizeof text, "{groupIdd = '1-group', %s}", phones);
    CHECK(strstr(call("add_admin", text), "did you mean 'groupId'?") != NULL);
}

static const char *document(const char *rest)
{
    static char text[300];
    snprintf(text, sizeof text, "{phone = '55', %s}", rest);
    const char *got = call("send_document", text);
    return error.message[0] ? got : zapi_buf_str(&args.path);
}

static void the_extension_follows_from_the_document(void)
{
    CHECK_STR(document("document = 'https://a.b/c.pdf', extension = 'docx'"),
              "/send-document/docx");
    CHECK_STR(document("document = 'https://a.b/c', fileName = 'x.y.PDF'"),
              "/send-document/pdf");
    CHECK_STR(document("document = 'https://a.b/c.docx?x=1.zip#y'"),
              "/send-document/docx");
    CHECK_STR(document("document = 'https://a.b/c.docx', fileName = 'v1.2'"),
              "/send-document/docx");
    CHECK_STR(document("document = 'data:application/pdf;base64,aGk='"),
              "/send-document/pdf");
    CHECK_STR(document("document = 'data:application/vnd.openxmlformats-"
                       "officedocument.spreadsheetml.sheet;base64,aGk='"),
              "/send-document/xlsx");
#define CANNOT                                                            \
    "send_document needs 'extension' (pdf, docx, …): neither fileName " \
    "nor the document tells it"
    CHECK_STR(document("document = 'https://a.com'"), CANNOT);
    CHECK_STR(document("document = 'https://a.com/'"), CANNOT);
    CHECK_STR(document("document = 'https://a.com/x', fileName = '.pdf'"),
              CANNOT);
    CHECK_STR(document("document = 'data:x/y;base64,aGk='"), CANNOT);
    CHECK(strstr(document("fileName = 'a.pdf'"),
                 "missing parameter 'document'") != NULL);
    CHECK(strstr(document("document = 'https://a.b/c', extensio = 'pdf'"),
                 "did you mean 'extension'?") != NULL);
}

static void metamethods_are_not_asked(void)
{
    CHECK_STR(call("send_text",
                   "setmetatable({phone = '55', message = 'm'}, {__index = "
                   "error, __pairs = error, __len = error})"),
              TEXT "{\"phone\":\"55\",\"message\":\"m\"}");
    CHECK(strstr(call("send_text", "setmetatable({}, {__index = {phone = "
                                   "'55', message = 'm'}})"),
                 "missing parameter 'phone'") != NULL);
}

static void any_value_is_written_by_its_own_shape(void)
{
    static const struct zapi_field params[] = {
        {.name = "x", .type = ZAPI_ANY},
        {.name = "o", .type = ZAPI_OBJECT},
        {.name = NULL},
    };
    static const struct zapi_endpoint row = {.name = "own",
                                             .path = "/a",
                                             .params = params,
                                             .body = ZAPI_BODY_OBJECT};
    CHECK_STR(with(&row, "{x = {1, 'a', {b = true}}}"),
              "/a {\"x\":[1,\"a\",{\"b\":true}]}");
    CHECK_STR(with(&row, "{x = 'a', o = {b = 2.5}}"),
              "/a {\"x\":\"a\",\"o\":{\"b\":2.5}}");
    CHECK(strstr(with(&row, "{x = {print}}"), "bad parameter 'x' to own (") !=
          NULL);
}

/* ---- every row ---- */

/* Stack: -- table of the row's examples, or nil */
static bool push_example(const struct zapi_endpoint *row)
{
    const char *texts[] = {row->request_example, row->params_example};
    lua_newtable(L);
    for (size_t i = 0; i < 2; i++) {
        if (!texts[i])
            continue;
        if (!zapi_value_decode(L, texts[i], strlen(texts[i]), true, NULL, NULL))
            return false;
        if (i == 0) {
            lua_replace(L, -2);
            continue;
        }
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -5);
        }
        lua_pop(L, 1);
    }
    return true;
}

/* Is every member of the example in what was encoded? */
static bool holds_example(const struct zapi_endpoint *row)
{
    if (!row->request_example)
        return args.body.len == 0;
    push("function(a, b) local function in_b(x, y)"
         " if type(x) ~= 'table' then return x == y end"
         " for k, v in pairs(x) do if type(y) ~= 'table' or"
         " not in_b(v, y[k]) then return false end end return true end"
         " return in_b(a, b) end");
    bool ok =
        zapi_value_decode(L, row->request_example, strlen(row->request_example),
                          true, NULL, NULL) &&
        zapi_value_decode(L, args.body.data, args.body.len, true, NULL, NULL) &&
        lua_pcall(L, 2, 1, 0) == LUA_OK;
    ok = ok && lua_toboolean(L, -1);
    lua_settop(L, 0);
    return ok;
}

static void every_example_is_encoded(void)
{
    size_t n;
    const struct zapi_endpoint *const *rows = zapi_catalogue(&n);
    for (size_t i = 0; i < n; i++) {
        lua_settop(L, 0);
        CHECK(push_example(rows[i]));
        memset(&error, 0, sizeof error);
        bool ok = zapi_args_encode(L, -1, rows[i], &args, &error);
        ok = ok && !strpbrk(zapi_buf_str(&args.path), "{}");
        if (ok && holds_example(rows[i]))
            continue;
        fprintf(stderr, "%s: %s\n  %s\n", rows[i]->name, error.message,
                zapi_buf_str(&args.body));
        check_case_failed = 1;
    }
    lua_settop(L, 0);
}

/* ---- memory ---- */

struct limit {
    size_t left; /* allocations that still succeed */
};

static void *limited(void *ud, void *p, size_t old, size_t size)
{
    struct limit *limit = ud;
    (void)old;
    if (size == 0) {
        free(p);
        return NULL;
    }
    if ((!p || size > old) && limit->left-- == 0) {
        limit->left = 0;
        return NULL;
    }
    return realloc(p, size);
}

static int l_encode(lua_State *M)
{
    struct zapi_error e = {0};
    lua_settop(M, 1);
    lua_pushboolean(M,
                    zapi_args_encode(M, 1, row_of("get_contact"), &args, &e));
    return 1;
}

/* Fails the n-th allocation until the call passes: nothing may leak, which the
 * leak checker sees, and nothing may stay half done. */
static void memory_may_end_at_any_point(void)
{
    size_t n = 0;
    int status = LUA_ERRMEM;
    for (; status == LUA_ERRMEM && n < 100; n++) {
        struct limit limit = {.left = 100000};
        lua_State *M = lua_newstate(limited, &limit);
        lua_pushcfunction(M, l_encode);
        lua_pushliteral(M, "5511999990001");
        lua_gc(M, LUA_GCSTOP);
        limit.left = n;
        status = lua_pcall(M, 1, 1, 0);
        limit.left = 100000;
        lua_close(M);
    }
    CHECK_INT(status, LUA_OK);
    CHECK(n > 1);
    CHECK_STR(zapi_buf_str(&args.path), "/contacts/5511999990001");
}

int main(void)
{
    L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushlightuserdata(L, NULL);
    lua_setglobal(L, "null");
    zapi_args_init(&args);
    RUN(the_body_has_the_order_of_the_row);
    RUN(nested_objects_and_lists);
    RUN(path_and_query);
    RUN(a_path_cannot_be_escaped_from);
    RUN(defaults_are_sent_where_clients_send_them);
    RUN(a_scalar_is_the_one_required_parameter);
    RUN(a_list_is_the_body_of_some_rows);
    RUN(a_list_may_have_names_beside_it);
    RUN(aliases_of_real_rows);
    RUN(an_optional_body_may_be_absent);
    RUN(missing_and_misspelt_names);
    RUN(nested_names_are_whole);
    RUN(types_are_checked);
    RUN(lists_are_lists);
    RUN(bounds_words_and_formats);
    RUN(phones_of_persons_and_programs);
    RUN(null_is_written_where_it_may_be_left_out);
    RUN(other_types_that_a_row_accepts);
    RUN(exactly_one_of);
    RUN(the_extension_follows_from_the_document);
    RUN(metamethods_are_not_asked);
    RUN(any_value_is_written_by_its_own_shape);
    RUN(every_example_is_encoded);
    RUN(memory_may_end_at_any_point);
    zapi_args_free(&args);
    lua_close(L);
    return CHECK_END();
}
