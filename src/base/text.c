/* SPDX-License-Identifier: MIT
 *
 * Small things about text. No state and no allocation, but for the buffer
 * that zapi_text_fold appends to. Start at zapi_utf8_step, which the JSON
 * reader shares, so that there is one opinion about what UTF-8 is.
 */
#include "base/text.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- UTF-8 ---- */

static bool tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length that a lead byte promises; 0 when it is none. */
static size_t promised(unsigned char c)
{
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xC2 || c > 0xF4) {
        return 0;
    }
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

size_t zapi_utf8_step(const char *s, const char *end)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t left = (size_t)(end - s);
    size_t n = left > 0 ? promised(p[0]) : 0;

    if (n > left) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if (!tail(p[i])) {
            return 0;
        }
    }
    /* The second byte's range says overlong, surrogate and too large. */
    bool bad =
        n > 1 &&
        ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
         (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F));
    return bad ? 0 : n;
}

bool zapi_utf8_valid(const char *s, size_t len)
{
    const char *end = s + len;

    while (s < end) {
        size_t n = zapi_utf8_step(s, end);
        if (n == 0) {
            return false;
        }
        s += n;
    }
    return true;
}

size_t zapi_utf8_cut(const char *s, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)s[len - back];
        if (!tail(c)) {
            return promised(c) > back ? len - back : len;
        }
    }
    return len;
}

/* ---- did you mean ---- */

#define LONGEST 64

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned cost_gap(char c)
{
    return c == '_' ? 1 : 2;
}

static unsigned cost_pair(char a, char b)
{
    return a == b ? 0 : lower(a) == lower(b) ? 1 : 2;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* One row of the table: `prev` and `before` are the two above it. */
static void distance_row(const char *a, size_t i, const char *b, size_t nb,
                         unsigned *const rows[3])
{
    unsigned *row = rows[0], *prev = rows[1], *before = rows[2];

    row[0] = prev[0] + cost_gap(a[i]);
    for (size_t j = 0; j < nb; j++) {
        unsigned d = prev[j] + cost_pair(a[i], b[j]);
        d = least(d, prev[j + 1] + cost_gap(a[i]));
        d = least(d, row[j] + cost_gap(b[j]));
        if (i > 0 && j > 0 && lower(a[i]) == lower(b[j - 1]) &&
            lower(a[i - 1]) == lower(b[j])) {
            d = least(d, before[j - 1] + 2);
        }
        row[j + 1] = d;
    }
}

unsigned zapi_text_distance(const char *a, size_t na, const char *b, size_t nb,
                            unsigned limit)
{
    unsigned space[3][LONGEST + 1];
    unsigned *rows[3] = {space[0], space[1], space[2]};

    if (na > LONGEST || nb > LONGEST) {
        return limit;
    }
    rows[0][0] = 0;
    for (size_t j = 0; j < nb; j++) {
        rows[0][j + 1] = rows[0][j] + cost_gap(b[j]);
    }
    for (size_t i = 0; i < na; i++) {
        unsigned *oldest = rows[2];
        rows[2] = rows[1];
        rows[1] = rows[0];
        rows[0] = oldest;
        distance_row(a, i, b, nb, rows);
    }
    return least(rows[0][nb], limit);
}

/* Do they differ in case and '_' only? */
static bool same_letters(const char *a, const char *b)
{
    while (*a || *b) {
        if (*a == '_') {
            a++;
        } else if (*b == '_') {
            b++;
        } else if (lower(*a++) != lower(*b++)) {
            return false; /* also where one ends: then both were not over */
        }
    }
    return true;
}

unsigned zapi_text_nearness(const char *word, const char *candidate)
{
    size_t nw = strlen(word), nc = strlen(candidate);
    size_t longer = nw > nc ? nw : nc;
    /* A third of the letters may differ: of "phone" one, of "message" two. */
    unsigned edits = longer < 3 ? 0 : longer < 9 ? (unsigned)longer / 3 : 3;
    unsigned limit = same_letters(word, candidate) ? UINT_MAX : edits * 2 + 2;
    unsigned d = zapi_text_distance(word, nw, candidate, nc, limit);

    return d < limit ? d : UINT_MAX;
}

/* ---- phones ---- */

static size_t digits(const char *s, size_t len)
{
    size_t n = 0;

    while (n < len && s[n] >= '0' && s[n] <= '9') {
        n++;
    }
    return n;
}

/* ^\d{10,15}-\d{10}$: a group as WhatsApp named it until 2021. */
static bool old_group(const char *s, size_t len)
{
    size_t n = digits(s, len);

    return n >= 10 && n <= 15 && len == n + 11 && s[n] == '-' &&
           digits(s + n + 1, 10) == 10;
}

static bool typed_phone(const char *s, size_t len)
{
    bool any = false;

    for (size_t i = 0; i < len; i++) {
        bool digit = s[i] >= '0' && s[i] <= '9';
        if (!digit && (s[i] == '\0' || !strchr("+ ().-", s[i]))) {
            return false;
        }
        any = any || digit;
    }
    return any && !old_group(s, len);
}

size_t zapi_phone_clean(const char *s, size_t len, char *out)
{
    bool typed = typed_phone(s, len);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (!typed || (s[i] >= '0' && s[i] <= '9')) {
            out[n++] = s[i];
        }
    }
    out[n] = '\0';
    return n;
}

