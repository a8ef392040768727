/* SPDX-License-Identifier: MIT
 *
 * See options.h. Start reading at the table.
 */
#include "host/options.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

struct row {
    const char *name;     /* "--listen" */
    const char *argument; /* "ADDRESS:PORT", or NULL for a flag */
    const char *variable; /* environment, .env */
    const char *help;
    const char *fallback; /* shown as the default */
};

static const struct row rows[ZAPI_OPT_COUNT] = {
    [ZAPI_OPT_LISTEN] = {"--listen", "ADDRESS:PORT", "ZAPIBOT_LISTEN",
                         "where webhooks and routes arrive; with dev and "
                         "sandbox, the chat page",
                         "127.0.0.1:8080"},
    [ZAPI_OPT_PUBLIC_URL] = {"--public-url", "URL", "ZAPIBOT_PUBLIC_URL",
                             "address that Z-API is told, at start", NULL},
    [ZAPI_OPT_TAKE_WEBHOOKS] = {"--take-webhooks", NULL, NULL,
                                "replace a webhook URL that somebody else set",
                                NULL},
    [ZAPI_OPT_TOKEN_CHECK] = {"--token-check", "MODE", "ZAPIBOT_TOKEN_CHECK",
                              "webhooks without the instance's z-api-token: "
                              "off, observe (log) or enforce (refuse)",
                              "observe"},
    [ZAPI_OPT_TRUSTED_PROXY] = {"--trusted-proxy", "ADDRESSES",
                                "ZAPIBOT_TRUSTED_PROXY",
                                "proxies whose X-Forwarded-For is believed; "
                                "then limits hold per address",
                                NULL},
    [ZAPI_OPT_TLS_CERT] = {"--tls-cert", "FILE", "ZAPIBOT_TLS_CERT",
                           "HTTPS without a proxy: certificate with its chain, "
                           "in PEM; read anew when it changes",
                           NULL},
    [ZAPI_OPT_TLS_KEY] = {"--tls-key", "FILE", "ZAPIBOT_TLS_KEY",
                          "the certificate's key, in PEM", NULL},
    [ZAPI_OPT_ADMIN_LISTEN] = {"--admin-listen", "ADDRESS:PORT",
                               "ZAPIBOT_ADMIN_LISTEN",
                               "/healthz, /readyz and /metrics; off: none",
                               "127.0.0.1:9180"},
    [ZAPI_OPT_DATA] = {"--data", "FOLDER", "ZAPIBOT_DATA", "data folder",
                       ".zapibot beside the script; with dev, dev in it"},
    [ZAPI_OPT_CONFIG] = {"--config", "FILE", NULL,
                         "a Lua table: instances, automations and options",
                         NULL},
    [ZAPI_OPT_WATCH] = {"--watch", NULL, NULL,
                        "reload a script when its files change (dev: always)",
                        NULL},
    [ZAPI_OPT_GRACE] = {"--grace", "SECONDS", "ZAPIBOT_GRACE",
                        "how long handlers of a replaced version may go on",
                        "30"},
    [ZAPI_OPT_FORWARD] = {"--forward", "URL", "ZAPIBOT_FORWARD",
                          "passes every webhook on to another system", NULL},
    [ZAPI_OPT_BUDGET] = {"--budget", "SECONDS", "ZAPIBOT_BUDGET",
                         "a handler that computes longer at a stretch is "
                         "ended; 0: never",
                         "1; a main chunk has 10"},
    [ZAPI_OPT_MEMORY] = {"--memory", "SIZE", "ZAPIBOT_MEMORY",
                         "what the script may hold; 0: no limit", "256M"},
    [ZAPI_OPT_LOG] = {"--log", "LEVEL", "ZAPIBOT_LOG",
                      "debug, info, warn or error", "info"},
    [ZAPI_OPT_LOG_FORMAT] = {"--log-format", "FORMAT", "ZAPIBOT_LOG_FORMAT",
                             "text or json", "text on a terminal, else json"},
    [ZAPI_OPT_HELP] = {"--help", NULL, NULL, "this text", NULL},
    [ZAPI_OPT_VERSION] = {"--version", NULL, NULL, "the version", NULL},
};

