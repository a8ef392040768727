/* SPDX-License-Identifier: MIT
 *
 * `zapibot TOOL …`: a command that is an embedded script,
 * lua/zapi/host/tools/TOOL.lua. The words after the command are its arguments,
 * untouched; it ends with os.exit(code). core.options tells it its name
 * (`tool`), the text of --help (`help`), the table of commands and options
 * (`list`), the path of this program (`program`), when it writes to a terminal
 * how wide that is (`columns`), and whether somebody can answer a question,
 * that is, stdin is a terminal (`asks`).
 */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/program.h"

/* Owned by the caller; NULL without memory. */
static char *written_by(void (*write)(FILE *))
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out) {
        return NULL;
    }
    write(out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* NULL when stdout is no terminal. */
static const char *columns(char *room, size_t size)
{
    struct winsize w = {.ws_col = 0};
    if (!isatty(STDOUT_FILENO)) {
        return NULL;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0) {
        w.ws_col = 80;
    }
    snprintf(room, size, "%d", (int)w.ws_col);
    return room;
}

static const char *program_path(char *room, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", room, size - 1);
    if (n < 0) {
        return NULL;
    }
    room[n] = '\0';
    return room;
}

int zapi_command_tool(const struct zapi_options *options)
{
    struct zapi_program *p = zapi_program_new(options);
    char *help = written_by(zapi_options_help);
    char *list = written_by(zapi_options_list);
    char script[64], width[16], path[4096];
    const struct zapi_setting settings[] = {
        {"tool", options->tool},
        {"help", help},
        {"list", list},
        {"program", program_path(path, sizeof path)},
        {"columns", columns(width, sizeof width)},
        {"asks", isatty(STDIN_FILENO) ? "1" : NULL},
        {NULL, NULL},
    };
    int code = 2;
    snprintf(script, sizeof script, "@zapi/host/tools/%s.lua", options->tool);
    if (p &&
        zapi_program_add(p, options->tool, script, true, settings, &code)) {
        code = zapi_program_run(p);
    }
    if (p) {
        zapi_program_delete(p);
    }
    free(help);
    free(list);
    return code;
}
