/* SPDX-License-Identifier: MIT
 *
 * probe VARIABLE IDLE_MS COMMAND…: starts a server, sees when it accepts and
 * when it first answers, lets it idle, reads how much memory it holds, ends it.
 * The server gets a free address in the environment variable named. Prints:
 *   BENCH accepting_ms answering_ms rss_kb private_kb
 * Times count from just before fork(); the port is tried every 100 µs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct memory {
    long rss, private;
};

static pid_t child;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void nap(long us)
{
    struct timespec t = {.tv_sec = us / 1000000,
                         .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static void fail(const char *what)
{
    fprintf(stderr, "probe: %s\n", what);
    if (child > 0) {
        kill(child, SIGKILL);
    }
    exit(1);
}

/* A port that nobody has now; it is the server's a moment later. */
static struct sockaddr_in free_address(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0) {
        fail("no free port");
    }
    close(fd);
    return a;
}

static pid_t start(const char *name, const struct sockaddr_in *a, char **argv)
{
    char address[32];
    pid_t pid;
    snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(a->sin_port));
    setenv(name, address, 1);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody outlives the probe */
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

/* A connected socket, as soon as the server accepts. */
static int reach(const struct sockaddr_in *a, double give_up)
{
    int fd, status;
    while (now_ms() < give_up) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) {
            fail(strerror(errno));
        }
        if (connect(fd, (const struct sockaddr *)a, sizeof *a) == 0) {
            return fd;
        }
        close(fd);
        if (waitpid(child, &status, WNOHANG) == child) {
            child = 0;
            fail("the server ended before it listened");
        }
        nap(100);
    }
    fail("the server does not listen");
    return -1;
}

/* Whatever it answers: it is awake. */
static void ask(int fd)
{
    static const char request[] = "GET /probe HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n";
    char reply[256];
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0 ||
        recv(fd, reply, sizeof reply, 0) <= 0) {
        fail("the server does not answer");
    }
}

static struct memory read_memory(void)
{
    struct memory m = {0, 0};
    char path[64], line[128];
    long kb;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)child);
    f = fopen(path, "r");
    if (!f) {
        fail("no smaps_rollup");
    }
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "Rss: %ld", &kb) == 1) {
            m.rss = kb;
        } else if (sscanf(line, "Private_Clean: %ld", &kb) == 1 ||
                   sscanf(line, "Private_Dirty: %ld", &kb) == 1) {
            m.private += kb;
        }
    }
    fclose(f);
    return m;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    double started, accepting, answering;
    struct memory memory;
    int fd;
    if (argc < 4) {
        fail("probe VARIABLE IDLE_MS COMMAND…");
    }
    address = free_address();
    started = now_ms();
    child = start(argv[1], &address, argv + 3);
    if (child < 0) {
        fail("fork failed");
    }
    fd = reach(&address, started + 10e3);
    accepting = now_ms() - started;
    ask(fd);
    answering = now_ms() - started;
    close(fd);
    nap(atol(argv[2]) * 1000);
    memory = read_memory();
    printf("BENCH %.3f %.3f %ld %ld\n", accepting, answering, memory.rss,
           memory.private);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    return 0;
}
