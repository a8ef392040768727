/* SPDX-License-Identifier: MIT
 *
 * One scalar against its row. Each zapi_check_* either appends the value or
 * fills the caller's error; nothing is kept. The formats are light checks:
 * they catch what cannot be meant (a greeting where a chat belongs), and leave
 * the rest to the server, which knows more. Start at zapi_check_string.
 *
 * A rejected value is quoted in the message only where it cannot be a secret:
 * a webhook's URL holds one, a chat or a word of a list does not.
 */
#include "api/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/catalogue.h"
#include "base/json.h"
#include "base/text.h"

enum { QUOTED = 40, DOC_CUT = 60, CHAT_MAX = 128 };

/* ---- messages ---- */

static void fail(const struct zapi_check *c, const char *text)
{
    zapi_error_set(c->error, ZAPI_E_CLIENT_INVALID_PARAMS, "%s", text);
    c->error->outcome = ZAPI_OUTCOME_NOT_SENT;
    snprintf(c->error->endpoint, sizeof c->error->endpoint, "%s", c->row->name);
}

void zapi_check_bad(const struct zapi_check *c, const char *fmt, ...)
{
    char why[256], text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    snprintf(text, sizeof text, "bad parameter '%s' to %s (%s)", c->path,
             c->row->name, why);
    fail(c, text);
}

void zapi_check_unknown(const struct zapi_check *c,
                        const struct zapi_field *fields, const char *name)
{
    char text[400];
    const char *near = zapi_field_near(fields, name);
    snprintf(text, sizeof text, "'%s' is not a parameter of %s%s%s%s", c->path,
             c->row->name, near ? "; did you mean '" : "", near ? near : "",
             near ? "'?" : "");
    fail(c, text);
}

/* "string", "array or string" … into `out`. */
static const char *expected(const struct zapi_field *f, char *out, size_t room)
{
    size_t n = (size_t)snprintf(out, room, "%s", zapi_type_name(f->type));
    for (int t = ZAPI_ANY; t <= ZAPI_ARRAY; t++)
        if ((f->also & (1U << t)) && n < room)
            n += (size_t)snprintf(out + n, room - n, " or %s",
                                  zapi_type_name((enum zapi_type)t));
    return out;
}

void zapi_check_type(const struct zapi_check *c, const struct zapi_field *f,
                     const char *got)
{
    char types[80];
    zapi_check_bad(c, "%s expected, got %s", expected(f, types, sizeof types),
                   got);
}

/* The doc up to its first clause, or to a word near DOC_CUT bytes. */
static size_t first_clause(const char *doc, bool *cut)
{
    size_t n = strcspn(doc, ";"), room = DOC_CUT;
    *cut = n > room;
    if (!*cut)
        return n;
    while (room > 0 && doc[room] != ' ')
        room--;
    return room;
}

void zapi_check_missing(const struct zapi_check *c, const struct zapi_field *f)
{
    char text[400], types[80];
    const char *doc = f->doc ? f->doc : "";
    bool cut = false;
    size_t n = first_clause(doc, &cut);
    snprintf(text, sizeof text, "missing parameter '%s' to %s (%s%s%.*s%s)",
             c->path, c->row->name, expected(f, types, sizeof types),
             n ? ": " : "", (int)n, doc, cut ? " …" : "");
    fail(c, text);
}

/* Bounds as a person says them: "1 to 15", "at least 1", "at most 30". */
static const char *bounds(const struct zapi_field *f, char *out, size_t room)
{
    if (f->has_min && f->has_max)
        snprintf(out, room, "%.15g to %.15g", f->min, f->max);
    else if (f->has_min)
        snprintf(out, room, "at least %.15g", f->min);
    else
        snprintf(out, room, "at most %.15g", f->max);
    return out;
}

static bool out_of_range(const struct zapi_field *f, double v)
{
    return (f->has_min && v < f->min) || (f->has_max && v > f->max);
}

static bool enum_has(const struct zapi_field *f, const char *s, size_t len)
{
    for (const char *const *e = f->enums; *e; e++)
        if (strlen(*e) == len && memcmp(*e, s, len) == 0)
            return true;
    return false;
}

