/* SPDX-License-Identifier: MIT
 *
 * Text whose last byte touches a page that may not be read: one byte too far
 * is a crash, with or without sanitizers (the way picohttpparser is tested).
 * One buffer, reused; the next call overwrites it.
 */
#ifndef ZAPI_SPEC_GUARD_H
#define ZAPI_SPEC_GUARD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_ROOM ((size_t)256 * 1024)

static char *guard_text(const char *text, size_t len)
{
    static char *base;

    if (!base) {
        base = mmap(NULL, GUARD_ROOM + 65536, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base == MAP_FAILED ||
            mprotect(base + GUARD_ROOM, 65536, PROT_NONE) != 0) {
            perror("guard page");
            exit(1);
        }
    }
    if (len > GUARD_ROOM) {
        fprintf(stderr, "guard_text: %zu bytes are too many\n", len);
        exit(1);
    }
    char *at = base + GUARD_ROOM - len;
    if (len > 0) {
        memcpy(at, text, len);
    }
    return at;
}

#endif
