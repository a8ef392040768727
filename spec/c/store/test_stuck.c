/* SPDX-License-Identifier: MIT
 *
 * The note of a process that its watchdog ended: written, read once, and
 * harmless when it is torn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store/stuck.h"

static char folder[] = "/tmp/zapi-stuck-XXXXXX";
static char path[64];

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

static void is_read_once(void)
{
    char name[64];
    struct stat st;
    uint64_t seq = 0;
    CHECK(!zapi_stuck_read(folder, name, sizeof name, &seq));
    CHECK(zapi_stuck_write(folder, "a\"b\\\n\xC3\xA7.lua", UINT64_C(1) << 40,
                           1770000000));
    CHECK(stat(path, &st) == 0);
    CHECK((st.st_mode & 0777) == 0600);
    CHECK(zapi_stuck_read(folder, name, sizeof name, &seq));
    CHECK_STR(name, "a\"b\\\n\xC3\xA7.lua");
    CHECK(seq == UINT64_C(1) << 40);
    CHECK(!zapi_stuck_read(folder, name, sizeof name, &seq));
    CHECK(access(path, F_OK) != 0);
}

static void the_last_one_counts(void)
{
    char name[64];
    uint64_t seq = 0;
    CHECK(zapi_stuck_write(folder, "a-long-name.lua", 123456, 1));
    CHECK(zapi_stuck_write(folder, "b", 2, 1));
    CHECK(zapi_stuck_read(folder, name, sizeof name, &seq));
    CHECK_STR(name, "b");
    CHECK(seq == 2);
}

static void what_is_torn_is_removed(void)
{
    static const char *const torn[] = {
        "",
        "{\"automation\":\"x\",\"se",
        "{\"automation\":\"x\"}",
        "{\"automation\":\"x\",\"seq\":0}",
        "{\"automation\":\"x\",\"seq\":-1}",
        "{\"automation\":7,\"seq\":7}",
        "{\"automation\":\"longer than eight\",\"seq\":7}",
        "[]",
    };
    char name[8];
    uint64_t seq = 99;
    size_t i;
    for (i = 0; i < sizeof torn / sizeof *torn; i++) {
        put(torn[i]);
        CHECK(!zapi_stuck_read(folder, name, sizeof name, &seq));
        CHECK(access(path, F_OK) != 0);
    }
    CHECK(seq == 99);
}

static void a_long_name_is_cut(void)
{
    char longest[4000], name[1024];
    uint64_t seq = 0;
    memset(longest, '\\', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK(zapi_stuck_write(folder, longest, 5, 1));
    CHECK(zapi_stuck_read(folder, name, sizeof name, &seq));
    CHECK(seq == 5);
    CHECK(strspn(name, "\\") == strlen(name) && strlen(name) > 100);
}

static void without_a_folder_it_says_no(void)
{
    CHECK(!zapi_stuck_write("/nowhere/at/all", "a", 1, 1));
}

int main(void)
{
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/stuck", folder);
    RUN(is_read_once);
    RUN(the_last_one_counts);
    RUN(what_is_torn_is_removed);
    RUN(a_long_name_is_cut);
    RUN(without_a_folder_it_says_no);
    return CHECK_END() || rmdir(folder) != 0;
}
