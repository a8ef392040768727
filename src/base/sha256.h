/* SPDX-License-Identifier: MIT
 *
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104) over it, for scripts that check the
 * signatures of webhooks of other services. Own code, because no library that
 * we link promises it: libcurl's TLS may be any. Allocates nothing; the caller
 * owns the state. Start at zapi_sha256.
 */
#ifndef ZAPI_BASE_SHA256_H
#define ZAPI_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { ZAPI_SHA256_SIZE = 32, ZAPI_SHA256_BLOCK = 64 };

struct zapi_sha256 {
    uint32_t h[8];
    uint64_t len; /* bytes so far */
    unsigned char block[ZAPI_SHA256_BLOCK];
};

void zapi_sha256_start(struct zapi_sha256 *s);
void zapi_sha256_add(struct zapi_sha256 *s, const void *data, size_t len);
void zapi_sha256_end(struct zapi_sha256 *s,
                     unsigned char digest[ZAPI_SHA256_SIZE]);

void zapi_sha256(const void *data, size_t len,
                 unsigned char digest[ZAPI_SHA256_SIZE]);
void zapi_hmac_sha256(const void *key, size_t key_len, const void *data,
                      size_t len, unsigned char digest[ZAPI_SHA256_SIZE]);

#endif
