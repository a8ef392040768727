/* SPDX-License-Identifier: MIT
 *
 * The JSON reader: one state machine over borrowed text, no allocation, no
 * recursion. `expect` says what may come next; the open brackets are one bit
 * each. Everything else (valid, skip, pick) is a loop over zapi_json_next.
 *
 * It is on the door's path, so two things are made fast on purpose: strings
 * are scanned eight bytes at a time while nothing special is in them, and
 * integers are added up while their digits are checked. Numbers are in
 * json_number.c, the writer in json_write.c. Start at zapi_json_next.
 */
#include "base/json.h"

#include <string.h>

#include "base/json_number.h"
#include "base/text.h"

enum expect {
    VALUE,          /* a value must come */
    VALUE_OR_CLOSE, /* after '[' */
    KEY,            /* after ',' in an object */
    KEY_OR_CLOSE,   /* after '{' */
    COMMA_OR_CLOSE, /* after a value inside a bracket */
    NOTHING,        /* the value is complete */
    FAILED,
};

void zapi_json_begin(struct zapi_json_reader *r, const char *text, size_t len)
{
    *r = (struct zapi_json_reader){
        .start = text,
        .p = text,
        .end = text + len,
        .at = text,
        .expect = VALUE,
    };
}

static enum zapi_json_token fail(struct zapi_json_reader *r, const char *why)
{
    r->error = why;
    r->expect = FAILED;
    return ZAPI_JSON_ERROR;
}

static inline bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline void skip_blanks(struct zapi_json_reader *r)
{
    while (r->p < r->end && blank(*r->p)) {
        r->p++;
    }
}

/* ---- strings ---- */

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS  EACH(0x80)

/* Not zero when a byte of the word is '"', '\\', a control or not ASCII. (A
 * borrow may flag a harmless byte after a special one; never the reverse.) */
static inline uint64_t special_in(uint64_t w)
{
    uint64_t quote = w ^ EACH('"'), slash = w ^ EACH('\\');

    return ((w - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) | w) &
           HIGH_BITS;
}

static inline bool special(unsigned char c)
{
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
}

/* Which of the eight bytes at p is the first special one. */
static inline size_t first_byte(uint64_t flags, const char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)p; /* the lowest flag is that of a special byte: see above */
    return (size_t)__builtin_ctzll(flags) / 8;
#else
    size_t i = 0;
    (void)flags;
    while (!special((unsigned char)p[i])) {
        i++;
    }
    return i;
#endif
}

/* The first byte from p on that is not plain text inside a string. */
static inline const char *plain_end(const char *p, const char *end)
{
    uint64_t w;

    while (end - p >= 8) {
        memcpy(&w, p, 8);
        if ((w = special_in(w)) != 0) {
            return p + first_byte(w, p);
        }
        p += 8;
    }
    while (p < end && !special((unsigned char)*p)) {
        p++;
    }
    return p;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of "\uXXXX" at p, -1 when there is none before end. */
static int32_t unit_at(const char *p, const char *end)
{
    int32_t v = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        int d = hex_digit(p[i]);
        if (d < 0) {
            return -1;
        }
        v = v * 16 + d;
    }
    return v;
}

/* Bytes of the escape at p, 0 when it is none. */
static size_t escape_length(const char *p, const char *end)
{
    if (end - p < 2 || p[0] != '\\' || p[1] == '\0') {
        return 0;
    }
    if (p[1] == 'u') {
        return unit_at(p, end) >= 0 ? 6 : 0;
    }
    return strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
}

/* r->p is behind the opening quote; leaves it behind the closing one. */
static bool read_string(struct zapi_json_reader *r)
{
    const char *p = r->p, *why = "string without its closing quote";

    r->str = p;
    r->escaped = false;
    for (;;) {
        p = plain_end(p, r->end);
        if (p == r->end) {
            break;
        }
        size_t n;
        if (*p == '"') {
            r->len = (size_t)(p - r->str);
            r->p = p + 1;
            return true;
        }
        if (*p == '\\') {
            r->escaped = true;
            n = escape_length(p, r->end);
            why = n ? why : "bad escape in a string";
        } else {
            bool control = (unsigned char)*p < 0x20;
            n = control ? 0 : zapi_utf8_step(p, r->end);
            why = n         ? why
                  : control ? "control character in a string"
                            : "invalid UTF-8 in a string";
        }
        if (n == 0) {
            break;
        }
        p += n;
    }
    r->p = p;
    fail(r, why);
    return false;
}

