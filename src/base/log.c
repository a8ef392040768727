/* SPDX-License-Identifier: MIT
 *
 * The log. A line is built in a buffer of its own, redacted before it is
 * formatted, and leaves in one write(2), so that threads and processes do not
 * mix theirs. Level and format are atomics, as they are read by every thread;
 * the sink is behind a lock, so that a test may take it away again. The sink
 * must not log. Start at zapi_log_as.
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/text.h"

#define LONGEST   ((size_t)256 * 1024)  /* of a message; the rest is cut */
#define FORMATTED ((size_t)4096 * 1024) /* before redaction and cutting */

static atomic_int threshold = ZAPI_LOG_INFO;
static atomic_bool as_json;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static zapi_log_sink *sink;
static void *sink_arg;
static _Thread_local const char *context; /* see zapi_log_context */
static _Thread_local uint64_t about;      /* see zapi_log_about */

static const char *const names[] = {"debug", "info", "warn", "error", "off"};
static const char *const tags[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};

void zapi_log_configure(enum zapi_log_level level, bool json)
{
    atomic_store(&threshold, (int)level);
    atomic_store(&as_json, json);
}

void zapi_log_set_sink(zapi_log_sink *new_sink, void *arg)
{
    pthread_mutex_lock(&lock);
    sink = new_sink;
    sink_arg = arg;
    pthread_mutex_unlock(&lock);
}

bool zapi_log_enabled(enum zapi_log_level level)
{
    return level < ZAPI_LOG_OFF && (int)level >= atomic_load(&threshold);
}

const char *zapi_log_context(const char *event)
{
    const char *before = context;
    context = event;
    return before;
}

void zapi_log_about(uint64_t seq)
{
    about = seq;
}

/* What the line is about; NULL: nothing. */
static const char *subject(char room[24])
{
    if (context && *context) {
        return context;
    }
    if (about == 0) {
        return NULL;
    }
    snprintf(room, 24, "#%llu", (unsigned long long)about);
    return room;
}

bool zapi_log_parse_level(const char *name, enum zapi_log_level *out)
{
    for (int i = ZAPI_LOG_DEBUG; i <= ZAPI_LOG_OFF; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum zapi_log_level)i;
            return true;
        }
    }
    return false;
}

/* For people: further lines are indented, and nothing can steer a terminal. */
static void add_text(struct zapi_buf *line, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\n') {
            zapi_buf_adds(line, "\n   ");
        } else if ((c < 0x20 && c != '\t') || c == 0x7F) {
            zapi_buf_addf(line, "\\x%02x", c);
        } else {
            zapi_buf_addc(line, s[i]);
        }
    }
}

static void format_text(struct zapi_buf *line, const char *who,
                        enum zapi_log_level level, const char *msg, size_t len)
{
    char room[24];
    const char *event = subject(room);
    time_t now = time(NULL);
    struct tm tm = {.tm_year = 0};

    localtime_r(&now, &tm);
    zapi_buf_addf(line, "%02d:%02d:%02d %s ", tm.tm_hour, tm.tm_min, tm.tm_sec,
                  tags[level]);
    if (who) {
        add_text(line, who, strlen(who));
        zapi_buf_adds(line, ": ");
    }
    if (event) {
        zapi_buf_addc(line, '[');
        add_text(line, event, strlen(event));
        zapi_buf_adds(line, "] ");
    }
    add_text(line, msg, len);
}

static void format_json(struct zapi_buf *line, const char *who,
                        enum zapi_log_level level, const char *msg, size_t len)
{
    char room[24];
    const char *event = subject(room);
    struct timespec now = {.tv_sec = 0};
    struct tm tm = {.tm_year = 0};
    char day[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    zapi_buf_addf(line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\"", day,
                  now.tv_nsec / 1000000, names[level]);
    if (who) {
        zapi_buf_adds(line, ",\"who\":");
        zapi_json_write_str(line, who, strlen(who));
    }
    if (event) {
        zapi_buf_adds(line, ",\"event\":");
        zapi_json_write_str(line, event, strlen(event));
    }
    zapi_buf_adds(line, ",\"msg\":");
    zapi_json_write_str(line, msg, len);
    zapi_buf_addc(line, '}');
}

static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(STDERR_FILENO, p, n);
        if (w < 0 && errno != EINTR) {
            return; /* nowhere left to say it */
        }
        if (w > 0) {
            p += w;
            n -= (size_t)w;
        }
    }
}

static void emit(enum zapi_log_level level, struct zapi_buf *line)
{
    pthread_mutex_lock(&lock);
    if (sink) {
        sink(sink_arg, level, zapi_buf_str(line), line->len);
    } else if (zapi_buf_addc(line, '\n')) {
        write_all(line->data, line->len);
    }
    pthread_mutex_unlock(&lock);
}

/* Without secrets, then without a newline at its end, then not too long: in
 * this order, or half a secret might be left that no longer looks like one. */
static size_t clean_up(struct zapi_buf *clean, const char *msg, size_t len)
{
    zapi_redact(clean, msg, len);
    len = clean->len;
    if (len > LONGEST) {
        len = zapi_utf8_cut(clean->data, LONGEST);
    }
    while (len > 0 && strchr("\r\n", clean->data[len - 1]) &&
           clean->data[len - 1]) {
        len--;
    }
    return len;
}

void zapi_log_as(const char *who, enum zapi_log_level level, const char *msg,
                 size_t len)
{
    struct zapi_buf speaker, clean, line;

    if (!zapi_log_enabled(level)) {
        return;
    }
    zapi_buf_init(&speaker, LONGEST);
    zapi_buf_init(&clean, SIZE_MAX);
    zapi_buf_init(&line, SIZE_MAX);
    if (who) {
        zapi_redact(&speaker, who, strlen(who));
        who = zapi_buf_str(&speaker);
    }
    len = clean_up(&clean, msg, len);
    if (atomic_load(&as_json)) {
        format_json(&line, who, level, zapi_buf_str(&clean), len);
    } else {
        format_text(&line, who, level, zapi_buf_str(&clean), len);
    }
    if (!speaker.failed && !clean.failed && !line.failed) {
        emit(level, &line);
    }
    zapi_buf_free(&speaker);
    zapi_buf_free(&clean);
    zapi_buf_free(&line);
}

void zapi_log(enum zapi_log_level level, const char *fmt, ...)
{
    struct zapi_buf msg;
    va_list ap;

    if (!zapi_log_enabled(level)) {
        return;
    }
    zapi_buf_init(&msg, FORMATTED);
    va_start(ap, fmt);
    bool ok = zapi_buf_addv(&msg, fmt, ap);
    va_end(ap);
    /* Too long: at least what it would have been about. */
    const char *text = ok ? zapi_buf_str(&msg) : fmt;
    zapi_log_as(NULL, level, text, strlen(text));
    zapi_buf_free(&msg);
}
