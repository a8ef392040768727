/* SPDX-License-Identifier: MIT
 *
 * Log lines, both formats, through the sink and through the real stderr.
 */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/redact.h"
#include "check.h"

static struct zapi_buf got;
static int lines;

static void sink(void *arg, enum zapi_log_level level, const char *line,
                 size_t len)
{
    (void)level;
    *(int *)arg += 1;
    zapi_buf_reset(&got);
    zapi_buf_add(&got, line, len);
}

static void begin(enum zapi_log_level level, bool json)
{
    lines = 0;
    zapi_buf_reset(&got);
    zapi_log_configure(level, json);
    zapi_log_set_sink(sink, &lines);
}

/* "hh:mm:ss " at the start, then the rest. */
static const char *after_time(void)
{
    static const char shape[] = "dd:dd:dd ";
    const char *s = zapi_buf_str(&got);

    for (size_t i = 0; shape[i]; i++) {
        if (shape[i] == 'd' ? !isdigit((unsigned char)s[i])
                            : s[i] != shape[i]) {
            return "(no time)";
        }
    }
    return s + strlen(shape);
}

static void as(const char *who, const char *msg)
{
    zapi_log_as(who, ZAPI_LOG_INFO, msg, strlen(msg));
}

static void text_for_people(void)
{
    begin(ZAPI_LOG_DEBUG, false);
    zapi_info("listening %s", "127.0.0.1:1");
    CHECK_STR(after_time(), "INFO  listening 127.0.0.1:1");
    zapi_err("broke");
    CHECK_STR(after_time(), "ERROR broke");
    zapi_warn("careful");
    CHECK_STR(after_time(), "WARN  careful");
    zapi_debug("detail");
    CHECK_STR(after_time(), "DEBUG detail");
    as("echo.lua", "oi, olá");
    CHECK_STR(after_time(), "INFO  echo.lua: oi, olá");
    CHECK_INT(lines, 5);
}

static void *other_thread(void *arg)
{
    (void)arg;
    zapi_info("beside");
    return NULL;
}

static void lines_name_their_event(void)
{
    char event[] = "text 3EB0 #42";
    pthread_t thread;
    begin(ZAPI_LOG_INFO, false);
    CHECK(zapi_log_context(event) == NULL);
    as("echo.lua", "oi");
    CHECK_STR(after_time(), "INFO  echo.lua: [text 3EB0 #42] oi");
    pthread_create(&thread, NULL, other_thread, NULL);
    pthread_join(thread, NULL);
    CHECK_STR(after_time(), "INFO  beside"); /* it is about no event */
    CHECK(zapi_log_context("a\x1b\"b") == event);
    zapi_info("x");
    CHECK_STR(after_time(), "INFO  [a\\x1b\"b] x");
    zapi_log_configure(ZAPI_LOG_INFO, true);
    zapi_info("x");
    CHECK(strstr(zapi_buf_str(&got),
                 ",\"event\":\"a\\u001b\\\"b\",\"msg\":\"x\"}"));
    zapi_log_context(NULL);
    zapi_info("x");
    CHECK(!strstr(zapi_buf_str(&got), "event"));
}

static void further_lines_are_indented(void)
{
    begin(ZAPI_LOG_INFO, false);
    as("x", "failed\nstack traceback:\n\tx.lua:3\n");
    CHECK_STR(after_time(),
              "INFO  x: failed\n   stack traceback:\n   \tx.lua:3");
    CHECK_INT(lines, 1);
}

static void controls_cannot_steer_a_terminal(void)
{
    begin(ZAPI_LOG_INFO, false);
    zapi_log_as(NULL, ZAPI_LOG_INFO, "a\x1b[2Jb\0c\rd\x7f", 11);
    CHECK_STR(after_time(), "INFO  a\\x1b[2Jb\\x00c\\x0dd\\x7f");
}

static struct zapi_json_pick picks[4];

static bool pick(void)
{
    static const char *const keys[] = {"time", "level", "who", "msg"};

    for (size_t i = 0; i < 4; i++) {
        picks[i].key = keys[i];
    }
    return zapi_json_pick(zapi_buf_str(&got), got.len, picks, 4, NULL);
}

static bool is(const struct zapi_json_pick *p, const char *want)
{
    struct zapi_buf b;

    zapi_buf_init(&b, 4096);
    bool same =
        zapi_json_pick_str(p, &b) && strcmp(zapi_buf_str(&b), want) == 0;
    zapi_buf_free(&b);
    return same;
}