/* ---- unescaping ---- */

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* One "\uXXXX", or two that make a pair; moves *p behind what was used. */
static uint32_t read_unit(const char **p, const char *end)
{
    uint32_t c = (uint32_t)unit_at(*p, end);

    *p += 6;
    if (c < 0xD800 || c > 0xDFFF) {
        return c;
    }
    int32_t low = unit_at(*p, end);
    if (c > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
        return 0xFFFD; /* alone: a name that was cut in the middle */
    }
    *p += 6;
    return 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
}

/* One escape into `out` (at most 4 bytes, never more than it takes in). Text
 * that is no escape is copied, so that unchecked input does no harm. */
static size_t unescape_one(const char **p, const char *end, char out[4])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

    if (escape_length(*p, end) == 0) {
        out[0] = *(*p)++;
        return 1;
    }
    if ((*p)[1] == 'u') {
        return put_utf8(read_unit(p, end), out);
    }
    const char *at = strchr(from, (*p)[1]);
    out[0] = at ? to[at - from] : (*p)[1];
    *p += 2;
    return 1;
}

size_t zapi_json_unescape(const char *raw, size_t len, char *out)
{
    const char *p = raw, *end = raw + len;
    char *at = out;

    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t n = (size_t)((slash ? slash : end) - p);
        memmove(at, p, n);
        at += n;
        p += n;
        if (slash) {
            char bytes[4];
            n = unescape_one(&p, end, bytes);
            memcpy(at, bytes, n);
            at += n;
        }
    }
    return (size_t)(at - out);
}

static bool escaped_is(const char *p, const char *end, const char *name,
                       size_t len)
{
    while (p < end) {
        char bytes[4];
        size_t n = unescape_one(&p, end, bytes);
        if (n > len || memcmp(bytes, name, n) != 0) {
            return false;
        }
        name += n;
        len -= n;
    }
    return len == 0;
}

bool zapi_json_key_is(const struct zapi_json_reader *r, const char *name)
{
    size_t len = strlen(name);

    if (r->escaped) {
        return escaped_is(r->str, r->str + r->len, name, len);
    }
    return len == r->len && memcmp(r->str, name, len) == 0;
}

/* ---- the state machine ---- */

static inline bool in_object(const struct zapi_json_reader *r)
{
    unsigned top = r->depth - 1;

    return r->stack[top / 8] >> (top % 8) & 1;
}

static inline void value_done(struct zapi_json_reader *r)
{
    r->expect = r->depth > 0 ? COMMA_OR_CLOSE : NOTHING;
}

static enum zapi_json_token open_bracket(struct zapi_json_reader *r,
                                         bool object)
{
    if (r->depth == ZAPI_JSON_DEPTH) {
        return fail(r, "nested too deeply");
    }
    uint8_t bit = (uint8_t)(1u << (r->depth % 8));
    uint8_t *byte = &r->stack[r->depth / 8];
    *byte = (uint8_t)(object ? *byte | bit : *byte & ~bit);
    r->depth++;
    r->p++;
    r->expect = object ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
    return object ? ZAPI_JSON_OBJECT : ZAPI_JSON_ARRAY;
}

static enum zapi_json_token close_bracket(struct zapi_json_reader *r)
{
    bool object = in_object(r);

    r->p++;
    r->depth--;
    value_done(r);
    return object ? ZAPI_JSON_OBJECT_END : ZAPI_JSON_ARRAY_END;
}

static enum zapi_json_token read_key(struct zapi_json_reader *r)
{
    if (*r->p != '"') {
        return fail(r, "a key in quotes expected");
    }
    r->p++;
    if (!read_string(r)) {
        return ZAPI_JSON_ERROR;
    }
    skip_blanks(r);
    if (r->p == r->end || *r->p != ':') {
        return fail(r, "':' expected after a key");
    }
    r->p++;
    r->expect = VALUE;
    return ZAPI_JSON_KEY;
}

