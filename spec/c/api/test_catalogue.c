/* SPDX-License-Identifier: MIT
 *
 * Proves the table: names, paths, words, and that every example is valid JSON
 * and valid by the very row it stands in. A broken row is named.
 */
#include <stdlib.h>

#include "api/catalogue.h"
#include "base/json.h"
#include "check.h"

#define EACH_ROW(row)                                                        \
    for (size_t n_ = 0, i_ = 0; zapi_catalogue(&n_), i_ < n_; i_++)          \
        for (const struct zapi_endpoint *row = zapi_catalogue(&n_)[i_]; row; \
             row = NULL)

static void blame(const struct zapi_endpoint *row, const char *what,
                  const char *name)
{
    fprintf(stderr, "%s.%s: %s %s\n", row->section, row->name, what,
            name ? name : "");
    check_case_failed = 1;
}

static void expect(bool ok, const struct zapi_endpoint *row, const char *what,
                   const char *name)
{
    if (!ok)
        blame(row, what, name);
}

static bool is_text(const char *s)
{
    return s && *s;
}

/* ---- a validator: the value that comes next against its field ---- */

static bool quiet; /* while invalid examples are tried */

static bool check_value(struct zapi_json_reader *r, const struct zapi_field *f,
                        bool reply);

static bool has_word(const char *const *words, const char *s, size_t len)
{
    for (; *words; words++)
        if (strlen(*words) == len && memcmp(*words, s, len) == 0)
            return true;
    return false;
}

static bool in_range(const struct zapi_field *f, double v)
{
    return (!f->has_min || v >= f->min) && (!f->has_max || v <= f->max);
}

static bool check_members(struct zapi_json_reader *r,
                          const struct zapi_field *fields,
                          const struct zapi_field *any, bool reply)
{
    bool seen[64] = {false};
    enum zapi_json_token t;
    while ((t = zapi_json_next(r)) == ZAPI_JSON_KEY) {
        const struct zapi_field *f =
            fields ? zapi_field_find(fields, r->str, r->len) : any;
        if (!f) {
            if (!quiet)
                fprintf(stderr, "no field for '%.*s'\n", (int)r->len, r->str);
            return false;
        }
        if (fields)
            seen[f - fields] = true;
        if (!check_value(r, f, reply)) {
            if (!quiet)
                fprintf(stderr, "in '%s'\n", f->name ? f->name : "*");
            return false;
        }
    }
    for (size_t i = 0; fields && fields[i].name; i++)
        if (fields[i].required && !seen[i] && !reply) {
            if (!quiet)
                fprintf(stderr, "'%s' is missing\n", fields[i].name);
            return false;
        }
    return t == ZAPI_JSON_OBJECT_END;
}

static bool check_elements(struct zapi_json_reader *r,
                           const struct zapi_field *f, bool reply)
{
    size_t n = 0;
    for (;;) {
        struct zapi_json_reader ahead = *r;
        if (zapi_json_next(&ahead) == ZAPI_JSON_ARRAY_END)
            break;
        if (!f->items ? zapi_json_skip(r) == ZAPI_JSON_ERROR
                      : !check_value(r, f->items, reply))
            return false;
        n++;
    }
    return zapi_json_next(r) == ZAPI_JSON_ARRAY_END &&
           (f->type != ZAPI_ARRAY || in_range(f, (double)n));
}

static bool accepts(const struct zapi_field *f, enum zapi_type t)
{
    return f->type == ZAPI_ANY || f->type == t || (f->also & (1U << t)) != 0;
}

static bool check_number(const struct zapi_field *f, enum zapi_json_token t,
                         double v)
{
    bool ok = accepts(f, ZAPI_NUMBER) ||
              (t == ZAPI_JSON_INTEGER && accepts(f, ZAPI_INTEGER));
    return ok && in_range(f, v);
}

static bool check_value(struct zapi_json_reader *r, const struct zapi_field *f,
                        bool reply)
{
    enum zapi_json_token t = zapi_json_next(r);
    switch (t) {
    case ZAPI_JSON_OBJECT:
        if (f->type == ZAPI_ANY || (!f->fields && !f->items)) {
            while (zapi_json_next(r) == ZAPI_JSON_KEY)
                zapi_json_skip(r);
            return accepts(f, ZAPI_OBJECT);
        }
        return accepts(f, ZAPI_OBJECT) &&
               check_members(r, f->fields, f->items, reply);
    case ZAPI_JSON_ARRAY:
        return accepts(f, ZAPI_ARRAY) && check_elements(r, f, reply);
    case ZAPI_JSON_STRING:
        return accepts(f, ZAPI_STRING) &&
               (!f->enums || has_word(f->enums, r->str, r->len));
    case ZAPI_JSON_INTEGER:
        return check_number(f, t, (double)r->integer);
    case ZAPI_JSON_FLOAT:
        return check_number(f, t, r->number);
    case ZAPI_JSON_TRUE:
    case ZAPI_JSON_FALSE:
        return accepts(f, ZAPI_BOOLEAN);
    case ZAPI_JSON_NULL:
        return reply;
    default:
        return false;
    }
}

