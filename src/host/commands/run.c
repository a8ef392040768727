/* SPDX-License-Identifier: MIT
 *
 * `zapibot SCRIPT.lua [ARGUMENT…]`: one script, to its end; one with a bot
 * keeps running. `zapibot run a.lua b.lua folder` and `--config FILE`: several,
 * each in a state of its own.
 */
#include "host/program.h"

int zapi_command_run(const struct zapi_options *options)
{
    struct zapi_program *p = zapi_program_new(options);
    int code = 2;
    const struct zapi_setting settings[] = {
        {"take_webhooks",
         p && zapi_config_flag(zapi_program_config(p), ZAPI_OPT_TAKE_WEBHOOKS)
             ? "1"
             : NULL},
        {NULL, NULL},
    };
    if (!p) {
        return 2;
    }
    if (zapi_program_add_scripts(p, settings, &code)) {
        code = zapi_program_run(p);
    }
    zapi_program_delete(p);
    return code;
}
