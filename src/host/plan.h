/* SPDX-License-Identifier: MIT
 *
 * The table of --config FILE: instances with their secrets, automations with
 * their limits and options, and options of the command line. The file is a Lua
 * chunk that returns the table, run in an empty environment; all checks are in
 * lua/zapi/host/plan.lua. The plan owns the state that holds the table; texts
 * are borrowed from it.
 */
#ifndef ZAPI_HOST_PLAN_H
#define ZAPI_HOST_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "base/error.h"
#include "host/options.h"

struct zapi_plan;

struct zapi_plan_config {
    const char *path;
    bool trial; /* dev: secrets of instances are not read */
    /* A variable, for {env = "NAME"}. */
    const char *(*getenv)(void *arg, const char *name);
    void *arg;
};

struct zapi_plan_automation {
    const char *name, *script; /* the script's path */
    const char *memory;        /* "64M"; NULL: as configured */
    double budget;             /* seconds; < 0: as configured */
    unsigned concurrency;      /* 0: as configured */
};

/* NULL: *error has one line, with the file's name. */
struct zapi_plan *zapi_plan_load(const struct zapi_plan_config *config,
                                 struct zapi_error *error);
void zapi_plan_delete(struct zapi_plan *plan);
/* What the file says of an option; flags: "1". NULL: nothing. */
const char *zapi_plan_option(struct zapi_plan *plan, enum zapi_option option);
size_t zapi_plan_count(struct zapi_plan *plan);
struct zapi_plan_automation zapi_plan_automation(struct zapi_plan *plan,
                                                 size_t i);
/* Copies what automation `i` is given into another state and pushes it:
 * {options = {…}, instances = {{name=, instance=, token=, client_token=}…}}.
 * Throws on no memory. */
void zapi_plan_push(struct zapi_plan *plan, size_t i, lua_State *to);

#endif
