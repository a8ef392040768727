/* SPDX-License-Identifier: MIT
 *
 * One value of the configuration by its variable's name: command line, then
 * environment, then the service manager's credentials ($CREDENTIALS_DIRECTORY),
 * then the file of --config, then .env beside the script (or that file), then
 * what the data folder keeps.
 * Owns what it read; values are borrowed until zapi_config_delete.
 */
#ifndef ZAPI_HOST_CONFIG_H
#define ZAPI_HOST_CONFIG_H

#include "base/error.h"
#include "host/options.h"

struct zapi_config;
struct zapi_plan;

/* Reads .env in the script's folder when there is one, and the file of
 * --config; NULL: *error. */
struct zapi_config *zapi_config_new(const struct zapi_options *options,
                                    struct zapi_error *error);
void zapi_config_delete(struct zapi_config *c);
/* NULL when it is set nowhere. Values of *TOKEN* and *SECRET* are registered
 * for redaction. ZAPIBOT_WEBHOOK_SECRET is made once, at the first question,
 * and kept in the data folder. */
const char *zapi_config_get(struct zapi_config *c, const char *name);
/* A flag of the command line, or of the file of --config. */
bool zapi_config_flag(struct zapi_config *c, enum zapi_option option);
/* The file of --config; NULL: none. Borrowed. */
struct zapi_plan *zapi_config_plan(struct zapi_config *c);
/* Puts a value before all others (dev: the sandbox's credentials). */
bool zapi_config_set(struct zapi_config *c, const char *name,
                     const char *value);
/* The data folder; made (0700) by the first who writes. */
const char *zapi_config_data(struct zapi_config *c);

/* The .env format: NAME=value lines, '#' comments, "export ", single and
 * double quotes (\n, \" and \\ inside double ones). Calls `set` for each;
 * false: *line is the first that cannot be read. */
typedef void zapi_dotenv_set(void *arg, const char *name, const char *value);
bool zapi_dotenv_read(const char *text, size_t len, zapi_dotenv_set *set,
                      void *arg, unsigned *line);

#endif