/* ---- folding ---- */

/* U+00C0 to U+017F in lower case without accents, one letter each; '*' looks
 * into `pairs`, ' ' copies. */
static const char folded[] = "aaaaaa*ceeeeiiiidnooooo ouuuuy**"
                             "aaaaaa*ceeeeiiiidnooooo ouuuuy*y"
                             "aaaaaaccccccccddddeeeeeeeeeegggg"
                             "gggghhhhiiiiiiiiii**jjkkklllllll"
                             "lllnnnnnnnnnoooooo**rrrrrrssssss"
                             "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static const char *pair(unsigned code)
{
    switch (code) {
    case 0xC6:
    case 0xE6:
        return "ae";
    case 0xDE:
    case 0xFE:
        return "th";
    case 0xDF:
        return "ss";
    case 0x132:
    case 0x133:
        return "ij";
    default:
        return "oe"; /* U+0152, U+0153 */
    }
}

/* Appends the folded form of a two-byte character; false: copy it. */
static bool fold_two(struct zapi_buf *out, unsigned code)
{
    if (code >= 0x300 && code < 0x370) {
        return true; /* a combining accent of decomposed text: nothing */
    }
    if (code < 0xC0 || code >= 0xC0 + sizeof folded - 1 ||
        folded[code - 0xC0] == ' ') {
        return false;
    }
    char c = folded[code - 0xC0];
    if (c == '*') {
        zapi_buf_adds(out, pair(code));
    } else {
        zapi_buf_addc(out, c);
    }
    return true;
}

void zapi_text_fold(struct zapi_buf *out, const char *s, size_t len)
{
    const char *end = s + len;

    zapi_buf_reserve(out, len);
    while (s < end) {
        size_t n = zapi_utf8_step(s, end);
        const unsigned char *p = (const unsigned char *)s;
        if (n < 2) {
            zapi_buf_addc(out, lower(*s));
        } else if (n > 2 ||
                   !fold_two(out, (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu))) {
            zapi_buf_add(out, s, n);
        }
        s += n > 0 ? n : 1;
    }
}

/* ---- secrets ---- */

bool zapi_text_equal_ct(const char *a, size_t na, const char *b, size_t nb)
{
    volatile unsigned char differ = na != nb;

    /* Runs over `a`, what came from outside: its length is no secret. */
    for (size_t i = 0; i < na; i++) {
        unsigned char other = nb > 0 ? (unsigned char)b[i % nb] : 0;
        differ = (unsigned char)(differ | ((unsigned char)a[i] ^ other));
    }
    return differ == 0;
}

void zapi_strings_free(char **texts)
{
    for (char **t = texts; t && *t; t++)
        free(*t);
    free(texts);
}

char **zapi_strings_copy(const char *const *texts)
{
    size_t n = 0;
    while (texts && texts[n])
        n++;
    char **copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = strdup(texts[i]);
        if (!copy[i]) {
            zapi_strings_free(copy);
            return NULL;
        }
    }
    return copy;
}
