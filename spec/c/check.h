/* SPDX-License-Identifier: MIT
 *
 * The least that a C test needs: named cases, checks that go on, an honest
 * exit code. `make_case(name) { … }` then `RUN(name)` in main.
 */
#ifndef ZAPI_SPEC_CHECK_H
#define ZAPI_SPEC_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failed, check_passed, check_case_failed;

#define CHECK(cond)                                                      \
    do {                                                                 \
        if (!(cond)) {                                                   \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, \
                    #cond);                                              \
            check_case_failed = 1;                                       \
        }                                                                \
    } while (0)

#define CHECK_STR(got, want)                                                 \
    do {                                                                     \
        const char *got_ = (got), *want_ = (want);                           \
        if (!got_ || strcmp(got_, want_) != 0) {                             \
            fprintf(stderr, "%s:%d: got  \"%s\"\n  want \"%s\"\n", __FILE__, \
                    __LINE__, got_ ? got_ : "(null)", want_);                \
            check_case_failed = 1;                                           \
        }                                                                    \
    } while (0)

#define CHECK_INT(got, want)                                            \
    do {                                                                \
        long long got_ = (long long)(got), want_ = (long long)(want);   \
        if (got_ != want_) {                                            \
            fprintf(stderr, "%s:%d: %s is %lld, want %lld\n", __FILE__, \
                    __LINE__, #got, got_, want_);                       \
            check_case_failed = 1;                                      \
        }                                                               \
    } while (0)

#define RUN(fn)                                                \
    do {                                                       \
        check_case_failed = 0;                                 \
        fn();                                                  \
        if (check_case_failed)                                 \
            fprintf(stderr, "FAIL %s\n", #fn), check_failed++; \
        else                                                   \
            check_passed++;                                    \
    } while (0)

/* The last line of main: `return CHECK_END();` */
#define CHECK_END()                                                \
    (printf("%d passed, %d failed\n", check_passed, check_failed), \
     check_failed != 0)

#endif
