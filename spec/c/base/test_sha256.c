/* SPDX-License-Identifier: MIT
 *
 * SHA-256 against the examples of NIST (FIPS 180-4), HMAC against RFC 4231.
 */
#include "base/sha256.h"
#include "check.h"

static char hex[2 * ZAPI_SHA256_SIZE + 1];

static const char *to_hex(const unsigned char *digest)
{
    for (size_t i = 0; i < ZAPI_SHA256_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    return hex;
}

static const char *sha(const char *s, size_t len)
{
    unsigned char digest[ZAPI_SHA256_SIZE];
    zapi_sha256(s, len, digest);
    return to_hex(digest);
}

static const char *hmac(const char *key, size_t n, const char *s, size_t len)
{
    unsigned char digest[ZAPI_SHA256_SIZE];
    zapi_hmac_sha256(key, n, s, len, digest);
    return to_hex(digest);
}

static void nist(void)
{
    static const char two_blocks[] =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    CHECK_STR(sha("", 0), "e3b0c44298fc1c149afbf4c8996fb924"
                          "27ae41e4649b934ca495991b7852b855");
    CHECK_STR(sha("abc", 3), "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    CHECK_STR(sha(two_blocks, 56), "248d6a61d20638b8e5c026930c3e6039"
                                   "a33ce45964ff2167f6ecedd419db06c1");
}

static void million_in_pieces(void)
{
    unsigned char digest[ZAPI_SHA256_SIZE];
    struct zapi_sha256 s;
    char a[997];
    size_t left = 1000000;
    memset(a, 'a', sizeof a);
    zapi_sha256_start(&s);
    while (left > 0) {
        size_t n = left < sizeof a ? left : sizeof a;
        zapi_sha256_add(&s, a, n);
        left -= n;
    }
    zapi_sha256_end(&s, digest);
    CHECK_STR(to_hex(digest), "cdc76e5c9914fb9281a1c7e284d73e67"
                              "f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths around the padding's edge: in one piece and byte by byte. */
static void padding(void)
{
    char text[130];
    memset(text, 'x', sizeof text);
    for (size_t n = 50; n < sizeof text; n++) {
        unsigned char digest[ZAPI_SHA256_SIZE], one[ZAPI_SHA256_SIZE];
        struct zapi_sha256 s;
        zapi_sha256(text, n, one);
        zapi_sha256_start(&s);
        for (size_t i = 0; i < n; i++) {
            zapi_sha256_add(&s, text + i, 1);
        }
        zapi_sha256_end(&s, digest);
        CHECK(memcmp(one, digest, sizeof one) == 0);
    }
}

static void rfc4231(void)
{
    static const char long_text[] =
        "Test Using Larger Than Block-Size Key - Hash Key First";
    char key[131];
    memset(key, 0x0b, 20);
    CHECK_STR(hmac(key, 20, "Hi There", 8), "b0344c61d8db38535ca8afceaf0bf12b"
                                            "881dc200c9833da726e9376c2e32cff7");
    CHECK_STR(hmac("Jefe", 4, "what do ya want for nothing?", 28),
              "5bdcc146bf60754e6a042426089575c7"
              "5a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    CHECK_STR(hmac(key, sizeof key, long_text, sizeof long_text - 1),
              "60e431591ee0b67f0d8a26aacbf5b77f"
              "8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
    RUN(nist);
    RUN(million_in_pieces);
    RUN(padding);
    RUN(rfc4231);
    return CHECK_END();
}