static bool valid_by(const char *json, const struct zapi_field *f, bool reply)
{
    struct zapi_json_reader r;
    if (!zapi_json_valid(json, strlen(json), NULL, NULL))
        return false;
    zapi_json_begin(&r, json, strlen(json));
    return check_value(&r, f, reply) && zapi_json_next(&r) == ZAPI_JSON_END;
}

/* The row's parameters of one place, as an object to validate against. */
static struct zapi_field *in_place(const struct zapi_endpoint *row, bool body)
{
    size_t n = 0;
    struct zapi_field *list = calloc(64, sizeof *list);
    for (const struct zapi_field *f = row->params; f && f->name; f++)
        if ((f->where == ZAPI_IN_BODY) == body)
            list[n++] = *f;
    return list;
}

static bool valid_request(const struct zapi_endpoint *row, const char *json,
                          bool body)
{
    struct zapi_field *list = in_place(row, body);
    struct zapi_field whole = {.type = ZAPI_OBJECT, .fields = list};
    if (body && row->body == ZAPI_BODY_ARRAY)
        whole =
            (struct zapi_field){.type = ZAPI_ARRAY, .items = row->body_items};
    bool ok = valid_by(json, &whole, false);
    free(list);
    return ok;
}

/* ---- the rows ---- */

static void every_section_is_there(void)
{
    static const struct {
        const char *section;
        size_t rows;
    } want[] = {
        {"instance", 18},   {"messages", 37},   {"status", 6},
        {"chats", 5},       {"contacts", 9},    {"groups", 19},
        {"communities", 9}, {"newsletter", 17}, {"broadcast", 4},
        {"business", 31},   {"privacy", 8},     {"calls", 4},
        {"queue", 6},       {"webhooks", 11},   {"mobile", 15},
        {"partner", 6},     {"gateway", 13},
    };
    size_t n, sections = sizeof want / sizeof *want;
    zapi_catalogue(&n);
    CHECK_INT(n, 218);
    for (size_t i = 0; i < sections; i++) {
        size_t have = 0;
        EACH_ROW(row)
        have += strcmp(row->section, want[i].section) == 0;
        CHECK_INT(have, want[i].rows);
    }
}

static void names_are_unique_and_found(void)
{
    EACH_ROW(row)
    {
        expect(zapi_catalogue_find(row->scope, row->name) == row, row,
               "not found, or not unique", NULL);
        expect(strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                   strlen(row->name),
               row, "no snake_case", NULL);
    }
    CHECK(!zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "send_txt"));
    CHECK(!zapi_catalogue_find(ZAPI_SCOPE_PARTNER, "send_text"));
    CHECK(zapi_catalogue_find(ZAPI_SCOPE_GATEWAY, "get_status") !=
          zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "get_status"));
}

/* Every {x} has its path parameter, and every path parameter its {x}. */
static void match_path(const struct zapi_endpoint *row, const char *path)
{
    size_t in_path = 0, in_row = 0;
    expect(path[0] == '/', row, "path without /", path);
    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        const struct zapi_field *f =
            zapi_field_find(row->params, p + 1, strcspn(p + 1, "}"));
        expect(f && f->where == ZAPI_IN_PATH && f->required, row,
               "no such path parameter", p);
        in_path++;
    }
    for (const struct zapi_field *f = row->params; f && f->name; f++)
        in_row += f->where == ZAPI_IN_PATH;
    expect(in_path == in_row, row, "placeholders differ from parameters", path);
}

static void paths_and_parameters_agree(void)
{
    EACH_ROW(row)
    {
        match_path(row, row->path);
        for (const char *const *a = row->path_aliases; a && *a; a++)
            match_path(row, *a);
    }
}

static void check_field(const struct zapi_endpoint *row,
                        const struct zapi_field *f, bool request)
{
    const char *name = f->name ? f->name : "*";
    expect(!f->enums || f->enums[0], row, "empty enum", name);
    expect(!f->has_min || !f->has_max || f->min <= f->max, row, "range", name);
    expect(!f->doc || *f->doc, row, "empty doc", name);
    expect(!f->default_json || valid_by(f->default_json, f, false), row,
           "default is not valid", name);
    expect(f->where == ZAPI_IN_BODY ||
               (f->type != ZAPI_OBJECT && f->type != ZAPI_ARRAY),
           row, "only scalars fit in a path or query", name);
    expect(!request || f->type != ZAPI_ARRAY || f->items, row,
           "array without items", name);
    for (const struct zapi_field *g = f->fields; g && g->name; g++)
        check_field(row, g, request);
    if (f->items)
        check_field(row, f->items, request);
}

static void fields_are_sound(void)
{
    EACH_ROW(row)
    {
        for (const struct zapi_field *f = row->params; f && f->name; f++) {
            check_field(row, f, true);
            expect(is_text(f->doc), row, "parameter without doc", f->name);
            expect(zapi_field_find(row->params, f->name, strlen(f->name)) == f,
                   row, "parameter twice", f->name);
            expect(f->where != ZAPI_IN_BODY || row->body == ZAPI_BODY_OBJECT ||
                       row->body == ZAPI_BODY_MULTIPART,
                   row, "body parameter without a body", f->name);
        }
        if (row->reply)
            check_field(row, row->reply, false);
        if (row->body_items)
            check_field(row, row->body_items, true);
        expect((row->body == ZAPI_BODY_ARRAY) == (row->body_items != NULL), row,
               "body_items and ARRAY go together", NULL);
        for (const char *const *o = row->one_of; o && *o; o++)
            expect(zapi_field_find(row->params, *o, strlen(*o)) != NULL, row,
                   "one_of names no parameter", *o);
    }
}

