/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a .env file. What must hold: a name is a name, a value ends
 * where C says it does, and what was refused is refused at a line that exists.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void on_pair(void *arg, const char *name, const char *value)
{
    size_t *room = arg, n = strlen(name) + strlen(value);

    must(name[0] == '_' || isalpha((unsigned char)name[0]));
    for (const char *p = name; *p; p++)
        must(*p == '_' || isalnum((unsigned char)*p));
    must(n <= *room); /* nothing is made up */
    *room -= n;
}

static unsigned count_lines(const uint8_t *data, size_t size)
{
    unsigned n = 1;

    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = size;
    unsigned line = 0;
    char *text = malloc(size + 1); /* exact: nothing may be read behind it */

    must(text != NULL);
    memcpy(text, data, size);
    text = realloc(text, size > 0 ? size : 1);
    bool ok = zapi_dotenv_read(text, size, on_pair, &room, &line);
    must(line >= 1);
    must(ok || line <= count_lines(data, size));
    free(text);
    return 0;
}
