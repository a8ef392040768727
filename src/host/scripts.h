/* SPDX-License-Identifier: MIT
 *
 * Which scripts a command line means: files, the *.lua of folders, or what the
 * file of --config names; each with a name of its own. Owns its texts.
 */
#ifndef ZAPI_HOST_SCRIPTS_H
#define ZAPI_HOST_SCRIPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/options.h"
#include "host/plan.h"

struct zapi_script {
    char *name, *path;
};

struct zapi_scripts { /* zeroed: none */
    struct zapi_script *list;
    size_t n;
};

/* "echo.lua" of "examples/echo.lua": who speaks in the log, and whose data are
 * on disk. Borrowed. */
const char *zapi_script_name(const char *path);
/* In the order of the command line, or of the plan (NULL: none). All are there
 * and can be read. false: one clear line is in `message`; free it all the
 * same. */
bool zapi_scripts_find(struct zapi_scripts *out,
                       const struct zapi_options *options,
                       struct zapi_plan *plan, char *message, size_t room);
void zapi_scripts_free(struct zapi_scripts *s);

#endif
