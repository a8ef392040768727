/* SPDX-License-Identifier: MIT
 *
 * The running program: its loop, signals, automations and exit code.
 */
#ifndef ZAPI_HOST_PROGRAM_H
#define ZAPI_HOST_PROGRAM_H

#include "host/automation.h"
#include "host/options.h"
#include "host/scripts.h"

struct zapi_hub;
struct zapi_program;

/* NULL: one clear line was printed; so it is when a script that is named is not
 * there. `options` is borrowed. */
struct zapi_program *zapi_program_new(const struct zapi_options *options);
/* Adds a script of ours ("@zapi/host/…"); false: the reason was printed and
 * *code is the exit code. The first that is `main` decides the exit code and
 * ends the program by its own end when nothing else is left to do. */
bool zapi_program_add(struct zapi_program *p, const char *name,
                      const char *script, bool main,
                      const struct zapi_setting *settings, int *code);
/* Adds all that the command line or the file of --config names, and what passes
 * webhooks on (--forward). As above. */
bool zapi_program_add_scripts(struct zapi_program *p,
                              const struct zapi_setting *settings, int *code);
struct zapi_config *zapi_program_config(struct zapi_program *p);
/* NULL while no script has needed it. */
struct zapi_hub *zapi_program_hub(struct zapi_program *p);
/* Turns the loop until `until` holds (may be NULL) or the program ends.
 * true: it holds. */
bool zapi_program_turn_until(struct zapi_program *p,
                             bool (*until)(struct zapi_program *p));
/* Runs to the end; returns the exit code. */
int zapi_program_run(struct zapi_program *p);
void zapi_program_delete(struct zapi_program *p);

/* The commands (commands/NAME.c): run to the end, return the exit code. */
int zapi_command_run(const struct zapi_options *options);
int zapi_command_dev(const struct zapi_options *options);
int zapi_command_sandbox(const struct zapi_options *options);
int zapi_command_tool(const struct zapi_options *options);

#endif
