/* SPDX-License-Identifier: MIT
 *
 * Walks the row, not the table: values are looked up by the row's names, so
 * that the body has the row's order whatever order the table has. The table's
 * keys are counted once; when that many were found, the rest of the row needs
 * no look-up, and when fewer were found, one pass over the table names the key
 * that does not belong. All access is raw.
 *
 * Every function that takes a field returns false with *error filled, and
 * leaves the stack as it was. The buffers are the caller's. Start at
 * zapi_args_encode, then write_value.
 */
#include "lua/args.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "api/check.h"
#include "base/mime.h"
#include "base/text.h"
#include "lua/args_extension.h"
#include "lua/media_value.h"
#include "lua/people.h"
#include "lua/value.h"

enum {
    PATH_MAX_BYTES = 16 << 10,
    QUERY_MAX_BYTES = 64 << 10,
    BODY_GUESS = 240,           /* most bodies: one allocation */
    BODY_MAX_BYTES = 256 << 20, /* media may come as base64 */
};

struct walk {
    lua_State *L;
    const struct zapi_endpoint *row;
    struct zapi_args *out;
    struct zapi_check check; /* its path is `name` */
    char name[192];          /* "buttonList.buttons[2].label" */
    size_t len;
};

/* A table and how many of its keys the row has claimed so far. */
struct members {
    int table; /* 0: no table, no members */
    size_t keys, used;
    const struct zapi_field *fields;
    size_t list; /* keys 1..list belong to an array body */
};

static bool write_value(struct walk *w, const struct zapi_field *f, int index,
                        bool raw, struct zapi_buf *out);

/* ---- names and errors ---- */

/* Appends ".name" and returns the length to go back to. */
static size_t enter(struct walk *w, const char *name)
{
    size_t before = w->len, n = strlen(name);
    if (n > 64)
        n = zapi_utf8_cut(name, 64);
    if (before + n + 2 > sizeof w->name)
        return before;
    if (before)
        w->name[w->len++] = '.';
    memcpy(w->name + w->len, name, n + 1);
    w->len += n;
    w->name[w->len] = '\0';
    return before;
}

static size_t enter_index(struct walk *w, size_t i)
{
    size_t before = w->len;
    if (before + 24 < sizeof w->name)
        w->len += (size_t)snprintf(w->name + before, 24, "[%zu]", i);
    return before;
}

static void leave(struct walk *w, size_t before)
{
    w->len = before;
    w->name[before] = '\0';
}

/* What is wrong with the call as a whole. Always false. */
static bool misuse(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static bool misuse(struct walk *w, const char *fmt, ...)
{
    char text[300];
    struct zapi_error *e = w->check.error;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    zapi_error_set(e, ZAPI_E_CLIENT_INVALID_PARAMS, "%s %s", w->row->name,
                   text);
    e->outcome = ZAPI_OUTCOME_NOT_SENT;
    snprintf(e->endpoint, sizeof e->endpoint, "%s", w->row->name);
    return false;
}

static const char *type_of(lua_State *L, int index)
{
    if (zapi_value_is_null(L, index))
        return "null";
    return luaL_typename(L, index);
}

static bool wrong_type(struct walk *w, const struct zapi_field *f, int index)
{
    zapi_check_type(&w->check, f, type_of(w->L, index));
    return false;
}

/* ---- members of a table ---- */

static size_t count_keys(lua_State *L, int table)
{
    size_t n = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        n++;
    }
    return n;
}

static struct members members_of(struct walk *w, int table,
                                 const struct zapi_field *fields)
{
    return (struct members){
        .table = table,
        .keys = table ? count_keys(w->L, table) : 0,
        .fields = fields,
    };
}

/* Pushes the value when there is one. Stack: -- [value] */
static bool peek(struct walk *w, const struct members *m, const char *name)
{
    if (!m->table)
        return false;
    lua_pushstring(w->L, name);
    if (lua_rawget(w->L, m->table) != LUA_TNIL)
        return true;
    lua_pop(w->L, 1);
    return false;
}

/* The same, and counts it; no look-up once all keys are claimed. */
static bool take(struct walk *w, struct members *m, const char *name)
{
    if (m->used == m->keys || !peek(w, m, name))
        return false;
    m->used++;
    return true;
}

