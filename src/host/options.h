/* SPDX-License-Identifier: MIT
 *
 * The command line: one table of options, from which parsing, --help and the
 * nearest-name hints follow, and one of commands. To add an option or a command:
 * one row in options.c. A command that is an embedded script (a tool) needs no
 * more than its row and lua/zapi/host/tools/NAME.lua.
 */
#ifndef ZAPI_HOST_OPTIONS_H
#define ZAPI_HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Keys of struct zapi_options.values; the order is that of --help. */
enum zapi_option {
    ZAPI_OPT_LISTEN,
    ZAPI_OPT_PUBLIC_URL,
    ZAPI_OPT_TAKE_WEBHOOKS,
    ZAPI_OPT_TOKEN_CHECK,
    ZAPI_OPT_TRUSTED_PROXY,
    ZAPI_OPT_TLS_CERT,
    ZAPI_OPT_TLS_KEY,
    ZAPI_OPT_ADMIN_LISTEN,
    ZAPI_OPT_DATA,
    ZAPI_OPT_CONFIG,
    ZAPI_OPT_WATCH,
    ZAPI_OPT_GRACE,
    ZAPI_OPT_FORWARD,
    ZAPI_OPT_BUDGET,
    ZAPI_OPT_MEMORY,
    ZAPI_OPT_LOG,
    ZAPI_OPT_LOG_FORMAT,
    ZAPI_OPT_HELP,
    ZAPI_OPT_VERSION,
    ZAPI_OPT_COUNT
};

enum zapi_command {
    ZAPI_COMMAND_RUN, /* zapibot script.lua; run a.lua b.lua folder */
    ZAPI_COMMAND_DEV,
    ZAPI_COMMAND_SANDBOX,
    ZAPI_COMMAND_TOOL, /* an embedded script; all words after it are its own */
};

/* Everything is borrowed from argv. */
struct zapi_options {
    enum zapi_command command;
    const char *tool; /* the name of a tool, else NULL; static */
    const char *values[ZAPI_OPT_COUNT]; /* NULL: not given; flags: "1" */
    const char *script; /* the first; NULL where none is needed */
    int nscripts;
    char **scripts; /* files and, of `run`, folders */
    bool many;      /* of `run` */
    int nargs;
    char **args; /* what follows the script (of several: --), or the tool's
                    name */
    const char *stray; /* the first of them that is spelt like an option of ours
                          ("--listen"), which it would be before the script;
                          static; NULL: none */
};

/* false: one clear line is in `message`; exit with 2. */
bool zapi_options_parse(int argc, char **argv, struct zapi_options *out,
                        char *message, size_t room);
/* "--listen"; NULL behind the last. */
const char *zapi_option_name(enum zapi_option option);
bool zapi_option_is_flag(enum zapi_option option);
/* "ZAPIBOT_LISTEN", or NULL for an option without a variable. */
const char *zapi_option_variable(enum zapi_option option);
/* The option that a variable stands for, or ZAPI_OPT_COUNT. */
enum zapi_option zapi_option_of_variable(const char *variable);
void zapi_options_help(FILE *out);
/* For tools (completion, the manual page): lines "command NAME WORDS HELP" and
 * "option NAME ARGUMENT HELP DEFAULT VARIABLE", parted by tabs. */
void zapi_options_list(FILE *out);

#endif
