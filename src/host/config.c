/* SPDX-License-Identifier: MIT
 *
 * See config.h. A short list is all there is: some ten values.
 */
#include "host/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/redact.h"
#include "host/plan.h"

struct pair {
    struct pair *next;
    char *value; /* owned */
    char name[]; /* NUL-terminated */
};

struct zapi_config {
    const struct zapi_options *options;
    struct pair *forced; /* zapi_config_set */
    struct pair *dotenv;
    struct pair *credentials; /* of the service manager, as asked for */
    bool told;                /* that they cannot be read */
    struct zapi_plan *plan;   /* --config; NULL: none */
    char *folder;             /* the script's, owned */
    char *data;
};

static const struct pair *find(const struct pair *list, const char *name)
{
    while (list && strcmp(list->name, name) != 0) {
        list = list->next;
    }
    return list;
}

/* The newest of a name comes first, so a later line of .env wins. */
static bool add(struct pair **list, const char *name, const char *value)
{
    struct pair *p = malloc(sizeof *p + strlen(name) + 1);
    char *copy = strdup(value);
    if (!p || !copy) {
        free(p);
        free(copy);
        return false;
    }
    strcpy(p->name, name);
    p->value = copy;
    p->next = *list;
    *list = p;
    return true;
}

static void free_list(struct pair *list)
{
    while (list) {
        struct pair *next = list->next;
        free(list->value);
        free(list);
        list = next;
    }
}

static char *folder_of(const char *script)
{
    const char *slash = script ? strrchr(script, '/') : NULL;
    if (!slash) {
        return strdup(".");
    }
    return strndup(script, slash == script ? 1 : (size_t)(slash - script));
}

static char *join(const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = malloc(n);
    if (path) {
        snprintf(path, n, "%s/%s", folder, name);
    }
    return path;
}

static void on_dotenv(void *arg, const char *name, const char *value)
{
    struct zapi_config *c = arg;
    add(&c->dotenv, name, value);
}

/* What is wrong with a line of .env. */
static const char *dotenv_hint(const char *text, size_t len, unsigned line)
{
    const char *end = text + len, *equals, *line_end, *value;
    while (--line > 0 && text < end) {
        text = memchr(text, '\n', (size_t)(end - text));
        text = text ? text + 1 : end;
    }
    line_end = memchr(text, '\n', (size_t)(end - text));
    line_end = line_end ? line_end : end;
    equals = memchr(text, '=', (size_t)(line_end - text));
    if (!equals) {
        return "NAME=value expected";
    }
    for (value = equals + 1; value < line_end && strchr(" \t", *value);) {
        value++;
    }
    if (value < line_end && (*value == '"' || *value == '\'')) {
        return "the quotes of this value are not closed, or something but a "
               "comment follows them";
    }
    return "the name may have letters, digits and _ and be nothing else";
}

/* A missing file is fine; one that cannot be read is an error that says so. */
static bool read_dotenv(struct zapi_config *c, struct zapi_error *error)
{
    char *path = join(c->folder, ".env"), *text = NULL;
    FILE *f = path ? fopen(path, "re") : NULL;
    size_t n, room = 256 * 1024;
    unsigned line = 0;
    bool ok = true;
    if (!f) {
        ok = path && errno == ENOENT;
        if (!ok) {
            zapi_error_set(error, ZAPI_E_CONFIG, "cannot read %s: %s",
                           path ? path : ".env", strerror(errno));
        }
        goto out;
    }
    text = malloc(room);
    n = text ? fread(text, 1, room, f) : 0;
    if (text && !zapi_dotenv_read(text, n, on_dotenv, c, &line)) {
        zapi_error_set(error, ZAPI_E_CONFIG, "%s:%u: %s", path, line,
                       dotenv_hint(text, n, line));
        ok = false;
    }
out:
    if (f) {
        fclose(f);
    }
    free(text);
    free(path);
    return ok;
}

static const char *get_for_plan(void *arg, const char *name)
{
    return zapi_config_get(arg, name);
}