static bool is_list_key(struct walk *w, const struct members *m, int key)
{
    lua_Integer i = lua_isinteger(w->L, key) ? lua_tointeger(w->L, key) : 0;
    return i >= 1 && (size_t)i <= m->list;
}

/* Says that a key belongs to nothing. Stack: key on top */
static void blame_key(struct walk *w, const struct members *m)
{
    size_t len = 0;
    bool named = lua_type(w->L, -1) == LUA_TSTRING;
    const char *name = named ? lua_tolstring(w->L, -1, &len) : NULL;
    if (named && zapi_utf8_valid(name, len)) {
        size_t before = enter(w, name);
        zapi_check_unknown(&w->check, m->fields, name);
        leave(w, before);
    } else if (named) {
        misuse(w, "got a parameter whose name is not valid UTF-8");
    } else if (w->len) {
        zapi_check_bad(&w->check, "named fields expected, got a key of type %s",
                       luaL_typename(w->L, -1));
    } else {
        misuse(w, "takes named parameters, got a key of type %s",
               luaL_typename(w->L, -1));
    }
}

/* false: a key that the row does not know was found and named. */
static bool all_known(struct walk *w, const struct members *m)
{
    lua_State *L = w->L;
    if (!m->table || m->used == m->keys)
        return true;
    lua_pushnil(L);
    while (lua_next(L, m->table)) {
        lua_pop(L, 1); /* the value */
        const char *name =
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
        if (is_list_key(w, m, lua_gettop(L)) ||
            (name && zapi_field_find(m->fields, name, strlen(name))))
            continue;
        blame_key(w, m);
        lua_pop(L, 1);
        return false;
    }
    return true;
}

/* A misspelt name is the likelier reason, so it is looked for first. */
static bool missing(struct walk *w, const struct members *m,
                    const struct zapi_field *f)
{
    if (!all_known(w, m))
        return false;
    size_t before = enter(w, f->name);
    zapi_check_missing(&w->check, f);
    leave(w, before);
    return false;
}

/* ---- values ---- */

static bool accepts(const struct zapi_field *f, enum zapi_type t)
{
    return f->type == t || f->type == ZAPI_ANY || (f->also & (1U << t)) != 0;
}

/* Ids that are digits may come as an integer: scripts write phone = 5511…
 * Never a code, whose leading zeros a number would lose. */
static bool takes_digits(const struct zapi_field *f)
{
    return f->type == ZAPI_STRING &&
           (f->format == ZAPI_FORMAT_CHAT || f->format == ZAPI_FORMAT_PHONE ||
            f->format == ZAPI_FORMAT_GROUP ||
            f->format == ZAPI_FORMAT_MESSAGE_ID);
}

static bool is_lid(const char *s, size_t len)
{
    return len > 4 && memcmp(s + len - 4, "@lid", 4) == 0;
}

/* A number in a lid's place. Not to know it is no misuse: which form an event
 * names people by is WhatsApp's choice. */
static bool write_number_of(struct walk *w, const struct zapi_field *f,
                            const char *lid, bool raw, struct zapi_buf *out)
{
    char number[32];
    if (zapi_people_number(w->L, lid, number))
        return zapi_check_string(&w->check, f, number, strlen(number), raw,
                                 out);
    zapi_check_bad(&w->check,
                   "a phone number expected: this call takes no lid, and the "
                   "number of %.48s is not known",
                   lid);
    w->check.error->kind = ZAPI_E_CLIENT_INVALID_PHONE;
    return false;
}

static bool write_string(struct walk *w, const struct zapi_field *f, int index,
                         bool raw, struct zapi_buf *out)
{
    const struct zapi_field plain = {.type = ZAPI_STRING, .where = f->where};
    size_t len;
    const char *s = lua_tolstring(w->L, index, &len);
    if (!accepts(f, ZAPI_STRING))
        return wrong_type(w, f, index);
    if (f->format == ZAPI_FORMAT_MEDIA &&
        !zapi_media_fits(w->L, &w->check, f, s, len))
        return false;
    if (f->no_lid && is_lid(s, len))
        return write_number_of(w, f, s, raw, out);
    return zapi_check_string(&w->check, f->type == ZAPI_STRING ? f : &plain, s,
                             len, raw, out);
}