static enum zapi_json_token read_word(struct zapi_json_reader *r,
                                      const char *word, size_t len,
                                      enum zapi_json_token token)
{
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0) {
        return fail(r, "a value expected");
    }
    r->p += len;
    value_done(r);
    return token;
}

static enum zapi_json_token read_number(struct zapi_json_reader *r)
{
    struct zapi_json_number n;

    if (!zapi_json_number_read(&r->p, r->end, &n)) {
        return fail(r, n.error);
    }
    r->integer = n.integer;
    r->number = n.number;
    value_done(r);
    return n.exact ? ZAPI_JSON_INTEGER : ZAPI_JSON_FLOAT;
}

static enum zapi_json_token read_value(struct zapi_json_reader *r)
{
    switch (*r->p) {
    case '"':
        r->p++;
        if (!read_string(r)) {
            return ZAPI_JSON_ERROR;
        }
        value_done(r);
        return ZAPI_JSON_STRING;
    case '{':
        return open_bracket(r, true);
    case '[':
        return open_bracket(r, false);
    case 't':
        return read_word(r, "true", 4, ZAPI_JSON_TRUE);
    case 'f':
        return read_word(r, "false", 5, ZAPI_JSON_FALSE);
    case 'n':
        return read_word(r, "null", 4, ZAPI_JSON_NULL);
    default:
        return read_number(r);
    }
}

/* Only blanks were left. */
static enum zapi_json_token at_end(struct zapi_json_reader *r)
{
    if (r->expect == NOTHING) {
        return ZAPI_JSON_END;
    }
    if (r->expect == FAILED) {
        return ZAPI_JSON_ERROR;
    }
    return fail(r, r->depth == 0 ? "empty text" : "the text ends too early");
}

/* A comma or the closing bracket; then what the comma promises. */
static enum zapi_json_token read_next_member(struct zapi_json_reader *r)
{
    bool object = in_object(r);

    if (*r->p == (object ? '}' : ']')) {
        return close_bracket(r);
    }
    if (*r->p != ',') {
        return fail(r, object ? "',' or '}' expected" : "',' or ']' expected");
    }
    r->p++;
    skip_blanks(r);
    r->at = r->p;
    r->expect = object ? KEY : VALUE;
    if (r->p == r->end) {
        return at_end(r);
    }
    return object ? read_key(r) : read_value(r);
}

enum zapi_json_token zapi_json_next(struct zapi_json_reader *r)
{
    if (r->expect == FAILED) {
        return ZAPI_JSON_ERROR;
    }
    skip_blanks(r);
    r->at = r->p;
    if (r->p == r->end) {
        return at_end(r);
    }
    switch ((enum expect)r->expect) {
    case COMMA_OR_CLOSE:
        return read_next_member(r);
    case VALUE_OR_CLOSE:
        return *r->p == ']' ? close_bracket(r) : read_value(r);
    case VALUE:
        return read_value(r);
    case KEY_OR_CLOSE:
        return *r->p == '}' ? close_bracket(r) : read_key(r);
    case KEY:
        return read_key(r);
    case NOTHING:
    case FAILED:
        break;
    }
    return fail(r, "more text after the value");
}

/* ---- whole values ---- */

static bool finish_value(struct zapi_json_reader *r, enum zapi_json_token first)
{
    enum zapi_json_token t = first;
    unsigned outer = r->depth - 1;

    if (t != ZAPI_JSON_OBJECT && t != ZAPI_JSON_ARRAY) {
        return t != ZAPI_JSON_ERROR;
    }
    while (r->depth > outer && t != ZAPI_JSON_ERROR) {
        t = zapi_json_next(r);
    }
    return t != ZAPI_JSON_ERROR;
}

enum zapi_json_token zapi_json_skip(struct zapi_json_reader *r)
{
    enum zapi_json_token first = zapi_json_next(r);

    return finish_value(r, first) ? first : ZAPI_JSON_ERROR;
}

