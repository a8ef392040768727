/* SPDX-License-Identifier: MIT
 *
 * zapibot's entry: the command line, then one command. Start reading here,
 * then commands/run.c, program.c, automation.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/resource.h>
#include <unistd.h>

#include "host/program.h"

/* Started with one of them closed, the first file that is opened would take its
 * number: a log line in a database. libuv aborts when its own do. */
static void open_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd) {
            exit(1); /* there is nobody to tell */
        }
    }
}

/* A core file would hold every token. */
static void forbid_core_dumps(void)
{
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    setrlimit(RLIMIT_CORE, &none);
}

/* The heap keeps what it got: events are made on one thread and freed on
 * another, and giving pages back and fetching them again for each burst cost
 * a tenth of the processor time. */
static void keep_heap(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    static int (*const commands[])(const struct zapi_options *) = {
        [ZAPI_COMMAND_RUN] = zapi_command_run,
        [ZAPI_COMMAND_DEV] = zapi_command_dev,
        [ZAPI_COMMAND_SANDBOX] = zapi_command_sandbox,
        [ZAPI_COMMAND_TOOL] = zapi_command_tool,
    };
    struct zapi_options options;
    char message[256];
    open_standard();
    forbid_core_dumps();
    keep_heap();
    if (!zapi_options_parse(argc, argv, &options, message, sizeof message)) {
        fprintf(stderr, "zapibot: %s\n", message);
        return 2;
    }
    if (options.values[ZAPI_OPT_HELP]) {
        zapi_options_help(stdout);
        return 0;
    }
    if (options.values[ZAPI_OPT_VERSION]) {
        puts("zapibot " ZAPI_VERSION);
        return 0;
    }
    return commands[options.command](&options);
}
