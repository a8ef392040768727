/* SPDX-License-Identifier: MIT
 *
 * What a service manager hears, over real datagram sockets: from notify.c on a
 * loop of the test's, and from the program itself (beside this test in the
 * build folder).
 */
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "check.h"
#include "host/notify.h"

static char folder[] = "/tmp/zapibot-notify-XXXXXX";
static char program[4096];

/* A socket at `path`; "@name" is one without a file. */
static int listen_at(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 20};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                strlen(path) + (*path == '/'));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    if (*path == '@')
        to.sun_path[0] = '\0';
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    CHECK(bind(fd, (struct sockaddr *)&to, len) == 0);
    return fd;
}

static char heard[512];

static const char *hear(int fd)
{
    ssize_t n = recv(fd, heard, sizeof heard - 1, 0);
    heard[n > 0 ? n : 0] = '\0';
    return heard;
}

static bool silent(int fd)
{
    return recv(fd, heard, sizeof heard, MSG_DONTWAIT) < 0;
}

static void environment(const char *path, const char *usec, const char *pid)
{
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    setenv("NOTIFY_SOCKET", path, 1);
    if (usec)
        setenv("WATCHDOG_USEC", usec, 1);
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
}

static void end(struct zapi_notify *n, uv_loop_t *loop)
{
    zapi_notify_close(n);
    uv_run(loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(loop) == 0);
}

static void words_in_order(const char *path)
{
    uv_loop_t loop;
    int fd = listen_at(path);
    uv_loop_init(&loop);
    environment(path, NULL, NULL);
    struct zapi_notify *n = zapi_notify_open(&loop);
    CHECK(n != NULL);
    CHECK(!getenv("NOTIFY_SOCKET")); /* no child speaks in our name */
    CHECK(silent(fd));
    zapi_notify_ready(n, "listening 127.0.0.1:8080");
    CHECK_STR(hear(fd), "READY=1\nSTATUS=listening 127.0.0.1:8080");
    zapi_notify_ready(n, "listening elsewhere");
    CHECK_STR(hear(fd), "STATUS=listening elsewhere"); /* ready once */
    zapi_notify_stopping(n, "bye");
    CHECK_STR(hear(fd), "STOPPING=1\nSTATUS=bye");
    CHECK(uv_run(&loop, UV_RUN_NOWAIT) == 0); /* it holds no loop open */
    CHECK(silent(fd));                        /* nobody asked for a watchdog */
    end(n, &loop);
    close(fd);
}

static void a_socket_with_a_name(void)
{
    char path[100];
    snprintf(path, sizeof path, "%s/notify", folder);
    words_in_order(path);
    unlink(path);
}

static void an_abstract_socket(void)
{
    char path[100];
    snprintf(path, sizeof path, "@zapibot-test-%d", (int)getpid());
    words_in_order(path);
}

static void on_never(uv_timer_t *timer)
{
    (void)timer;
}

/* The loop's turning is what is told: half of the time that was given. */
static void the_watchdog_beats_with_the_loop(void)
{
    char path[100], pid[32];
    uv_loop_t loop;
    uv_timer_t holds;
    snprintf(path, sizeof path, "@zapibot-watchdog-%d", (int)getpid());
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    int fd = listen_at(path);
    uv_loop_init(&loop);
    uv_timer_init(&loop, &holds);
    uv_timer_start(&holds, on_never, 100000, 0);
    environment(path, "40000", pid);
    struct zapi_notify *n = zapi_notify_open(&loop);
    CHECK(!getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"));
    uint64_t from = uv_hrtime();
    for (int i = 0; i < 4; i++) {
        while (silent(fd))
            uv_run(&loop, UV_RUN_ONCE);
        CHECK(strncmp(heard, "WATCHDOG=1", 10) == 0);
    }
    double took = (double)(uv_hrtime() - from) / 1e9;
    CHECK(took >= 0.055 && took < 5); /* at once, then every 20 ms */
    CHECK(silent(fd));                /* and not without the loop */
    uv_close((uv_handle_t *)&holds, NULL);
    end(n, &loop);
    close(fd);
}

static void another_process_is_watched(void)
{
    char path[100];
    uv_loop_t loop;
    snprintf(path, sizeof path, "@zapibot-other-%d", (int)getpid());
    int fd = listen_at(path);
    uv_loop_init(&loop);
    environment(path, "2000", "1");
    struct zapi_notify *n = zapi_notify_open(&loop);
    CHECK(n != NULL);
    CHECK(uv_run(&loop, UV_RUN_NOWAIT) == 0);
    CHECK(silent(fd));
    end(n, &loop);
    close(fd);
}

static void nobody_to_tell(void)
{
    static const char *const wrong[] = {"", "relative", "@", "/"};
    char longest[300];
    uv_loop_t loop;
    uv_loop_init(&loop);
    unsetenv("NOTIFY_SOCKET");
    CHECK(!zapi_notify_open(&loop));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        environment(wrong[i], "2000", NULL);
        CHECK(!zapi_notify_open(&loop));
    }
    memset(longest, '/', sizeof longest - 1);
    longest[299] = '\0';
    environment(longest, NULL, NULL);
    CHECK(!zapi_notify_open(&loop));
    zapi_notify_ready(NULL, "x");
    zapi_notify_stopping(NULL, "x");
    zapi_notify_close(NULL);
    /* A manager that has gone: nothing is lost but the words. */
    environment("/nowhere/at/all", NULL, NULL);
    struct zapi_notify *n = zapi_notify_open(&loop);
    zapi_notify_ready(n, "x");
    end(n, &loop);
}

