/* SPDX-License-Identifier: MIT
 *
 * SHA-256 and HMAC-SHA-256. See sha256.h; the names h, k, w and a…h are those
 * of FIPS 180-4, section 6.2. Tested with the vectors of NIST and RFC 4231.
 */
#include "base/sha256.h"

#include <string.h>

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

static uint32_t load(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           (uint32_t)p[3];
}

static void store(unsigned char *p, uint32_t x)
{
    p[0] = (unsigned char)(x >> 24);
    p[1] = (unsigned char)(x >> 16);
    p[2] = (unsigned char)(x >> 8);
    p[3] = (unsigned char)x;
}

static void schedule(uint32_t w[64], const unsigned char *block)
{
    int i;
    for (i = 0; i < 16; i++) {
        w[i] = load(block + 4 * i);
    }
    for (; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        uint32_t s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3);
        uint32_t s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

static void compress(uint32_t h[8], const unsigned char *block)
{
    uint32_t w[64], v[8];
    int i;
    schedule(w, block);
    memcpy(v, h, sizeof v);
    for (i = 0; i < 64; i++) {
        uint32_t a = v[0], e = v[4];
        uint32_t big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        uint32_t ch = (e & v[5]) ^ (~e & v[6]);
        uint32_t t1 = v[7] + big1 + ch + k[i] + w[i];
        uint32_t big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        uint32_t maj = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + big0 + maj;
    }
    for (i = 0; i < 8; i++) {
        h[i] += v[i];
    }
}

void zapi_sha256_start(struct zapi_sha256 *s)
{
    static const uint32_t first[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(s->h, first, sizeof first);
    s->len = 0;
}

void zapi_sha256_add(struct zapi_sha256 *s, const void *data, size_t len)
{
    const unsigned char *p = data;
    while (len > 0) {
        size_t used = (size_t)(s->len % ZAPI_SHA256_BLOCK);
        size_t n = ZAPI_SHA256_BLOCK - used;
        n = n < len ? n : len;
        memcpy(s->block + used, p, n);
        s->len += n;
        p += n;
        len -= n;
        if (used + n == ZAPI_SHA256_BLOCK) {
            compress(s->h, s->block);
        }
    }
}

void zapi_sha256_end(struct zapi_sha256 *s,
                     unsigned char digest[ZAPI_SHA256_SIZE])
{
    static const unsigned char padding[ZAPI_SHA256_BLOCK] = {0x80};
    uint64_t bits = s->len * 8;
    size_t used = (size_t)(s->len % ZAPI_SHA256_BLOCK);
    unsigned char size[8];
    int i;
    zapi_sha256_add(s, padding, (used < 56 ? 56 : 120) - used);
    store(size, (uint32_t)(bits >> 32));
    store(size + 4, (uint32_t)bits);
    zapi_sha256_add(s, size, sizeof size);
    for (i = 0; i < 8; i++) {
        store(digest + 4 * i, s->h[i]);
    }
}

void zapi_sha256(const void *data, size_t len,
                 unsigned char digest[ZAPI_SHA256_SIZE])
{
    struct zapi_sha256 s;
    zapi_sha256_start(&s);
    zapi_sha256_add(&s, data, len);
    zapi_sha256_end(&s, digest);
}

/* One of HMAC's two rounds: the padded key, then the data. */
static void keyed(const unsigned char key[ZAPI_SHA256_BLOCK], unsigned char pad,
                  const void *data, size_t len,
                  unsigned char digest[ZAPI_SHA256_SIZE])
{
    unsigned char block[ZAPI_SHA256_BLOCK];
    struct zapi_sha256 s;
    size_t i;
    for (i = 0; i < sizeof block; i++) {
        block[i] = key[i] ^ pad;
    }
    zapi_sha256_start(&s);
    zapi_sha256_add(&s, block, sizeof block);
    zapi_sha256_add(&s, data, len);
    zapi_sha256_end(&s, digest);
}

void zapi_hmac_sha256(const void *key, size_t key_len, const void *data,
                      size_t len, unsigned char digest[ZAPI_SHA256_SIZE])
{
    unsigned char padded[ZAPI_SHA256_BLOCK] = {0};
    unsigned char inner[ZAPI_SHA256_SIZE];
    if (key_len > sizeof padded) {
        zapi_sha256(key, key_len, padded);
    } else {
        memcpy(padded, key, key_len);
    }
    keyed(padded, 0x36, data, len, inner);
    keyed(padded, 0x5c, inner, sizeof inner, digest);
}
