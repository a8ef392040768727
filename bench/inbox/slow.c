/* SPDX-License-Identifier: MIT
 *
 * LD_PRELOADed: a disk that takes $SLOW_US microseconds longer for each
 * fdatasync and fsync, the same for everybody who is measured.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_for_the_disk(void)
{
    const char *us = getenv("SLOW_US");
    long n = us ? atol(us) : 0;
    struct timespec t = {.tv_sec = n / 1000000, .tv_nsec = n % 1000000 * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

int fdatasync(int fd)
{
    wait_for_the_disk();
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    wait_for_the_disk();
    return (int)syscall(SYS_fsync, fd);
}
