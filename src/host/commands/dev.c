/* SPDX-License-Identifier: MIT
 *
 * `zapibot dev SCRIPT.lua`: sandbox and bot in one process, each in a state of
 * its own on the same loop. The sandbox publishes its address and credentials
 * (core.publish), which then win over every other configuration: a script that
 * is tried out can never reach the real service.
 */
#include "host/program.h"

static bool sandbox_is_up(struct zapi_program *p)
{
    return zapi_config_get(zapi_program_config(p), "ZAPIBOT_SANDBOX") != NULL;
}

static int run(struct zapi_program *p)
{
    static const struct zapi_setting dev[] = {{"dev", "1"}, {NULL, NULL}};
    int code = 1;
    if (!zapi_program_add(p, "sandbox", "@zapi/host/sandbox.lua", false, dev,
                          &code)) {
        return code;
    }
    if (!zapi_program_turn_until(p, sandbox_is_up)) {
        code = zapi_program_run(p);
        return code ? code : 1;
    }
    if (!zapi_program_add_scripts(p, dev, &code)) {
        return code;
    }
    return zapi_program_run(p);
}

int zapi_command_dev(const struct zapi_options *options)
{
    struct zapi_program *p = zapi_program_new(options);
    int code;
    if (!p) {
        return 2;
    }
    code = run(p);
    zapi_program_delete(p);
    return code;
}