static bool write_number(struct walk *w, const struct zapi_field *f, int index,
                         bool raw, struct zapi_buf *out)
{
    int whole = 0;
    lua_Integer i = lua_tointegerx(w->L, index, &whole);
    if (whole && (accepts(f, ZAPI_INTEGER) || accepts(f, ZAPI_NUMBER)))
        return zapi_check_integer(&w->check, f, i, raw, out);
    if (whole && i >= 0 && takes_digits(f)) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%" PRId64, (int64_t)i);
        return zapi_check_string(&w->check, f, digits, (size_t)n, raw, out);
    }
    if (accepts(f, ZAPI_NUMBER))
        return zapi_check_number(&w->check, f, lua_tonumber(w->L, index), raw,
                                 out);
    if (accepts(f, ZAPI_INTEGER)) {
        zapi_check_bad(&w->check, "integer expected, got %.14g",
                       lua_tonumber(w->L, index));
        return false;
    }
    return wrong_type(w, f, index);
}

static bool write_boolean(struct walk *w, const struct zapi_field *f, int index,
                          bool raw, struct zapi_buf *out)
{
    if (!accepts(f, ZAPI_BOOLEAN))
        return wrong_type(w, f, index);
    return zapi_check_boolean(&w->check, f, lua_toboolean(w->L, index) != 0,
                              raw, out);
}

/* What the row leaves open: whatever has a JSON form. */
static bool write_any(struct walk *w, int index, struct zapi_buf *out)
{
    const char *message = NULL;
    int top = lua_gettop(w->L);
    bool ok = zapi_value_encode(w->L, index, out, &message);
    if (!ok)
        zapi_check_bad(&w->check, "%s", message ? message : "no JSON value");
    lua_settop(w->L, top);
    return ok;
}

static bool write_element(struct walk *w, const struct zapi_field *f, int table,
                          size_t i, struct zapi_buf *out)
{
    size_t before = enter_index(w, i);
    lua_rawgeti(w->L, table, (lua_Integer)i);
    bool ok = write_value(w, f, lua_gettop(w->L), false, out);
    lua_pop(w->L, 1);
    leave(w, before);
    return ok;
}

static bool write_elements(struct walk *w, const struct zapi_field *items,
                           int table, size_t n, struct zapi_buf *out)
{
    static const struct zapi_field any = {.type = ZAPI_ANY};
    zapi_buf_addc(out, '[');
    for (size_t i = 1; i <= n; i++) {
        if (i > 1)
            zapi_buf_addc(out, ',');
        if (!write_element(w, items ? items : &any, table, i, out))
            return false;
    }
    zapi_buf_addc(out, ']');
    return true;
}

static bool write_array(struct walk *w, const struct zapi_field *f, int table,
                        struct zapi_buf *out)
{
    size_t n = (size_t)lua_rawlen(w->L, table);
    if (count_keys(w->L, table) != n) {
        zapi_check_bad(&w->check,
                       "list expected, got a table with other keys "
                       "than 1 to %zu",
                       n);
        return false;
    }
    return zapi_check_count(&w->check, f, n) &&
           write_elements(w, f->items, table, n, out);
}

/* `first`: no comma is due yet. */
static void write_key(const char *name, bool *first, struct zapi_buf *out)
{
    zapi_buf_adds(out, *first ? "\"" : ",\"");
    zapi_buf_adds(out, name); /* the row's own: plain ASCII */
    zapi_buf_add(out, "\":", 2);
    *first = false;
}

static bool write_absent(struct walk *w, const struct members *m,
                         const struct zapi_field *f, bool *first,
                         struct zapi_buf *out)
{
    if (f->default_json) {
        write_key(f->name, first, out);
        zapi_buf_adds(out, f->default_json);
    } else if (f->required) {
        return missing(w, m, f);
    }
    return true;
}

/* zapi.null is sent where the value may be left out. */
static bool write_present(struct walk *w, const struct zapi_field *f, int index,
                          struct zapi_buf *out)
{
    size_t before = enter(w, f->name);
    bool ok = true;
    if (!f->required && zapi_value_is_null(w->L, index))
        zapi_buf_add(out, "null", 4);
    else
        ok = write_value(w, f, index, false, out);
    leave(w, before);
    return ok;
}