bool zapi_json_valid(const char *text, size_t len, const char **error,
                     size_t *offset)
{
    struct zapi_json_reader r;
    enum zapi_json_token t;

    zapi_json_begin(&r, text, len);
    do {
        t = zapi_json_next(&r);
    } while (t > ZAPI_JSON_END);
    if (error) {
        *error = r.error;
    }
    if (offset) {
        *offset = (size_t)(r.p - text);
    }
    return t == ZAPI_JSON_END;
}

/* ---- picking ---- */

/* Keys by their first byte, so that few are compared; more than MOST_CHAINED
 * are compared one by one, and so is a key with escapes. */
enum { MOST_CHAINED = 64, CHAINS = 64 };

struct chains {
    struct zapi_json_pick *picks;
    size_t n;
    uint8_t first[CHAINS], next[MOST_CHAINED]; /* 1: the first pick; 0: none */
};

static void make_chains(struct chains *c, struct zapi_json_pick *picks,
                        size_t n)
{
    c->picks = picks;
    c->n = n;
    memset(c->first, 0, sizeof c->first);
    for (size_t i = n <= MOST_CHAINED ? n : 0; i > 0; i--) {
        uint8_t *first = &c->first[(unsigned char)picks[i - 1].key[0] % CHAINS];
        c->next[i - 1] = *first;
        *first = (uint8_t)i;
    }
}

static struct zapi_json_pick *wanted(const struct zapi_json_reader *r,
                                     const struct chains *c)
{
    if (c->n > MOST_CHAINED || r->escaped || r->len == 0) {
        for (size_t i = 0; i < c->n; i++) {
            if (zapi_json_key_is(r, c->picks[i].key)) {
                return &c->picks[i];
            }
        }
        return NULL;
    }
    for (size_t i = c->first[(unsigned char)r->str[0] % CHAINS]; i > 0;
         i = c->next[i - 1]) {
        if (zapi_json_key_is(r, c->picks[i - 1].key)) {
            return &c->picks[i - 1];
        }
    }
    return NULL;
}

/* The value after a key that was asked for. */
static bool fill(struct zapi_json_reader *r, struct zapi_json_pick *pick)
{
    enum zapi_json_token t = zapi_json_next(r);
    const char *from = r->at;

    if (!finish_value(r, t)) {
        return false;
    }
    *pick = (struct zapi_json_pick){
        .key = pick->key,
        .type = t,
        .found = true,
        .raw = from,
        .raw_len = (size_t)(r->p - from),
    };
    if (t == ZAPI_JSON_INTEGER || t == ZAPI_JSON_FLOAT) {
        pick->integer = t == ZAPI_JSON_INTEGER ? r->integer : 0;
        pick->number = r->number;
    }
    return true;
}

bool zapi_json_pick(const char *text, size_t len, struct zapi_json_pick *picks,
                    size_t n, const char **error)
{
    struct zapi_json_reader r;
    struct chains chains;

    make_chains(&chains, picks, n);
    for (size_t i = 0; i < n; i++) {
        picks[i] = (struct zapi_json_pick){
            .key = picks[i].key,
            .type = ZAPI_JSON_NULL,
        };
    }
    zapi_json_begin(&r, text, len);
    enum zapi_json_token t = zapi_json_next(&r);
    bool object = t == ZAPI_JSON_OBJECT;
    while (t > ZAPI_JSON_END) {
        t = zapi_json_next(&r);
        if (t == ZAPI_JSON_KEY && object && r.depth == 1) {
            struct zapi_json_pick *pick = wanted(&r, &chains);
            bool ok =
                pick ? fill(&r, pick) : zapi_json_skip(&r) != ZAPI_JSON_ERROR;
            t = ok ? t : ZAPI_JSON_ERROR;
        }
    }
    if (error) {
        *error =
            t == ZAPI_JSON_ERROR ? r.error : (object ? NULL : "not an object");
    }
    return t == ZAPI_JSON_END && object;
}

bool zapi_json_pick_str(const struct zapi_json_pick *p, struct zapi_buf *out)
{
    if (!p->found || p->type != ZAPI_JSON_STRING ||
        !zapi_buf_reserve(out, p->raw_len)) {
        return false;
    }
    out->len +=
        zapi_json_unescape(p->raw + 1, p->raw_len - 2, out->data + out->len);
    out->data[out->len] = '\0';
    return true;
}
