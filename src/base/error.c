/* SPDX-License-Identifier: MIT
 *
 * The table of error kinds, spelt out from ZAPI_ERRORS, and the one way to
 * fill an error. Everything returned is static; the struct is the caller's.
 * A message is redacted before it is cut: cutting first could leave half a
 * secret that no longer looks like one.
 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/redact.h"
#include "base/text.h"

static const struct {
    const char *name;
    bool retryable;
    const char *doc;
} kinds[] = {
#define X(id, name, retryable, doc) {name, retryable, doc},
    ZAPI_ERRORS(X)
#undef X
};

static void copy_cut(char *out, size_t room, const char *s, size_t len)
{
    size_t n = zapi_utf8_cut(s, len < room ? len : room - 1);

    memcpy(out, s, n);
    out[n] = '\0';
}

void zapi_error_set(struct zapi_error *e, enum zapi_error_kind kind,
                    const char *fmt, ...)
{
    struct zapi_buf text;
    va_list ap;

    zapi_buf_init(&text, 64 * 1024);
    va_start(ap, fmt);
    bool ok = zapi_buf_addv(&text, fmt, ap);
    va_end(ap);
    if (ok && text.len > 0) {
        zapi_redact_str(text.data, text.len + 1);
    }
    e->kind = kind;
    e->outcome = ZAPI_OUTCOME_REFUSED;
    e->status = 0;
    e->retry_after = 0;
    /* Without memory, or far too long: what is known of the kind. */
    const char *s = ok ? zapi_buf_str(&text) : zapi_error_doc(kind);
    copy_cut(e->message, sizeof e->message, s, strlen(s));
    zapi_buf_free(&text);
}

void zapi_error_clear(struct zapi_error *e)
{
    *e = (struct zapi_error){.kind = ZAPI_E_NONE};
}

static bool known(enum zapi_error_kind kind)
{
    return (unsigned)kind < ZAPI_E_COUNT;
}

const char *zapi_error_name(enum zapi_error_kind kind)
{
    return kinds[known(kind) ? kind : ZAPI_E_INTERNAL].name;
}

const char *zapi_error_doc(enum zapi_error_kind kind)
{
    return kinds[known(kind) ? kind : ZAPI_E_INTERNAL].doc;
}

bool zapi_error_retryable(enum zapi_error_kind kind)
{
    return known(kind) && kinds[kind].retryable;
}

const char *zapi_outcome_name(enum zapi_outcome o)
{
    switch (o) {
    case ZAPI_OUTCOME_NOT_SENT:
        return "not_sent";
    case ZAPI_OUTCOME_UNKNOWN:
        return "unknown";
    case ZAPI_OUTCOME_REFUSED:
        break;
    }
    return "refused";
}

enum zapi_error_kind zapi_error_find(const char *name)
{
    for (int i = 0; i < ZAPI_E_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return (enum zapi_error_kind)i;
        }
    }
    return ZAPI_E_COUNT;
}