static bool write_member(struct walk *w, struct members *m,
                         const struct zapi_field *f, bool *first,
                         struct zapi_buf *out)
{
    if (!take(w, m, f->name))
        return write_absent(w, m, f, first, out);
    write_key(f->name, first, out);
    bool ok = write_present(w, f, lua_gettop(w->L), out);
    lua_pop(w->L, 1);
    return ok;
}

static bool write_object(struct walk *w, const struct zapi_field *f, int table,
                         struct zapi_buf *out)
{
    struct members m = members_of(w, table, f->fields);
    bool first = true;
    zapi_buf_addc(out, '{');
    for (const struct zapi_field *g = f->fields; g->name; g++)
        if (!write_member(w, &m, g, &first, out))
            return false;
    zapi_buf_addc(out, '}');
    return all_known(w, &m);
}

static bool write_table(struct walk *w, const struct zapi_field *f, int index,
                        bool raw, struct zapi_buf *out)
{
    luaL_checkstack(w->L, 8, NULL);
    if (raw)
        return wrong_type(w, f, index);
    if (f->type == ZAPI_OBJECT && f->fields)
        return write_object(w, f, index, out);
    if (f->type == ZAPI_ARRAY)
        return write_array(w, f, index, out);
    if (accepts(f, ZAPI_OBJECT) || accepts(f, ZAPI_ARRAY))
        return write_any(w, index, out);
    return wrong_type(w, f, index);
}

/* A file: its bytes, or for a form's part its path. */
static bool write_media(struct walk *w, const struct zapi_field *f, int index,
                        bool raw, struct zapi_buf *out)
{
    const struct zapi_media *m = zapi_media_test(w->L, index);
    if (!m || raw || !accepts(f, ZAPI_STRING))
        return wrong_type(w, f, index);
    if (f->format != ZAPI_FORMAT_FILE)
        return zapi_media_write(w->L, m, &w->check, f, out);
    return zapi_check_string(&w->check, f, m->path, strlen(m->path), false,
                             out);
}

static bool write_value(struct walk *w, const struct zapi_field *f, int index,
                        bool raw, struct zapi_buf *out)
{
    if (f->type == ZAPI_ANY && !raw)
        return write_any(w, index, out);
    switch (lua_type(w->L, index)) {
    case LUA_TSTRING:
        return write_string(w, f, index, raw, out);
    case LUA_TNUMBER:
        return write_number(w, f, index, raw, out);
    case LUA_TBOOLEAN:
        return write_boolean(w, f, index, raw, out);
    case LUA_TTABLE:
        return write_table(w, f, index, raw, out);
    case LUA_TUSERDATA:
        return write_media(w, f, index, raw, out);
    default:
        return wrong_type(w, f, index);
    }
}

/* ---- path ---- */

/* The name of a file, else what its type is called. */
static size_t extension_of_file(const struct zapi_media *m, char *ext)
{
    size_t n = zapi_extension_of_name(m->name, strlen(m->name), ext);
    const char *of_type = zapi_mime_extension(m->mime, strlen(m->mime));
    return n || !of_type ? n : strlen(strcpy(ext, of_type));
}

/* The extension that one parameter tells; 0 when it tells none. */
static size_t extension_in(struct walk *w, const struct members *m,
                           const struct zapi_field *f, char *ext)
{
    size_t len, n = 0;
    if (!f || !peek(w, m, f->name))
        return 0;
    const struct zapi_media *file = zapi_media_test(w->L, -1);
    const char *s = lua_type(w->L, -1) == LUA_TSTRING
                        ? lua_tolstring(w->L, -1, &len)
                        : NULL;
    if (file)
        n = extension_of_file(file, ext);
    else if (s && f->format == ZAPI_FORMAT_MEDIA)
        n = zapi_extension_of_media(s, len, ext);
    else if (s)
        n = zapi_extension_of_name(s, len, ext);
    lua_pop(w->L, 1);
    return n;
}

/* A document's {extension} follows from its fileName, else from the document
 * itself. The one place that knows parameters by name: rows hold no code. */