/* The order is that of --help. A tool is lua/zapi/host/tools/NAME.lua. */
static const struct command {
    const char *name;
    enum zapi_command kind;
    const char *words; /* what follows it */
    const char *help;
} commands[] = {
    {"run", ZAPI_COMMAND_RUN, "[OPTION…] SCRIPT.lua|FOLDER… [-- ARGUMENT…]",
     "runs scripts, each on its own (one: 'run' and '--' may be left out)"},
    {"dev", ZAPI_COMMAND_DEV, "[OPTION…] SCRIPT.lua [ARGUMENT…]",
     "the same against a sandbox, with a chat page"},
    {"chat", ZAPI_COMMAND_TOOL, "SCRIPT.lua [ARGUMENT…]",
     "plays a customer of a script in the terminal"},
    {"sandbox", ZAPI_COMMAND_SANDBOX, "[OPTION…]", "only the sandbox"},
    {"init", ZAPI_COMMAND_TOOL, "faq | grupo | loja | campanha [FOLDER]",
     "begins a bot: a script, its spec and the settings beside it"},
    {"check", ZAPI_COMMAND_TOOL, "[OPTION…] SCRIPT.lua…",
     "finds mistakes in scripts without running them"},
    {"call", ZAPI_COMMAND_TOOL, "[SCOPE.]NAME [KEY=VALUE…]",
     "calls an endpoint and prints the reply as JSON"},
    {"doctor", ZAPI_COMMAND_TOOL, "[OPTION…]",
     "finds out what is wrong with credentials, connection and webhooks"},
    {"webhooks", ZAPI_COMMAND_TOOL, "show | set URL | test",
     "shows, sets or tries the addresses that Z-API calls"},
    {"qr", ZAPI_COMMAND_TOOL, "[OPTION…]",
     "links a phone: draws the QR code in the terminal"},
    {"status", ZAPI_COMMAND_TOOL, "[OPTION…]",
     "how a bot is doing: what runs, waits, failed"},
    {"reload", ZAPI_COMMAND_TOOL, "[OPTION…] [NAME]",
     "lets a running process take the new version of its scripts"},
    {"inbox", ZAPI_COMMAND_TOOL, "list | show ID | retry ID | drop ID | stats",
     "events that wait, and those that could not be handled"},
    {"outbox", ZAPI_COMMAND_TOOL, "list | show ID | retry ID | drop ID | stats",
     "messages that go out, and what became of them"},
    {"backup", ZAPI_COMMAND_TOOL, "FILE",
     "copies the database, also while the bot runs"},
    {"restore", ZAPI_COMMAND_TOOL, "FILE",
     "puts a backup in the place of the database"},
    {"forget", ZAPI_COMMAND_TOOL, "PHONE",
     "removes what is stored of a person"},
    {"endpoints", ZAPI_COMMAND_TOOL, "[OPTION…] [WORD…]",
     "lists the endpoints of the API"},
    {"help", ZAPI_COMMAND_TOOL, "[COMMAND | [SCOPE.]ENDPOINT]",
     "explains a command or an endpoint, with examples"},
    {"completion", ZAPI_COMMAND_TOOL, "bash|zsh|fish",
     "prints the completion script of a shell"},
    {"types", ZAPI_COMMAND_TOOL, "",
     "prints the folder with the types for editors"},
};

#define COMMANDS (sizeof commands / sizeof *commands)

const char *zapi_option_name(enum zapi_option option)
{
    return option < ZAPI_OPT_COUNT ? rows[option].name : NULL;
}

bool zapi_option_is_flag(enum zapi_option option)
{
    return !rows[option].argument;
}

const char *zapi_option_variable(enum zapi_option option)
{
    return rows[option].variable;
}

enum zapi_option zapi_option_of_variable(const char *variable)
{
    int i;
    for (i = 0; i < ZAPI_OPT_COUNT; i++) {
        if (rows[i].variable && strcmp(rows[i].variable, variable) == 0) {
            break;
        }
    }
    return (enum zapi_option)i;
}

static void help_commands(FILE *out)
{
    size_t i;
    for (i = 0; i < COMMANDS; i++) {
        const struct command *c = &commands[i];
        fprintf(out, "  zapibot %s%s%s\n      %s\n", c->name,
                *c->words ? " " : "", c->words, c->help);
    }
}

static void help_options(FILE *out)
{
    char left[64];
    int i;
    for (i = 0; i < ZAPI_OPT_COUNT; i++) {
        const struct row *r = &rows[i];
        snprintf(left, sizeof left, "%s%s%s", r->name, r->argument ? " " : "",
                 r->argument ? r->argument : "");
        fprintf(out, "  %-26s %s", left, r->help);
        if (r->fallback) {
            fprintf(out, "\n  %-26s (default: %s)", "", r->fallback);
        }
        if (r->variable) {
            fprintf(out, " [%s]", r->variable);
        }
        fputc('\n', out);
    }
}

