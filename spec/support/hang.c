/* SPDX-License-Identifier: MIT
 *
 * LD_PRELOADed by specs: a disk that hangs. While the file $RIG_HANG exists,
 * fdatasync and fsync do not return. Start reading at hang().
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void hang(void)
{
    const char *name = getenv("RIG_HANG");
    while (name && access(name, F_OK) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

int fdatasync(int fd)
{
    hang();
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    hang();
    return (int)syscall(SYS_fsync, fd);
}
