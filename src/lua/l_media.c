/* SPDX-License-Identifier: MIT
 *
 * zapi.media.file and the writing of files into requests. The body's buffer
 * grows once, to the size that the file will have in base64; the file is read
 * in pieces through the stack, so that nothing is held twice.
 *
 * The limits are a table of the script's, zapi.media.limits, asked each time.
 * Start at zapi_media_write.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/mime.h"
#include "base/text.h"
#include "lua/class.h"
#include "lua/media_value.h"
#include "lua/runtime.h"
#include "lua/value.h"

#define PIECE   12288 /* divisible by 3 */
#define UNKNOWN "application/octet-stream"

static const char limits_key; /* registry */

/* ---- what a file is ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static const char *type_of_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? zapi_mime_of_extension(dot + 1, strlen(dot + 1)) : NULL;
}

/* Where the bytes only say "an archive of some kind", the name says which. */
static bool is_container(const char *mime)
{
    return strcmp(mime, "application/zip") == 0 ||
           strcmp(mime, "application/x-ole-storage") == 0;
}

static const char *type_of(const char *head, size_t len, const char *name)
{
    const char *seen = zapi_mime_of_bytes(head, len);
    const char *named = type_of_name(name);

    if (seen && !(is_container(seen) && named))
        return seen;
    if (named)
        return named;
    if (len > 0 && !memchr(head, '\0', len) &&
        zapi_utf8_valid(head, zapi_utf8_cut(head, len)))
        return "text/plain";
    return UNKNOWN;
}

/* The open file, or -1 with errno. */
static int open_file(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return -1;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

static const char *reason(int error)
{
    return error == EINVAL ? "it is no ordinary file" : strerror(error);
}

const char *zapi_media_type_of_file(const char *path)
{
    char head[ZAPI_MIME_HEAD];
    struct stat st;
    int fd = open_file(path, &st);
    ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof head);

    if (fd >= 0)
        close(fd);
    return type_of(head, n > 0 ? (size_t)n : 0, last_part(path));
}

/* ---- limits ---- */

/* What WhatsApp takes a file for: a picture sent as a document is one. */
static const char *kind_of(const struct zapi_field *f, const char *mime)
{
    static const char *const kinds[] = {"image", "audio", "video"};

    if (f->name && strcmp(f->name, "document") == 0 &&
        f->format == ZAPI_FORMAT_MEDIA)
        return "document";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i]);
        if (strncasecmp(mime, kinds[i], n) == 0 && mime[n] == '/')
            return kinds[i];
    }
    return "document";
}

/* Bytes; 0: none is set. */
static double limit_of(lua_State *L, const char *kind)
{
    double limit = 0;

    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &limits_key) == LUA_TTABLE) {
        lua_pushstring(L, kind);
        lua_rawget(L, -2);
        limit = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return limit;
}

/* Always false: `return refuse(…)`. */
static bool refuse(const struct zapi_check *c, enum zapi_error_kind kind)
{
    struct zapi_error *e = c->error;

    e->kind = kind;
    e->outcome = ZAPI_OUTCOME_NOT_SENT;
    return false;
}

static bool check_size(lua_State *L, const struct zapi_check *c,
                       const struct zapi_field *f, const char *mime,
                       double size)
{
    const char *kind = kind_of(f, mime);
    double limit = limit_of(L, kind);

    if (!(limit > 0) || size <= limit)
        return true;
    zapi_check_bad(c,
                   "%.0f bytes are more than WhatsApp takes: "
                   "zapi.media.limits.%s is %.0f",
                   size, kind, limit);
    return refuse(c, ZAPI_E_MEDIA_TOO_LARGE);
}

bool zapi_media_fits(lua_State *L, const struct zapi_check *c,
                     const struct zapi_field *f, const char *s, size_t len)
{
    const char *comma;

    if (len < 5 || strncasecmp(s, "data:", 5) != 0)
        return true;
    comma = memchr(s, ',', len);
    return !comma ||
           check_size(L, c, f, s + 5, (double)(s + len - comma - 1) * 3 / 4);
}

bool zapi_media_file_fits(lua_State *L, const struct zapi_check *c,
                          const struct zapi_field *f, const char *path)
{
    struct stat st;
    int fd = open_file(path, &st);

    if (fd < 0) {
        zapi_check_bad(c, "%s: %s", path, reason(errno));
        return refuse(c, ZAPI_E_IO);
    }
    close(fd);
    return check_size(L, c, f, zapi_media_type_of_file(path),
                      (double)st.st_size);
}

/* ---- base64 ---- */

/* Writes 4 characters for each 3 bytes, the last ones padded. */
static char *encode(char *to, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (; n > 0; p += 3) {
        unsigned v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) |
                     (n > 2 ? p[2] : 0u);
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        *to++ = n > 1 ? digits[v >> 6 & 63] : '=';
        *to++ = n > 2 ? digits[v & 63] : '=';
        n -= n > 3 ? 3 : n;
    }
    return to;
}

/* Reads n bytes, or as many as there are. */
static size_t read_piece(int fd, unsigned char *to, size_t n)
{
    size_t got = 0;
    ssize_t r;

    do {
        r = read(fd, to + got, n - got);
        got += r > 0 ? (size_t)r : 0;
    } while ((r > 0 && got < n) || (r < 0 && errno == EINTR));
    return got;
}

/* `size` bytes of the file; false: it has become shorter, or broke off. */
static bool copy_file(int fd, size_t size, struct zapi_buf *out)
{
    unsigned char piece[PIECE + 2] = {0};
    char *to = out->data + out->len;
    bool whole = true;

    while (size > 0 && whole) {
        size_t n = size < PIECE ? size : PIECE;
        whole = read_piece(fd, piece, n) == n;
        to = encode(to, piece, n);
        size -= n;
    }
    out->len = (size_t)(to - out->data);
    out->data[out->len] = '\0';
    return whole;
}

