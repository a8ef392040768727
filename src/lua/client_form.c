/* SPDX-License-Identifier: MIT
 *
 * A call whose body is a form: the parts of the request from the JSON that the
 * encoder of arguments wrote, files by their paths, to be streamed from disk.
 * The operation owns the parts and the text that they point to. Start at
 * zapi_client_form.
 */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "api/catalogue.h"
#include "api/check.h"
#include "base/json.h"
#include "lua/client.h"
#include "lua/media_value.h"

struct form {
    struct zapi_json_reader r;
    struct zapi_buf *text; /* what the parts point to, once it is whole */
    struct zapi_http_part *parts;
    const struct zapi_endpoint *row;
    size_t n;
};

/* Appends the value that comes next as a form has it, ended by a NUL: a text
 * without its quotes, anything else as JSON writes it. */
static enum zapi_json_token form_value(struct form *f, size_t *len)
{
    const char *from = f->r.p + strspn(f->r.p, ": ");
    enum zapi_json_token t = zapi_json_skip(&f->r);
    bool text = t == ZAPI_JSON_STRING;

    *len = text ? f->r.len : (size_t)(f->r.p - from);
    if (!zapi_buf_reserve(f->text, *len + 1))
        return t;
    if (text)
        *len = zapi_json_unescape(f->r.str, *len, f->text->data + f->text->len);
    else
        memcpy(f->text->data + f->text->len, from, *len);
    f->text->len += *len;
    zapi_buf_addc(f->text, '\0');
    return t;
}

/* A null is a part that is left out. */
static void form_part(struct form *f)
{
    const struct zapi_field *field =
        zapi_field_find(f->row->params, f->r.str, f->r.len);
    struct zapi_http_part *part = &f->parts[f->n];
    size_t before = f->text->len;

    if (form_value(f, &part->value_len) == ZAPI_JSON_NULL) {
        f->text->len = before;
        return;
    }
    part->name = field->name;
    f->n++;
}

/* Positions become pointers only now: the buffer moves as it grows. */
static void point_parts(struct form *f)
{
    const char *p = zapi_buf_str(f->text);

    for (size_t i = 0; i < f->n; i++) {
        struct zapi_http_part *part = &f->parts[i];
        const struct zapi_field *field =
            zapi_field_find(f->row->params, part->name, strlen(part->name));
        if (field->format == ZAPI_FORMAT_FILE) {
            part->path = p;
            part->mime = zapi_media_type_of_file(p);
        } else {
            part->value = p;
        }
        p += part->value_len + 1;
    }
}

static size_t count_fields(const struct zapi_field *fields)
{
    size_t n = 0;

    while (fields && fields[n].name)
        n++;
    return n;
}

/* The encoder wrote the form's fields as one JSON object, of names that the
 * row knows: the parts are its members. */
void zapi_client_form(lua_State *L, struct call_op *op)
{
    struct form f = {.row = op->row, .text = &op->form};
    enum zapi_json_token t;

    op->parts = calloc(count_fields(op->row->params) + 1, sizeof *op->parts);
    f.parts = op->parts;
    if (!f.parts)
        luaL_error(L, "not enough memory");
    zapi_json_begin(&f.r, op->args.body.data, op->args.body.len);
    while ((t = zapi_json_next(&f.r)) > ZAPI_JSON_END)
        if (t == ZAPI_JSON_KEY)
            form_part(&f);
    if (op->form.failed)
        luaL_error(L, "the parameters of %s are too long", op->row->name);
    point_parts(&f);
}

bool zapi_client_form_fits(lua_State *L, const struct call_op *op,
                           struct zapi_error *error)
{
    for (const struct zapi_http_part *p = op->parts; p && p->name; p++) {
        const struct zapi_check check = {op->row, p->name, error};
        const struct zapi_field *f =
            zapi_field_find(op->row->params, p->name, strlen(p->name));
        if (p->path && !zapi_media_file_fits(L, &check, f, p->path))
            return false;
    }
    return true;
}
