/* SPDX-License-Identifier: MIT
 *
 * A socket that outlives the program (the program itself, beside this test in
 * the build folder): restarts under callers, none of whom is refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { RESTARTS = 5 };

static char folder[] = "/tmp/zapibot-inherited-XXXXXX";
static char program[4096], script[200];
static int held;
static struct sockaddr_in at = {.sin_family = AF_INET};

static void open_held(void)
{
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(held, (struct sockaddr *)&at, len) == 0);
    CHECK(listen(held, 1000) == 0);
    CHECK(getsockname(held, (struct sockaddr *)&at, &len) == 0);
}

static void write_script(void)
{
    snprintf(script, sizeof script, "%s/bot.lua", folder);
    FILE *f = fopen(script, "w");
    CHECK(f != NULL);
    fputs("local bot = require('zapi.bot').new{client = {instance = 'I1'}}\n"
          "bot:http('GET', '/quem', function() return os.getenv('LISTEN_FDS')\n"
          "   or 'bot' end)\n"
          "bot:run()\n",
          f);
    fclose(f);
}

/* As a service manager does it. `listen` is what the operator wrote. */
static pid_t start(const char *listen)
{
    pid_t pid = fork();
    if (pid == 0) {
        char own[20];
        snprintf(own, sizeof own, "%d", (int)getpid());
        setenv("LISTEN_PID", own, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("ZAPIBOT_WEBHOOK_SECRET", "a-secret-path", 1);
        dup2(held, 3);
        fcntl(3, F_SETFD, 0); /* not closed at exec */
        execl(program, program, "run", "--log", "error", "--listen", listen,
              "--admin-listen", "off", "--data", folder, script, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void stop(pid_t pid)
{
    int status = 0;
    kill(pid, SIGTERM);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Waits for the answer as long as it takes: "bot", or what came instead. */
static const char *ask(void)
{
    static _Thread_local char reply[2000];
    static const char text[] =
        "GET /quem HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct timeval limit = {.tv_sec = 30};
    size_t n = 0;
    ssize_t k = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    memset(reply, 0, sizeof reply);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return "refused";
    }
    send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    while (n < sizeof reply - 1 &&
           (k = recv(fd, reply + n, sizeof reply - 1 - n, 0)) > 0)
        n += (size_t)k;
    if (n == 0)
        fprintf(stderr, "nothing came: %s\n", k < 0 ? strerror(errno) : "end");
    close(fd);
    const char *body = strstr(reply, "\r\n\r\n");
    return body ? body + 4 : "no answer";
}

static atomic_bool over;
static atomic_int asked, wrong;

static void *ask_for_ever(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        const char *answer = ask();
        atomic_fetch_add(&asked, 1);
        if (strcmp(answer, "bot") != 0) {
            fprintf(stderr, "answered: %s\n", answer);
            atomic_fetch_add(&wrong, 1);
        }
    }
    return NULL;
}

static void its_port_says_whose_it_is(void)
{
    char listen[40];
    snprintf(listen, sizeof listen, "0.0.0.0:%d", ntohs(at.sin_port));
    pid_t pid = start(listen);
    CHECK_STR(ask(), "bot"); /* and no child of it would get the variables */
    stop(pid);
}

static void the_only_one_is_for_the_first_who_listens(void)
{
    pid_t pid = start("127.0.0.1:0");
    CHECK_STR(ask(), "bot");
    stop(pid);
}

static void nobody_is_refused_by_restarts(void)
{
    pthread_t caller;
    pthread_create(&caller, NULL, ask_for_ever, NULL);
    for (int i = 0; i < RESTARTS; i++) {
        pid_t pid = start("127.0.0.1:0");
        int before = atomic_load(&asked);
        while (atomic_load(&asked) < before + 3 && !atomic_load(&wrong))
            usleep(1000);
        stop(pid);
    }
    atomic_store(&over, true);
    pid_t last = start("127.0.0.1:0"); /* somebody may still wait */
    pthread_join(caller, NULL);
    stop(last);
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK(atomic_load(&asked) >= 3 * RESTARTS);
}

int main(int argc, char **argv)
{
    char *own = strdup(argv[0]), command[100];
    (void)argc;
    snprintf(program, sizeof program, "%s/zapibot", dirname(own));
    free(own);
    CHECK(mkdtemp(folder) != NULL);
    write_script();
    open_held();
    RUN(its_port_says_whose_it_is);
    RUN(the_only_one_is_for_the_first_who_listens);
    RUN(nobody_is_refused_by_restarts);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK(system(command) == 0);
    return CHECK_END();
}