/* false, with a message that lists the words. */
static bool check_enum(const struct zapi_check *c, const struct zapi_field *f,
                       const char *s, size_t len)
{
    char words[160];
    size_t n = 0;
    if (!f->enums || enum_has(f, s, len))
        return true;
    for (const char *const *e = f->enums; *e && n < sizeof words; e++)
        n += (size_t)snprintf(words + n, sizeof words - n, "%s%s",
                              n ? ", " : "", *e);
    size_t shown = len > QUOTED ? zapi_utf8_cut(s, QUOTED) : len;
    zapi_check_bad(c, "one of %s%s expected, got '%.*s'", words,
                   n >= sizeof words ? "…" : "", (int)shown, s);
    return false;
}

/* ---- formats ---- */

static bool starts(const char *s, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len > n && strncasecmp(s, with, n) == 0;
}

static bool ends(const char *s, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len > n && memcmp(s + len - n, with, n) == 0;
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool all_digits(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(s[i]))
            return false;
    return len > 0;
}

/* Printable ASCII that means nothing in a path or in JSON. */
static bool is_id_char(char c)
{
    return c > ' ' && c < 127 && !strchr("/?#%&\"\\<>", c);
}

/* A digit with "-" in it, or an "@" ("status@broadcast"). */
static bool like_id(const char *s, size_t len)
{
    bool digit = false, dash = false, at = false;
    for (size_t i = 0; i < len; i++) {
        if (!is_id_char(s[i]))
            return false;
        digit = digit || is_digit(s[i]);
        dash = dash || s[i] == '-';
        at = at || s[i] == '@';
    }
    return at || (digit && dash);
}

static bool like_chat(const char *s, size_t len)
{
    return all_digits(s, len) || like_id(s, len);
}

static bool like_url(const char *s, size_t len)
{
    return starts(s, len, "https://") || starts(s, len, "http://");
}

static bool like_data(const char *s, size_t len)
{
    const char *comma = len > 5 ? memchr(s, ',', len < 256 ? len : 256) : NULL;
    return comma && starts(s, len, "data:") &&
           ends(s, (size_t)(comma - s), ";base64") && comma + 1 < s + len;
}

static bool like_email(const char *s, size_t len)
{
    const char *at = memchr(s, '@', len);
    return at && at > s && at + 1 < s + len && !memchr(s, ' ', len);
}

/* YYYY-MM-DD, then nothing or a time. */
static bool like_datetime(const char *s, size_t len)
{
    static const char shape[] = "dddd-dd-dd";
    if (len < 10 || (len > 10 && s[10] != 'T' && s[10] != ' '))
        return false;
    for (size_t i = 0; i < 10; i++)
        if (shape[i] == 'd' ? !is_digit(s[i]) : s[i] != '-')
            return false;
    return true;
}

/* What a value of this format should have been, or NULL when it is fine. An
 * empty URL or e-mail is how the API removes a webhook or an address. */
static const char *wrong_format(enum zapi_format format, const char *s,
                                size_t len)
{
    switch (format) {
    case ZAPI_FORMAT_URL:
        return len == 0 || like_url(s, len) ? NULL : "http(s):// URL";
    case ZAPI_FORMAT_MEDIA:
        return like_url(s, len) || like_data(s, len)
                   ? NULL
                   : "http(s):// URL or data:<mime>;base64,…";
    case ZAPI_FORMAT_EMAIL:
        return len == 0 || like_email(s, len) ? NULL : "e-mail address";
    case ZAPI_FORMAT_DATETIME:
        return like_datetime(s, len) ? NULL : "ISO 8601 date and time";
    case ZAPI_FORMAT_NEWSLETTER:
        return like_chat(s, len) && ends(s, len, "@newsletter")
                   ? NULL
                   : "channel id (…@newsletter)";
    default:
        return NULL;
    }
}

static bool is_chat(enum zapi_format f)
{
    return f == ZAPI_FORMAT_CHAT || f == ZAPI_FORMAT_PHONE ||
           f == ZAPI_FORMAT_GROUP;
}

static const char *chat_words(enum zapi_format f)
{
    if (f == ZAPI_FORMAT_GROUP)
        return "group id (…-group)";
    if (f == ZAPI_FORMAT_PHONE)
        return "phone number with country code";
    return "phone number with country code, or the id of a group, contact, "
           "channel or list";
}