static void words_are_there(void)
{
    EACH_ROW(row)
    {
        expect(is_text(row->doc), row, "no doc", NULL);
        expect(is_text(row->summary), row, "no summary", NULL);
        expect(row->reply_status >= 200 && row->reply_status < 300, row,
               "status", NULL);
        expect(!row->limits || is_text(row->limits[0]), row, "limits", NULL);
        expect(row->host_root == (row->scope == ZAPI_SCOPE_GATEWAY ||
                                  strstr(row->path, "/instances") != NULL),
               row, "host_root", NULL);
        for (const char *const *s = row->success_when; s && *s; s++)
            expect(row->reply &&
                       (zapi_field_find(row->reply->fields, *s, strlen(*s)) ||
                        strcmp(*s, "messageId") == 0),
                   row, "success_when names no reply field", *s);
    }
}

static void examples_are_valid_by_their_rows(void)
{
    EACH_ROW(row)
    {
        expect(!row->request_example ||
                   valid_request(row, row->request_example, true),
               row, "request_example", row->request_example);
        expect(!row->params_example ||
                   valid_request(row, row->params_example, false),
               row, "params_example", row->params_example);
        expect(
            !row->reply_example ||
                (row->reply && valid_by(row->reply_example, row->reply, true)),
            row, "reply_example", row->reply_example);
        expect(row->request_example || !row->body_required, row,
               "a body and no example", NULL);
    }
}

/* The validator must be able to say no. */
static void the_validator_rejects(void)
{
    const struct zapi_endpoint *row =
        zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "send_link");
    CHECK(valid_request(row, row->request_example, true));
    quiet = true;
    CHECK(!valid_request(row, "{\"phone\":\"5511999990001\"}", true));
    row = zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "send_text");
    CHECK(valid_request(row, "{\"phone\":\"1\",\"message\":\"a\"}", true));
    CHECK(!valid_request(row, "{\"phone\":1,\"message\":\"a\"}", true));
    CHECK(!valid_request(
        row, "{\"phone\":\"1\",\"message\":\"a\",\"delayMessage\":16}", true));
    CHECK(!valid_request(
        row, "{\"phone\":\"1\",\"message\":\"a\",\"mentioned\":[[]]}", true));
    CHECK(!valid_request(row, "{\"phone\":\"1\",\"message\":\"a\",\"x\":1}",
                         true));
    quiet = false;
}

static void near_names_are_offered(void)
{
    const char *near[3] = {NULL};
    size_t n = zapi_catalogue_near(ZAPI_SCOPE_INSTANCE, "sendText", near, 3);
    CHECK(n >= 1);
    CHECK_STR(near[0], "send_text");
    n = zapi_catalogue_near(ZAPI_SCOPE_INSTANCE, "send_txet", near, 1);
    CHECK_INT(n, 1);
    CHECK_STR(near[0], "send_text");
    CHECK_INT(zapi_catalogue_near(ZAPI_SCOPE_INSTANCE, "qqqqqqqqqq", near, 3),
              0);
    const struct zapi_endpoint *row =
        zapi_catalogue_find(ZAPI_SCOPE_INSTANCE, "send_text");
    CHECK_STR(zapi_field_near(row->params, "mesage"), "message");
    CHECK(!zapi_field_near(row->params, "qqqqqqqq"));
    CHECK(!zapi_field_near(NULL, "message"));
    CHECK(!zapi_field_find(row->params, "mess", 4));
    CHECK(zapi_field_find(row->params, "message?", 7) == &row->params[1]);
}

static void names_of_the_types(void)
{
    CHECK_STR(zapi_method_name(ZAPI_DELETE), "DELETE");
    CHECK_STR(zapi_scope_name(ZAPI_SCOPE_PARTNER), "partner");
    CHECK_STR(zapi_type_name(ZAPI_ARRAY), "array");
    CHECK_STR(zapi_format_name(ZAPI_FORMAT_MESSAGE_ID), "message_id");
    CHECK(!zapi_format_name(ZAPI_FORMAT_NONE));
    CHECK_STR(zapi_pagination_name(ZAPI_PAGES_STATE), "state");
    CHECK(!zapi_pagination_name(ZAPI_PAGES_NONE));
}

int main(void)
{
    RUN(every_section_is_there);
    RUN(names_are_unique_and_found);
    RUN(paths_and_parameters_agree);
    RUN(fields_are_sound);
    RUN(words_are_there);
    RUN(examples_are_valid_by_their_rows);
    RUN(the_validator_rejects);
    RUN(near_names_are_offered);
    RUN(names_of_the_types);
    return CHECK_END();
}