static bool derive_extension(struct walk *w, const struct members *m,
                             struct zapi_buf *out)
{
    char ext[ZAPI_EXTENSION_ROOM];
    size_t n =
        extension_in(w, m, zapi_field_find(m->fields, "fileName", 8), ext);
    for (const struct zapi_field *f = m->fields; f->name && n == 0; f++)
        if (f->format == ZAPI_FORMAT_MEDIA)
            n = extension_in(w, m, f, ext);
    if (n == 0)
        return all_known(w, m) &&
               misuse(w, "needs 'extension' (pdf, docx, …): neither fileName "
                         "nor the document tells it");
    zapi_buf_add(out, ext, n);
    return true;
}

/* A server, and libcurl before it, takes "." and ".." for directions; nothing
 * at all makes another path. */
static bool is_segment(struct walk *w, const char *s, size_t len)
{
    bool dots = (len == 1 || len == 2) && strspn(s, ".") == len;
    if (len > 0 && !dots)
        return true;
    zapi_check_bad(&w->check, "it cannot stand in a path");
    return false;
}

static bool fill_one(struct walk *w, const struct members *m, const char *name,
                     size_t len, struct zapi_buf *out)
{
    const struct zapi_field *f = zapi_field_find(m->fields, name, len);
    if (!f)
        return misuse(w, "has a path without its parameter"); /* see tests */
    if (!peek(w, m, f->name))
        return strcmp(f->name, "extension") == 0 ? derive_extension(w, m, out)
                                                 : missing(w, m, f);
    size_t before = enter(w, f->name), start = out->len;
    bool ok =
        write_value(w, f, lua_gettop(w->L), true, out) &&
        (out->failed || is_segment(w, out->data + start, out->len - start));
    leave(w, before);
    lua_pop(w->L, 1);
    return ok;
}

static bool fill_path(struct walk *w, const struct members *m,
                      const char *template)
{
    struct zapi_buf *out = &w->out->path;
    for (;;) {
        size_t n = strcspn(template, "{");
        zapi_buf_add(out, template, n);
        if (!template[n])
            return true;
        template += n + 1;
        n = strcspn(template, "}");
        if (!fill_one(w, m, template, n, out))
            return false;
        template += n + 1;
    }
}