static bool write_file(const struct zapi_media *m, const struct zapi_check *c,
                       int fd, size_t size, struct zapi_buf *out)
{
    zapi_buf_adds(out, "\"data:");
    zapi_buf_adds(out, m->mime);
    zapi_buf_adds(out, ";base64,");
    /* and what follows in the object: the buffer doubles when it grows again */
    if (!zapi_buf_reserve(out, (size + 2) / 3 * 4 + PIECE)) {
        zapi_check_bad(c, "%s is more than fits into a request", m->name);
        return refuse(c, ZAPI_E_MEDIA_TOO_LARGE);
    }
    if (!copy_file(fd, size, out)) {
        zapi_check_bad(c, "%s was not read whole", m->path);
        return refuse(c, ZAPI_E_IO);
    }
    return zapi_buf_addc(out, '"');
}

bool zapi_media_write(lua_State *L, const struct zapi_media *m,
                      const struct zapi_check *c, const struct zapi_field *f,
                      struct zapi_buf *out)
{
    struct stat st;
    int fd;
    bool ok;

    if (f->format != ZAPI_FORMAT_MEDIA) {
        zapi_check_bad(c, "a file is not taken here");
        return false;
    }
    fd = open_file(m->path, &st);
    if (fd < 0) {
        zapi_check_bad(c, "%s: %s", m->path, reason(errno));
        return refuse(c, ZAPI_E_IO);
    }
    ok = check_size(L, c, f, m->mime, (double)st.st_size) &&
         write_file(m, c, fd, (size_t)st.st_size, out);
    close(fd);
    return ok;
}

/* ---- the value ---- */

static int l_media_close(lua_State *L)
{
    struct zapi_media *m = lua_touserdata(L, 1);

    free(m->path);
    m->path = NULL;
    return 0;
}

static const struct zapi_class media_class;

static int l_media_index(lua_State *L)
{
    const struct zapi_media *m = zapi_class_check(L, 1, &media_class);
    const char *key = lua_tostring(L, 2);

    if (key && m->path && strcmp(key, "path") == 0)
        lua_pushstring(L, m->path);
    else if (key && m->path && strcmp(key, "name") == 0)
        lua_pushstring(L, m->name);
    else if (key && strcmp(key, "mime") == 0)
        lua_pushstring(L, m->mime);
    else
        lua_pushnil(L);
    return 1;
}

static int l_media_tostring(lua_State *L)
{
    const struct zapi_media *m = zapi_class_check(L, 1, &media_class);

    lua_pushfstring(L, "zapi.media (%s, %s)", m->path ? m->name : "closed",
                    m->mime);
    return 1;
}

static const luaL_Reg media_meta[] = {
    {"__index", l_media_index},
    {"__tostring", l_media_tostring},
    {NULL, NULL},
};

static const struct zapi_class media_class = {
    .name = "zapi.media",
    .metamethods = media_meta,
    .close = l_media_close,
};

const struct zapi_media *zapi_media_test(lua_State *L, int index)
{
    const struct zapi_media *m = lua_type(L, index) == LUA_TUSERDATA
                                     ? zapi_class_test(L, index, &media_class)
                                     : NULL;

    return m && m->path ? m : NULL;
}

/* "type/subtype", of the letters that RFC 6838 allows. */
static bool is_type(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$&-^_.+";
    size_t n = strspn(s, letters), m;

    if (n == 0 || s[n] != '/')
        return false;
    m = strspn(s + n + 1, letters);
    return m > 0 && s[n + 1 + m] == '\0';
}

static int fail(lua_State *L, const char *path, int error)
{
    struct zapi_error e = {.kind = ZAPI_E_NONE};

    zapi_error_set(&e, ZAPI_E_IO, "%s: %s", path, reason(error));
    e.outcome = ZAPI_OUTCOME_NOT_SENT;
    luaL_pushfail(L);
    zapi_error_push(L, &e);
    return 2;
}

/* media_file(path, mime?) -> media | nil, err */
static int l_file(lua_State *L)
{
    size_t len;
    const char *path = luaL_checklstring(L, 1, &len);
    const char *mime = luaL_optstring(L, 2, NULL);
    struct zapi_media *m;
    struct stat st;
    int fd;

    luaL_argcheck(L, strlen(path) == len, 1, "it holds a NUL byte");
    luaL_argcheck(L, !mime || (is_type(mime) && strlen(mime) < sizeof m->mime),
                  2, "a media type expected, as \"image/png\"");
    m = zapi_class_new(L, &media_class, sizeof *m, 0);
    fd = open_file(path, &st);
    if (fd < 0)
        return fail(L, path, errno);
    close(fd);
    m->path = strdup(path);
    if (!m->path)
        return luaL_error(L, "not enough memory");
    m->name = last_part(m->path);
    strcpy(m->mime, mime ? mime : zapi_media_type_of_file(path));
    return 1;
}

/* Core gets media_file, and media_limits, which scripts may change. */
void zapi_l_media_open(lua_State *L)
{
    static const struct {
        const char *kind;
        lua_Integer mb;
    } limits[] = {
        {"image", 5}, {"audio", 16}, {"video", 100}, {"document", 100}};

    lua_pushcfunction(L, l_file);
    lua_setfield(L, -2, "media_file");
    lua_createtable(L, 0, 4);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        lua_pushinteger(L, limits[i].mb * 1024 * 1024);
        lua_setfield(L, -2, limits[i].kind);
    }
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &limits_key);
    lua_setfield(L, -2, "media_limits");
}