void zapi_options_help(FILE *out)
{
    fputs("Usage: zapibot [OPTION…] SCRIPT.lua [ARGUMENT…]\n"
          "       zapibot [OPTION…] COMMAND …\n"
          "\n"
          "WhatsApp bots in Lua over Z-API.\n"
          "\n"
          "Commands:\n",
          out);
    help_commands(out);
    fputs("\n"
          "Options come before the script; what follows it is the script's.\n",
          out);
    help_options(out);
    fputs("\nCredentials are never options: set ZAPI_INSTANCE_ID, ZAPI_TOKEN\n"
          "and ZAPI_CLIENT_TOKEN in the environment or in a .env file beside\n"
          "the script (without one: in the current folder), or NAME_FILE to\n"
          "read one from a file.\n"
          "\n"
          "Exit codes: 0 success, 1 the script failed, 2 wrong usage.\n",
          out);
}

void zapi_options_list(FILE *out)
{
    size_t i;
    int n;
    for (i = 0; i < COMMANDS; i++) {
        fprintf(out, "command\t%s\t%s\t%s\n", commands[i].name,
                commands[i].words, commands[i].help);
    }
    for (n = 0; n < ZAPI_OPT_COUNT; n++) {
        fprintf(out, "option\t%s\t%s\t%s\t%s\t%s\n", rows[n].name,
                rows[n].argument ? rows[n].argument : "", rows[n].help,
                rows[n].fallback ? rows[n].fallback : "",
                rows[n].variable ? rows[n].variable : "");
    }
}

static const char *nearest_option(const char *word)
{
    const char *best = NULL;
    unsigned nearest = UINT_MAX;
    int i;
    for (i = 0; i < ZAPI_OPT_COUNT; i++) {
        unsigned d = zapi_text_nearness(word, rows[i].name);
        if (d < nearest) {
            nearest = d;
            best = rows[i].name;
        }
    }
    return best;
}

/* `word` up to '=' against the table. */
static int find_option(const char *word, size_t len)
{
    int i;
    for (i = 0; i < ZAPI_OPT_COUNT; i++) {
        if (strlen(rows[i].name) == len &&
            strncmp(rows[i].name, word, len) == 0) {
            return i;
        }
    }
    return -1;
}

/* One option at argv[*at]; moves *at to its last word. */
static bool parse_option(int argc, char **argv, int *at,
                         struct zapi_options *out, char *message, size_t room)
{
    const char *word = argv[*at], *equals = strchr(word, '='), *near;
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    int i = find_option(word, len);
    if (strcmp(word, "-h") == 0) {
        i = ZAPI_OPT_HELP;
    }
    if (i < 0) {
        near = nearest_option(word);
        snprintf(message, room, "unknown option '%.*s'%s%s%s", (int)len, word,
                 near ? "; did you mean '" : " (see --help)", near ? near : "",
                 near ? "'?" : "");
        return false;
    }
    if (!rows[i].argument) {
        out->values[i] = "1";
        return true;
    }
    if (!equals && *at + 1 >= argc) {
        snprintf(message, room, "%s needs a value: %s %s", rows[i].name,
                 rows[i].name, rows[i].argument);
        return false;
    }
    out->values[i] = equals ? equals + 1 : argv[++*at];
    return true;
}

static bool parse_command(const char *word, struct zapi_options *out)
{
    size_t i;
    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(word, commands[i].name) == 0) {
            out->command = commands[i].kind;
            out->tool =
                commands[i].kind == ZAPI_COMMAND_TOOL ? commands[i].name : NULL;
            return true;
        }
    }
    return false;
}

static void take_rest(struct zapi_options *out, int argc, char **argv, int from)
{
    out->nargs = argc - from;
    out->args = argv + from;
}

static bool is_script(const char *word)
{
    size_t len = strlen(word);
    struct stat st;
    return (len > 4 && strcmp(word + len - 4, ".lua") == 0) ||
           (stat(word, &st) == 0 && S_ISDIR(st.st_mode));
}

/* `run`: words are scripts and folders, up to "--"; options may stand among
 * them. Scripts are moved together in argv. */