static bool read_plan(struct zapi_config *c, struct zapi_error *error)
{
    const struct zapi_plan_config config = {
        .path = c->options->values[ZAPI_OPT_CONFIG],
        .trial = c->options->command == ZAPI_COMMAND_DEV ||
                 c->options->command == ZAPI_COMMAND_TOOL,
        .getenv = get_for_plan,
        .arg = c,
    };
    if (config.path) {
        c->plan = zapi_plan_load(&config, error);
    }
    return c->plan || !config.path;
}

/* Of the first script, or of the file that names it; a folder of scripts. */
static char *first_folder(const struct zapi_options *options)
{
    const char *config = options->values[ZAPI_OPT_CONFIG];
    struct stat st;
    if (options->many && stat(options->script, &st) == 0 &&
        S_ISDIR(st.st_mode)) {
        return strdup(options->script);
    }
    return folder_of(options->script ? options->script : config);
}

struct zapi_config *zapi_config_new(const struct zapi_options *options,
                                    struct zapi_error *error)
{
    struct zapi_config *c = calloc(1, sizeof *c);
    if (!c) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "not enough memory");
        return NULL;
    }
    c->options = options;
    c->folder = first_folder(options);
    if (!c->folder || !read_dotenv(c, error) || !read_plan(c, error)) {
        zapi_config_delete(c);
        return NULL;
    }
    return c;
}

void zapi_config_delete(struct zapi_config *c)
{
    if (c) {
        free_list(c->forced);
        free_list(c->dotenv);
        free_list(c->credentials);
        zapi_plan_delete(c->plan);
        free(c->folder);
        free(c->data);
        free(c);
    }
}

bool zapi_config_set(struct zapi_config *c, const char *name, const char *value)
{
    if (strcmp(name, "ZAPIBOT_DATA") == 0) {
        free(c->data); /* what was worked out before */
        c->data = NULL;
    }
    return add(&c->forced, name, value);
}

bool zapi_config_flag(struct zapi_config *c, enum zapi_option option)
{
    return c->options->values[option] ||
           (c->plan && zapi_plan_option(c->plan, option));
}

struct zapi_plan *zapi_config_plan(struct zapi_config *c)
{
    return c->plan;
}

/* What is tried out leaves the data of the real bot alone, but for a folder
 * that the command line names. Owned by the caller. */
static char *trial_folder(const struct zapi_config *c, const char *base)
{
    if (c->options->values[ZAPI_OPT_DATA] || strcmp(base, "memory") == 0) {
        return strdup(base);
    }
    mkdir(base, 0700);
    return join(base, "dev");
}

const char *zapi_config_data(struct zapi_config *c)
{
    const char *set;
    char *base;
    if (!c->data) {
        set = zapi_config_get(c, "ZAPIBOT_DATA");
        base = set ? strdup(set) : join(c->folder, ".zapibot");
        if (base && c->options->command == ZAPI_COMMAND_DEV) {
            c->data = trial_folder(c, base);
            free(base);
        } else {
            c->data = base;
        }
    }
    return c->data;
}

/* ---- the webhook secret ---- */

static bool read_secret(const char *path, char out[65])
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(out, 1, 64, f) : 0;
    if (f) {
        fclose(f);
    }
    out[n] = '\0';
    out[strcspn(out, "\r\n ")] = '\0';
    return strlen(out) >= 16;
}

