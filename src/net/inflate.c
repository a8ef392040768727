/* SPDX-License-Identifier: MIT
 *
 * gzip, zlib and raw deflate ("deflate" on the wire may be either) into a
 * buffer with a ceiling, so that a bomb of a few kilobytes costs no more than
 * an honest body of the largest size. Several gzip members in a row are one
 * body, as in RFC 1952.
 *
 * Owns only zlib's state. Start reading at zapi_inflate.
 */
#include "net/inflate.h"

#include <stdint.h>
#include <strings.h>
#include <zlib.h>

enum { STEP = 16 * 1024 };

enum zapi_coding zapi_coding_of(const char *header)
{
    static const char *const known[] = {"gzip", "x-gzip", "deflate"};
    if (!header || !*header || strcasecmp(header, "identity") == 0)
        return ZAPI_CODING_NONE;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(header, known[i]) == 0)
            return ZAPI_CODING_DEFLATED;
    return ZAPI_CODING_UNKNOWN;
}

/* gzip and zlib announce themselves; anything else is tried as raw deflate. */
static int window_bits(const unsigned char *p, size_t n)
{
    bool gzip = n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
    bool zlib = n >= 2 && (p[0] & 0x0f) == 8 && (p[0] * 256 + p[1]) % 31 == 0;
    return gzip || zlib ? 15 + 32 : -15;
}

/* One step of output. Z_OK: more to come; Z_STREAM_END: a member ended. */
static int step(z_stream *z, struct zapi_buf *out)
{
    unsigned char piece[STEP];
    z->next_out = piece;
    z->avail_out = sizeof piece;
    int rc = inflate(z, Z_NO_FLUSH);
    size_t made = sizeof piece - z->avail_out;
    if (made > 0 && !zapi_buf_add(out, piece, made))
        return Z_MEM_ERROR;
    if (rc == Z_OK && made == 0 && z->avail_in == 0)
        return Z_BUF_ERROR; /* cut short */
    return rc;
}

static int run(z_stream *z, struct zapi_buf *out)
{
    for (;;) {
        int rc = step(z, out);
        if (rc == Z_MEM_ERROR)
            return 413;
        if (rc == Z_STREAM_END && z->avail_in == 0)
            return 0;
        if (rc == Z_STREAM_END)
            rc = inflateReset(z);
        if (rc != Z_OK)
            return 400;
    }
}

int zapi_inflate(const char *p, size_t n, struct zapi_buf *out)
{
    const unsigned char *in = (const unsigned char *)p;
    z_stream z = {0};

    if (n == 0)
        return 400;
    z.next_in = (z_const Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)n;
    if (inflateInit2(&z, window_bits(in, n)) != Z_OK)
        return 503;
    int status = run(&z, out);
    inflateEnd(&z);
    return status;
}