/* ---- the program ---- */

static pid_t run_program(const char *script)
{
    char path[200];
    snprintf(path, sizeof path, "%s/bot.lua", folder);
    FILE *f = fopen(path, "w");
    fputs(script, f);
    fclose(f);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("ZAPI_INSTANCE_ID", "3C0FFEE1", 1);
        setenv("ZAPI_TOKEN", "tttttttttt", 1);
        setenv("ZAPIBOT_DATA", "memory", 1);
        setenv("ZAPIBOT_ADMIN_LISTEN", "off", 1);
        setenv("ZAPIBOT_WEBHOOK_SECRET", "segredo-do-teste-0123456789", 1);
        execl(program, program, "--log", "error", "--listen", "127.0.0.1:0",
              path, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int wait_for_end(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_bot_as_a_service(void)
{
    char path[100];
    snprintf(path, sizeof path, "%s/notify", folder);
    int fd = listen_at(path);
    environment(path, "100000", NULL);
    pid_t pid = run_program("assert(not os.getenv 'NOTIFY_SOCKET')\n"
                            "require('zapi.bot').new {}:run()\n");
    while (strncmp(hear(fd), "READY=1\nSTATUS=listening 127.0.0.1:", 35) != 0)
        if (strcmp(heard, "WATCHDOG=1") != 0) {
            CHECK_STR(heard, "READY=1\nSTATUS=listening …");
            break;
        }
    for (int i = 0; i < 3; i++)
        CHECK_STR(hear(fd), "WATCHDOG=1");
    kill(pid, SIGTERM);
    while (strcmp(hear(fd), "WATCHDOG=1") == 0)
        ;
    CHECK(strncmp(heard, "STOPPING=1\nSTATUS=ending", 24) == 0);
    CHECK_INT(wait_for_end(pid), 0);
    close(fd);
    unlink(path);
}

/* One without a bot is ready when its main chunk has run. */
static void a_script_as_a_service(void)
{
    char path[100];
    snprintf(path, sizeof path, "%s/notify", folder);
    int fd = listen_at(path);
    environment(path, NULL, NULL);
    pid_t pid = run_program("require('zapi').sleep(0.01)\n");
    CHECK(strncmp(hear(fd), "READY=1\nSTATUS=", 15) == 0);
    CHECK_INT(wait_for_end(pid), 0);
    pid = run_program("error 'no'\n");
    CHECK(strncmp(hear(fd), "STOPPING=1\n", 11) == 0);
    CHECK_INT(wait_for_end(pid), 1);
    close(fd);
    unlink(path);
}

int main(int argc, char **argv)
{
    char path[200];
    (void)argc;
    zapi_log_configure(ZAPI_LOG_OFF, false);
    CHECK(mkdtemp(folder) != NULL);
    snprintf(program, sizeof program, "%s/zapibot", dirname(argv[0]));
    RUN(a_socket_with_a_name);
    RUN(an_abstract_socket);
    RUN(the_watchdog_beats_with_the_loop);
    RUN(another_process_is_watched);
    RUN(nobody_to_tell);
    RUN(a_bot_as_a_service);
    RUN(a_script_as_a_service);
    snprintf(path, sizeof path, "%s/bot.lua", folder);
    unlink(path);
    rmdir(folder);
    return CHECK_END();
}