static bool write_secret(const char *path)
{
    unsigned char bytes[24];
    char hex[49];
    size_t i;
    int fd;
    bool ok;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    for (i = 0; i < sizeof bytes; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    ok = write(fd, hex, 48) == 48 && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

/* Whole or not at all: a process that is killed here leaves no file that is too
 * short for ever. Only one of two that start makes it (link). */
static bool make_secret(const char *path)
{
    char temp[4096];
    int n = snprintf(temp, sizeof temp, "%s.%ld", path, (long)getpid());
    bool ok = n > 0 && (size_t)n < sizeof temp && write_secret(temp) &&
              (link(temp, path) == 0 || errno == EEXIST);
    int saved = errno;
    unlink(temp);
    errno = saved;
    return ok;
}

static const char *webhook_secret(struct zapi_config *c)
{
    const char *folder = zapi_config_data(c);
    char *path = folder ? join(folder, "webhook_secret") : NULL;
    char secret[65];
    bool ok = false, made = false;
    if (path) {
        mkdir(folder, 0700);
        ok = read_secret(path, secret);
        made = !ok && make_secret(path);
        ok = ok || (made && read_secret(path, secret));
    }
    if (!ok) {
        zapi_err("cannot keep the webhook secret in %s: %s",
                 path ? path : "(no memory)",
                 made ? "what is in it is too short: remove it"
                      : strerror(errno));
    } else {
        zapi_info("the secret of the webhooks' address is kept in %s", path);
    }
    free(path);
    ok = ok && add(&c->forced, "ZAPIBOT_WEBHOOK_SECRET", secret);
    return ok ? c->forced->value : NULL;
}

/* The file of a credential: the variable's name in small letters, so that no
 * name leads out of the folder. Owned by the caller; NULL: none. */
static char *credential_path(const char *name)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char small[128];
    size_t i, n = strlen(name);
    if (!folder || !*folder || n >= sizeof small) {
        return NULL;
    }
    for (i = 0; i < n; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '_') {
            return NULL;
        }
        small[i] = (char)tolower((unsigned char)name[i]);
    }
    small[n] = '\0';
    return join(folder, small);
}

/* What systemd hands over with LoadCredential=zapi_token:… (systemd.exec(5)).
 * Whatever lies there is a secret, but for the instance's name. */
static const char *credential(struct zapi_config *c, const char *name)
{
    const struct pair *p = find(c->credentials, name);
    char text[4096], *path = p ? NULL : credential_path(name);
    FILE *f = path ? fopen(path, "re") : NULL;
    size_t n;
    if (path && !f && errno != ENOENT && !c->told) {
        zapi_warn("no credential can be read: %s: %s", path, strerror(errno));
        c->told = true;
    }
    free(path);
    if (!f) {
        return p ? p->value : NULL;
    }
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (!*text || !add(&c->credentials, name, text)) {
        return NULL;
    }
    if (strcmp(name, "ZAPI_INSTANCE_ID") != 0) {
        zapi_redact_add(text, strlen(text));
    }
    return c->credentials->value;
}

static const char *lookup(struct zapi_config *c, const char *name)
{
    enum zapi_option option = zapi_option_of_variable(name);
    const struct pair *p = find(c->forced, name);
    const char *v = p ? p->value : NULL;
    if ((option == ZAPI_OPT_TLS_CERT || option == ZAPI_OPT_TLS_KEY) &&
        c->options->command != ZAPI_COMMAND_RUN) {
        return NULL; /* the sandbox speaks HTTP to the bot beside it */
    }
    if (!v && option != ZAPI_OPT_COUNT) {
        v = c->options->values[option];
    }
    if (!v) {
        v = getenv(name);
    }
    if (!v || !*v) {
        const char *given = credential(c, name);
        v = given ? given : v;
    }
    if ((!v || !*v) && c->plan && option != ZAPI_OPT_COUNT) {
        v = zapi_plan_option(c->plan, option);
    }
    if (!v || !*v) {
        p = find(c->dotenv, name);
        v = p ? p->value : v;
    }
    return v && *v ? v : NULL;
}

/* Not the path of a file with one, nor how one is checked (_CHECK). */
static bool is_secret(const char *name)
{
    return (strstr(name, "TOKEN") || strstr(name, "SECRET")) &&
           !strstr(name, "_FILE") && !strstr(name, "_CHECK");
}

const char *zapi_config_get(struct zapi_config *c, const char *name)
{
    const char *v = lookup(c, name);
    if (!v && strcmp(name, "ZAPIBOT_WEBHOOK_SECRET") == 0 &&
        !lookup(c, "ZAPIBOT_WEBHOOK_SECRET_FILE")) {
        v = webhook_secret(c);
    }
    if (v && is_secret(name)) {
        zapi_redact_add(v, strlen(v));
    }
    return v;
}
