/* SPDX-License-Identifier: MIT
 *
 * The reader of .env files (config.h). Reads bytes from outside the program,
 * so it works on a length, never on a terminator.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "host/config.h"

struct cursor {
    const char *p, *end;
};

static bool is_name(int c, bool first)
{
    return c == '_' || isalpha(c) || (!first && isdigit(c));
}

static void skip_blanks(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t')) {
        c->p++;
    }
}

static bool at_line_end(const struct cursor *c)
{
    return c->p >= c->end || *c->p == '\n' || *c->p == '\r';
}

static bool read_name(struct cursor *c, struct zapi_buf *name)
{
    zapi_buf_reset(name);
    while (c->p < c->end && is_name((unsigned char)*c->p, name->len == 0)) {
        zapi_buf_addc(name, *c->p++);
    }
    return name->len > 0;
}

static char unescape(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

/* May span lines, as in a key file. */
static bool read_quoted(struct cursor *c, struct zapi_buf *value)
{
    char quote = *c->p++;
    while (c->p < c->end && *c->p != quote) {
        if (*c->p == '\\' && quote == '"' && c->p + 1 < c->end) {
            c->p++;
            zapi_buf_addc(value, unescape(*c->p++));
        } else {
            zapi_buf_addc(value, *c->p++);
        }
    }
    if (c->p >= c->end) {
        return false;
    }
    c->p++;
    skip_blanks(c);
    return at_line_end(c) || *c->p == '#';
}

static void read_bare(struct cursor *c, struct zapi_buf *value)
{
    const char *start = c->p;
    while (!at_line_end(c) &&
           !(*c->p == '#' &&
             (c->p == start || c->p[-1] == ' ' || c->p[-1] == '\t'))) {
        zapi_buf_addc(value, *c->p++);
    }
    while (value->len && strchr(" \t", value->data[value->len - 1])) {
        value->data[--value->len] = '\0';
    }
}

static bool read_value(struct cursor *c, struct zapi_buf *value)
{
    zapi_buf_reset(value);
    skip_blanks(c);
    if (!at_line_end(c) && (*c->p == '"' || *c->p == '\'')) {
        return read_quoted(c, value);
    }
    read_bare(c, value);
    return true;
}

/* A line that is neither blank nor a comment. */
static bool read_pair(struct cursor *c, struct zapi_buf *name,
                      struct zapi_buf *value)
{
    if (!read_name(c, name)) {
        return false;
    }
    if (strcmp(zapi_buf_str(name), "export") == 0 && c->p < c->end &&
        (*c->p == ' ' || *c->p == '\t')) {
        skip_blanks(c);
        if (!read_name(c, name)) {
            return false;
        }
    }
    skip_blanks(c);
    if (c->p >= c->end || *c->p != '=') {
        return false;
    }
    c->p++;
    return read_value(c, value) && !name->failed && !value->failed &&
           !(value->len && memchr(value->data, '\0', value->len));
}

bool zapi_dotenv_read(const char *text, size_t len, zapi_dotenv_set *set,
                      void *arg, unsigned *line)
{
    struct cursor c = {.p = text, .end = text + len};
    struct zapi_buf name, value;
    bool ok = true;
    zapi_buf_init(&name, 256);
    zapi_buf_init(&value, 64 * 1024);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        c.p += 3; /* Windows editors write a byte order mark */
    }
    for (*line = 1; ok && c.p < c.end; ++*line) {
        skip_blanks(&c);
        if (!at_line_end(&c) && *c.p != '#') {
            ok = read_pair(&c, &name, &value);
            if (!ok) {
                break;
            }
            set(arg, zapi_buf_str(&name), zapi_buf_str(&value));
        }
        while (c.p < c.end && *c.p != '\n') {
            c.p++;
        }
        c.p += c.p < c.end;
    }
    zapi_buf_free(&name);
    zapi_buf_free(&value);
    return ok;
}