/* ---- values ---- */

static bool append(const struct zapi_check *c, bool raw, const char *s,
                   size_t len, struct zapi_buf *out)
{
    if (raw)
        zapi_buf_adduri(out, s, len);
    else
        zapi_json_write_str(out, s, len);
    if (out->failed)
        zapi_check_bad(c, "too large");
    return !out->failed;
}

static bool bad_utf8(const struct zapi_check *c, const char *s, size_t len)
{
    if (zapi_utf8_valid(s, len))
        return false;
    zapi_check_bad(c, "not valid UTF-8");
    return true;
}

/* Cleans what a person typed; a group id is never a number to be cleaned, and
 * digits alone, by far the most frequent, go straight through. */
static bool write_chat(const struct zapi_check *c, const struct zapi_field *f,
                       const char *s, size_t len, bool raw,
                       struct zapi_buf *out)
{
    char clean[CHAT_MAX + 1];
    size_t n = len;
    const char *chat = s;
    if (!all_digits(s, len) && len <= CHAT_MAX &&
        f->format != ZAPI_FORMAT_GROUP) {
        n = zapi_phone_clean(s, len, clean);
        chat = clean;
    }
    if (n <= CHAT_MAX && like_chat(chat, n))
        return append(c, raw, chat, n, out);
    size_t shown = len > QUOTED ? zapi_utf8_cut(s, QUOTED) : len;
    if (!bad_utf8(c, s, len))
        zapi_check_bad(c, "%s expected, got '%.*s'", chat_words(f->format),
                       (int)shown, s);
    return false;
}

bool zapi_check_string(const struct zapi_check *c, const struct zapi_field *f,
                       const char *s, size_t len, bool raw,
                       struct zapi_buf *out)
{
    if (is_chat(f->format))
        return write_chat(c, f, s, len, raw, out);
    if (bad_utf8(c, s, len))
        return false;
    if (f->where == ZAPI_IN_PATH && len == 0) {
        zapi_check_bad(c, "must not be empty");
        return false;
    }
    const char *wanted = wrong_format(f->format, s, len);
    if (wanted) {
        zapi_check_bad(c, "%s expected", wanted);
        return false;
    }
    return check_enum(c, f, s, len) && append(c, raw, s, len, out);
}

bool zapi_check_integer(const struct zapi_check *c, const struct zapi_field *f,
                        int64_t v, bool raw, struct zapi_buf *out)
{
    char text[24], range[80];
    int n = snprintf(text, sizeof text, "%" PRId64, v);
    (void)raw; /* a number is written alike everywhere */
    if (out_of_range(f, (double)v)) {
        zapi_check_bad(c, "%s expected, got %s", bounds(f, range, sizeof range),
                       text);
        return false;
    }
    if (!check_enum(c, f, text, (size_t)n))
        return false;
    zapi_buf_add(out, text, (size_t)n);
    return !out->failed;
}

bool zapi_check_number(const struct zapi_check *c, const struct zapi_field *f,
                       double v, bool raw, struct zapi_buf *out)
{
    char range[80];
    (void)raw;
    if (v != v || v - v != 0) {
        zapi_check_bad(c, "a finite number expected");
        return false;
    }
    if (out_of_range(f, v)) {
        zapi_check_bad(c, "%s expected, got %.15g",
                       bounds(f, range, sizeof range), v);
        return false;
    }
    zapi_json_write_num(out, v);
    return !out->failed;
}

bool zapi_check_boolean(const struct zapi_check *c, const struct zapi_field *f,
                        bool v, bool raw, struct zapi_buf *out)
{
    const char *text = v ? "true" : "false";
    (void)raw;
    if (!check_enum(c, f, text, strlen(text)))
        return false;
    zapi_buf_adds(out, text);
    return !out->failed;
}

bool zapi_check_count(const struct zapi_check *c, const struct zapi_field *f,
                      size_t items)
{
    char range[80];
    if (!out_of_range(f, (double)items))
        return true;
    zapi_check_bad(c, "%s items expected, got %zu",
                   bounds(f, range, sizeof range), items);
    return false;
}
