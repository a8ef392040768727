/* SPDX-License-Identifier: MIT
 *
 * `zapibot sandbox`: the emulator of Z-API with its chat page, and nothing
 * else. It is an embedded script like any other (lua/zapi/host/sandbox.lua).
 */
#include "host/program.h"

int zapi_command_sandbox(const struct zapi_options *options)
{
    struct zapi_program *p = zapi_program_new(options);
    int code = 2;
    if (!p) {
        return 2;
    }
    if (zapi_program_add(p, "sandbox", "@zapi/host/sandbox.lua", true, NULL,
                         &code)) {
        code = zapi_program_run(p);
    }
    zapi_program_delete(p);
    return code;
}
