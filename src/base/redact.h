/* SPDX-License-Identifier: MIT
 *
 * The one place where secrets are taken out of text. Everything that leaves
 * the process as words (logs, errors, tracebacks, command output) goes
 * through here. Two means: values that were registered as secret are replaced
 * wherever they stand (also percent-encoded and JSON-escaped), and the path
 * of an instance ("/instances/ID/token/TOKEN") is cut to "…" by its shape,
 * registered or not. Thread-safe.
 */
#ifndef ZAPI_BASE_REDACT_H
#define ZAPI_BASE_REDACT_H

#include <stddef.h>

#include "base/buf.h"

/* Remembers a secret for the life of the process (copied; repeated calls with
 * the same value cost nothing). Values under 6 bytes are ignored: replacing
 * them would destroy ordinary text. */
void zapi_redact_add(const char *secret, size_t len);
/* Appends `text` without secrets; each becomes "***". */
void zapi_redact(struct zapi_buf *out, const char *text, size_t len);
/* In place for a C string: the result is never longer than the room given. */
void zapi_redact_str(char *text, size_t room);
/* Forgets all (tests; and at exit so that the leak checker is content). */
void zapi_redact_clear(void);

#endif
