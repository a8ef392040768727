/* SPDX-License-Identifier: MIT
 *
 * See scripts.h. Start reading at zapi_scripts_find.
 */
#include "host/scripts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *zapi_script_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool add(struct zapi_scripts *s, const char *name, const char *path)
{
    struct zapi_script *more = realloc(s->list, (s->n + 1) * sizeof *s->list);
    if (!more) {
        return false;
    }
    s->list = more;
    more[s->n] = (struct zapi_script){strdup(name), strdup(path)};
    s->n++;
    return more[s->n - 1].name && more[s->n - 1].path;
}

static bool no_memory(char *message, size_t room)
{
    snprintf(message, room, "not enough memory");
    return false;
}

/* Hidden ones are what editors leave behind. */
static int is_lua(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 &&
           strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static bool add_file(struct zapi_scripts *s, const char *folder,
                     const char *name)
{
    size_t len = strlen(folder), size = len + strlen(name) + 2;
    char *path = malloc(size);
    bool ok = false;
    if (path) {
        snprintf(path, size, "%s%s%s", folder,
                 len && folder[len - 1] == '/' ? "" : "/", name);
        ok = add(s, name, path);
    }
    free(path);
    return ok;
}

static bool add_folder(struct zapi_scripts *s, const char *path, char *message,
                       size_t room)
{
    struct dirent **list;
    int i, n = scandir(path, &list, is_lua, alphasort);
    bool ok = n > 0;
    if (n < 0) {
        snprintf(message, room, "cannot open %s: %s", path, strerror(errno));
        return false;
    }
    if (n == 0) {
        snprintf(message, room, "no script (*.lua) is in %s", path);
    }
    for (i = 0; i < n; i++) {
        if (ok && !add_file(s, path, list[i]->d_name)) {
            ok = no_memory(message, room);
        }
        free(list[i]);
    }
    free(list);
    return ok;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool add_words(struct zapi_scripts *s,
                      const struct zapi_options *options, char *message,
                      size_t room)
{
    bool ok = true;
    int i;
    for (i = 0; ok && i < options->nscripts; i++) {
        const char *word = options->scripts[i];
        if (options->many && is_folder(word)) {
            ok = add_folder(s, word, message, room);
        } else if (!add(s, zapi_script_name(word), word)) {
            ok = no_memory(message, room);
        }
    }
    return ok;
}

static bool add_plan(struct zapi_scripts *s, struct zapi_plan *plan,
                     char *message, size_t room)
{
    size_t i;
    for (i = 0; i < zapi_plan_count(plan); i++) {
        struct zapi_plan_automation a = zapi_plan_automation(plan, i);
        if (!add(s, a.name, a.script)) {
            return no_memory(message, room);
        }
    }
    return true;
}

/* The name is the data's: two of one name would share what waits. */
static bool check_names(const struct zapi_scripts *s, char *message,
                        size_t room)
{
    size_t i, k;
    for (i = 0; i < s->n; i++) {
        for (k = 0; k < i; k++) {
            if (strcmp(s->list[i].name, s->list[k].name) == 0) {
                snprintf(message, room,
                         "%s and %s have the same name: give each one of its "
                         "own in a file (--config)",
                         s->list[k].path, s->list[i].path);
                return false;
            }
        }
    }
    return true;
}

static bool check_files(const struct zapi_scripts *s, char *message,
                        size_t room)
{
    size_t i;
    for (i = 0; i < s->n; i++) {
        if (access(s->list[i].path, R_OK) != 0) {
            snprintf(message, room, "cannot open %s: %s", s->list[i].path,
                     strerror(errno));
            return false;
        }
    }
    return true;
}

bool zapi_scripts_find(struct zapi_scripts *out,
                       const struct zapi_options *options,
                       struct zapi_plan *plan, char *message, size_t room)
{
    return (plan ? add_plan(out, plan, message, room)
                 : add_words(out, options, message, room)) &&
           check_names(out, message, room) && check_files(out, message, room);
}

void zapi_scripts_free(struct zapi_scripts *s)
{
    while (s->n > 0) {
        s->n--;
        free(s->list[s->n].name);
        free(s->list[s->n].path);
    }
    free(s->list);
    s->list = NULL;
}