static bool fill_paths(struct walk *w, const struct members *m)
{
    const char *const *alias = w->row->path_aliases;
    if (!fill_path(w, m, w->row->path))
        return false;
    for (; alias && *alias; alias++) {
        zapi_buf_add(&w->out->path, "", 1);
        if (!fill_path(w, m, *alias))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static bool write_query(struct walk *w, struct members *m,
                        const struct zapi_field *f)
{
    struct zapi_buf *out = &w->out->query;
    bool given = take(w, m, f->name), ok = true;
    if (given && !f->required && zapi_value_is_null(w->L, -1)) {
        lua_pop(w->L, 1);
        return true;
    }
    if (!given && !f->default_json)
        return !f->required || missing(w, m, f);
    if (out->len)
        zapi_buf_addc(out, '&');
    zapi_buf_adds(out, f->name);
    zapi_buf_addc(out, '=');
    if (!given)
        return zapi_buf_adds(out, f->default_json); /* never a string */
    size_t before = enter(w, f->name);
    ok = write_value(w, f, lua_gettop(w->L), true, out);
    leave(w, before);
    lua_pop(w->L, 1);
    return ok;
}

/* Every parameter in the row's order; the path's are only counted here. */
static bool write_params(struct walk *w, struct members *m, bool *first)
{
    for (const struct zapi_field *f = m->fields; f && f->name; f++) {
        bool ok = true;
        if (f->where == ZAPI_IN_QUERY)
            ok = write_query(w, m, f);
        else if (f->where == ZAPI_IN_BODY)
            ok = write_member(w, m, f, first, &w->out->body);
        else if (take(w, m, f->name))
            lua_pop(w->L, 1);
        if (!ok)
            return false;
    }
    return true;
}

/* The table itself is the body; names in it are path or query. */
static bool write_list(struct walk *w, struct members *m)
{
    m->list = m->table ? (size_t)lua_rawlen(w->L, m->table) : 0;
    m->used += m->list;
    if (m->list == 0 && w->row->body_required)
        return all_known(w, m) && misuse(w, "takes a list, got none");
    return write_elements(w, w->row->body_items, m->table, m->list,
                          &w->out->body);
}

static bool write_body(struct walk *w, struct members *m)
{
    bool first = true, object = w->row->body == ZAPI_BODY_OBJECT ||
                                w->row->body == ZAPI_BODY_MULTIPART;
    if (w->row->body == ZAPI_BODY_ARRAY && !write_list(w, m))
        return false;
    if (object && zapi_buf_reserve(&w->out->body, BODY_GUESS))
        zapi_buf_addc(&w->out->body, '{');
    if (!write_params(w, m, &first))
        return false;
    if (object)
        zapi_buf_addc(&w->out->body, '}');
    if (object && first && !w->row->body_required)
        zapi_buf_reset(&w->out->body);
    return true;
}

static bool is_one_given(struct walk *w, const struct members *m)
{
    char words[120];
    size_t n = 0, given = 0;
    if (!w->row->one_of)
        return true;
    for (const char *const *name = w->row->one_of; *name; name++) {
        if (peek(w, m, *name)) {
            lua_pop(w->L, 1);
            given++;
        }
        if (n < sizeof words)
            n += (size_t)snprintf(words + n, sizeof words - n, "%s%s",
                                  n ? ", " : "", *name);
    }
    return given == 1 ||
           (all_known(w, m) && misuse(w, "takes exactly one of %s, got %s",
                                      words, given ? "several" : "none"));
}

/* The one required parameter of a row, or NULL. */
static const struct zapi_field *lone_required(const struct zapi_endpoint *row)
{
    const struct zapi_field *found = NULL;
    for (const struct zapi_field *f = row->params; f && f->name; f++) {
        if (f->required && found)
            return NULL;
        if (f->required)
            found = f;
    }
    return row->body == ZAPI_BODY_ARRAY ? NULL : found;
}

/* Makes a table of a scalar. Stack: -- table, when it returns true */
static bool wrap_scalar(struct walk *w, int index)
{
    const struct zapi_field *f = lone_required(w->row);
    if (!f || zapi_value_is_null(w->L, index))
        return misuse(w, "takes a table of parameters, got %s",
                      type_of(w->L, index));
    lua_createtable(w->L, 0, 1);
    lua_pushstring(w->L, f->name);
    lua_pushvalue(w->L, index);
    lua_rawset(w->L, -3);
    return true;
}

static bool encode(struct walk *w, int table)
{
    struct members m = members_of(w, table, w->row->params);
    if (!write_body(w, &m) || !is_one_given(w, &m) || !fill_paths(w, &m) ||
        !all_known(w, &m))
        return false;
    if (w->out->path.failed || w->out->query.failed || w->out->body.failed)
        return misuse(w, "was given more than fits into a request");
    return true;
}

bool zapi_args_encode(lua_State *L, int index, const struct zapi_endpoint *row,
                      struct zapi_args *args, struct zapi_error *error)
{
    struct walk w = {.L = L, .row = row, .out = args};
    int top = lua_gettop(L);
    w.check = (struct zapi_check){.row = row, .path = w.name, .error = error};
    luaL_checkstack(L, 12, NULL);
    zapi_buf_reset(&args->path);
    zapi_buf_reset(&args->query);
    zapi_buf_reset(&args->body);
    index = lua_absindex(L, index);
    if (lua_isnoneornil(L, index))
        return encode(&w, 0);
    if (!lua_istable(L, index)) {
        if (!wrap_scalar(&w, index))
            return false;
        index = lua_gettop(L);
    }
    bool ok = encode(&w, index);
    lua_settop(L, top);
    return ok;
}

void zapi_args_init(struct zapi_args *args)
{
    zapi_buf_init(&args->path, PATH_MAX_BYTES);
    zapi_buf_init(&args->query, QUERY_MAX_BYTES);
    zapi_buf_init(&args->body, BODY_MAX_BYTES);
}

void zapi_args_free(struct zapi_args *args)
{
    zapi_buf_free(&args->path);
    zapi_buf_free(&args->query);
    zapi_buf_free(&args->body);
}

const char *zapi_args_path(const struct zapi_args *args, size_t alias)
{
    const char *p = zapi_buf_str(&args->path);
    const char *end = p + args->path.len;
    for (; alias > 0 && p < end; alias--)
        p += strlen(p) + 1;
    return p < end ? p : NULL;
}
