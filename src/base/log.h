/* SPDX-License-Identifier: MIT
 *
 * One line per event on stderr, as text for people or JSON for machines.
 * Every message is redacted. Thread-safe; one write(2) per line. A message of
 * several lines (a traceback) stays one record: in text its further lines are
 * indented, in JSON it is one string.
 */
#ifndef ZAPI_BASE_LOG_H
#define ZAPI_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zapi_log_level {
    ZAPI_LOG_DEBUG,
    ZAPI_LOG_INFO,
    ZAPI_LOG_WARN,
    ZAPI_LOG_ERROR,
    ZAPI_LOG_OFF,
};

/* Where lines go instead of stderr (tests). `line` has no newline. */
typedef void zapi_log_sink(void *arg, enum zapi_log_level level,
                           const char *line, size_t len);

void zapi_log_configure(enum zapi_log_level level, bool json);
void zapi_log_set_sink(zapi_log_sink *sink, void *arg); /* NULL: stderr */
bool zapi_log_enabled(enum zapi_log_level level);
/* "debug" … "error", "off"; false when unknown. */
bool zapi_log_parse_level(const char *name, enum zapi_log_level *out);
void zapi_log(enum zapi_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with the name of who speaks (a script, a listener). */
void zapi_log_as(const char *who, enum zapi_log_level level, const char *msg,
                 size_t len);

/* What this thread's lines are about from now on: an event ("text 3EB0… #42"),
 * in text behind the speaker in brackets, in JSON the field "event". NULL or
 * "": nothing. Borrowed until the next call; returns what was set before. */
const char *zapi_log_context(const char *event);
/* The same by the event's number alone, "#42", when there is no text; 0: none.
 * Costs a store. */
void zapi_log_about(uint64_t seq);

#define zapi_debug(...) zapi_log(ZAPI_LOG_DEBUG, __VA_ARGS__)
#define zapi_info(...)  zapi_log(ZAPI_LOG_INFO, __VA_ARGS__)
#define zapi_warn(...)  zapi_log(ZAPI_LOG_WARN, __VA_ARGS__)
#define zapi_err(...)   zapi_log(ZAPI_LOG_ERROR, __VA_ARGS__)

#endif