static bool parse_scripts(int argc, char **argv, int at,
                          struct zapi_options *out, char *message, size_t room)
{
    out->scripts = argv + at;
    out->many = true;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (argv[at][0] == '-' && argv[at][1]) {
            if (!parse_option(argc, argv, &at, out, message, room)) {
                return false;
            }
        } else if (out->nscripts > 0 && !is_script(argv[at])) {
            snprintf(message, room,
                     "'%s' is neither a script (.lua) nor a folder; arguments "
                     "of scripts follow '--'",
                     argv[at]);
            return false;
        } else {
            out->scripts[out->nscripts++] = argv[at];
        }
    }
    take_rest(out, argc, argv, at < argc ? at + 1 : argc);
    return true;
}

/* A word that may be a command misspelt: it is no file's name. */
static bool check_word(const char *word, char *message, size_t room)
{
    const char *best = NULL;
    unsigned nearest = UINT_MAX;
    size_t i;
    if (strchr(word, '/') || strchr(word, '.') || access(word, F_OK) == 0) {
        return true;
    }
    for (i = 0; i < COMMANDS; i++) {
        unsigned d = zapi_text_nearness(word, commands[i].name);
        if (d < nearest) {
            nearest = d;
            best = commands[i].name;
        }
    }
    snprintf(message, room, "there is no command and no script '%s'%s%s%s",
             word, best ? "; did you mean '" : " (see --help)",
             best ? best : "", best ? "'?" : "");
    return false;
}

/* An argument that somebody may have meant for us. Behind "--" all are meant for
 * the script. */
static const char *find_stray(const struct zapi_options *o)
{
    int i, option = -1;
    for (i = 0; i < o->nargs && option < 0; i++) {
        const char *word = o->args[i];
        if (strcmp(word, "--") == 0) {
            break;
        }
        option = find_option(word, strcspn(word, "="));
    }
    return option < 0 ? NULL : rows[option].name;
}

/* What the command still needs after the options. */
static bool check_rest(int argc, char **argv, int at, struct zapi_options *out,
                       char *message, size_t room)
{
    if (out->command == ZAPI_COMMAND_SANDBOX) {
        if (at < argc) {
            snprintf(message, room, "sandbox takes no script ('%s')", argv[at]);
        }
        return at >= argc;
    }
    if (out->nscripts == 0 && out->values[ZAPI_OPT_CONFIG]) {
        if (at < argc) {
            snprintf(message, room,
                     "--config names the scripts; '%s' is too much", argv[at]);
        }
        return at >= argc;
    }
    if (out->nscripts > 0) {
        out->script = out->scripts[0];
        return true;
    }
    if (at >= argc) {
        snprintf(message, room,
                 "which script? Try: zapibot dev echo.lua "
                 "(see --help)");
        return false;
    }
    out->script = argv[at];
    out->scripts = argv + at;
    out->nscripts = 1;
    take_rest(out, argc, argv, at + 1);
    out->stray = find_stray(out);
    return check_word(out->script, message, room);
}

/* Options, and the command with what belongs to it; *at is moved behind them.
 * *done: nothing is left to read. */
static bool parse_words(int argc, char **argv, int *at, bool *done,
                        struct zapi_options *out, char *message, size_t room)
{
    bool commanded = false, run = false;
    for (; *at < argc; ++*at) {
        const char *word = argv[*at];
        if (strcmp(word, "--") == 0) {
            ++*at;
            break;
        }
        if (word[0] == '-' && word[1]) {
            if (!parse_option(argc, argv, at, out, message, room)) {
                return false;
            }
        } else if (!commanded && parse_command(word, out)) {
            commanded = true;
            run = strcmp(word, "run") == 0;
            *done = out->tool != NULL;
            if (out->tool) { /* options after its name are its own */
                take_rest(out, argc, argv, *at + 1);
                return true;
            }
        } else {
            break;
        }
    }
    return !run || out->values[ZAPI_OPT_CONFIG] ||
           parse_scripts(argc, argv, *at, out, message, room);
}

bool zapi_options_parse(int argc, char **argv, struct zapi_options *out,
                        char *message, size_t room)
{
    bool done = false;
    int at = 1;
    *out = (struct zapi_options){.command = ZAPI_COMMAND_RUN};
    if (!parse_words(argc, argv, &at, &done, out, message, room)) {
        return false;
    }
    if (done || out->values[ZAPI_OPT_HELP] || out->values[ZAPI_OPT_VERSION]) {
        return true;
    }
    return check_rest(argc, argv, at, out, message, room);
}