static void json_for_machines(void)
{
    begin(ZAPI_LOG_INFO, true);
    as("a\"b", "one\ntwo \x1b and \xff");
    CHECK(pick());
    CHECK(is(&picks[1], "info"));
    CHECK(is(&picks[2], "a\"b"));
    CHECK(is(&picks[3], "one\ntwo \x1b and \xEF\xBF\xBD"));
    int y, mo, d, h, mi, s, ms;
    char z;
    CHECK(sscanf(picks[0].raw, "\"%4d-%2d-%2dT%2d:%2d:%2d.%3d%c", &y, &mo, &d,
                 &h, &mi, &s, &ms, &z) == 8);
    CHECK(z == 'Z' && y >= 2024 && y < 3000);
    zapi_warn("nobody says this");
    CHECK(pick() && !picks[2].found);
}

static void secrets_stay_inside(void)
{
    zapi_redact_add("TOP\"SECRET", 10);
    for (int json = 0; json <= 1; json++) {
        begin(ZAPI_LOG_INFO, json);
        zapi_info("token TOP\"SECRET at /instances/a/token/bbb/me");
        CHECK(strstr(zapi_buf_str(&got), "SECRET") == NULL);
        CHECK(strstr(zapi_buf_str(&got), "bbb") == NULL);
        CHECK(strstr(zapi_buf_str(&got), "/instances/…/me") != NULL);
        as("by TOP\"SECRET", "x");
        CHECK(strstr(zapi_buf_str(&got), "SECRET") == NULL);
    }
    zapi_redact_clear();
}

static void levels(void)
{
    enum zapi_log_level level;

    begin(ZAPI_LOG_WARN, false);
    zapi_info("no");
    CHECK_INT(lines, 0);
    zapi_warn("yes");
    CHECK_INT(lines, 1);
    CHECK(!zapi_log_enabled(ZAPI_LOG_INFO) && zapi_log_enabled(ZAPI_LOG_ERROR));
    begin(ZAPI_LOG_OFF, false);
    zapi_err("no");
    zapi_log(ZAPI_LOG_OFF, "no");
    CHECK_INT(lines, 0);
    CHECK(zapi_log_parse_level("debug", &level) && level == ZAPI_LOG_DEBUG);
    CHECK(zapi_log_parse_level("off", &level) && level == ZAPI_LOG_OFF);
    CHECK(!zapi_log_parse_level("loud", &level));
}

static void huge_messages_are_cut_after_redaction(void)
{
    size_t size = 300 * 1024;
    char *text = malloc(size + 1);

    zapi_redact_add("TOPSECRET", 9);
    memset(text, 'x', size);
    text[size] = '\0';
    memcpy(text + 256 * 1024 - 4, "TOPSECRET", 9);
    begin(ZAPI_LOG_INFO, false);
    zapi_log_as(NULL, ZAPI_LOG_INFO, text, size);
    CHECK(got.len > 256 * 1024 && got.len < 257 * 1024);
    CHECK(strstr(zapi_buf_str(&got), "TOP") == NULL);
    zapi_info("%s", text);
    CHECK_INT(lines, 2);
    free(text);
    zapi_redact_clear();
}

static void *talk(void *arg)
{
    char text[600];

    memset(text, *(const char *)arg, sizeof text);
    for (int i = 0; i < 200; i++) {
        zapi_log_as(NULL, ZAPI_LOG_INFO, text, sizeof text);
    }
    return NULL;
}

/* Every line in the pipe is one of one thread. */
static int read_lines(FILE *f)
{
    char line[1024];
    int n = 0;

    while (fgets(line, sizeof line, f)) {
        char c = line[15];
        size_t run = strspn(line + 15, (char[]){c, '\0'});
        n += run == 600 && strcmp(line + 15 + run, "\n") == 0 ? 1 : 1000000;
    }
    return n;
}

static void two_threads_do_not_mix_lines(void)
{
    int ends[2], old = dup(STDERR_FILENO);
    pid_t child;

    CHECK(pipe(ends) == 0);
    child = fork();
    if (child == 0) { /* talks; the parent reads */
        pthread_t a, b;
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        zapi_log_configure(ZAPI_LOG_INFO, false);
        zapi_log_set_sink(NULL, NULL);
        pthread_create(&a, NULL, talk, (char[]){'a'});
        pthread_create(&b, NULL, talk, (char[]){'b'});
        pthread_join(a, NULL);
        pthread_join(b, NULL);
        _exit(0);
    }
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    CHECK_INT(read_lines(f), 400);
    fclose(f);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close(old);
}

int main(void)
{
    zapi_buf_init(&got, (size_t)4 << 20);
    RUN(text_for_people);
    RUN(lines_name_their_event);
    RUN(further_lines_are_indented);
    RUN(controls_cannot_steer_a_terminal);
    RUN(json_for_machines);
    RUN(secrets_stay_inside);
    RUN(levels);
    RUN(huge_messages_are_cut_after_redaction);
    RUN(two_threads_do_not_mix_lines);
    zapi_buf_free(&got);
    return CHECK_END();
}
