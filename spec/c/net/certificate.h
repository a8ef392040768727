/* SPDX-License-Identifier: MIT
 *
 * Certificates for tests, made on the spot: signed by themselves, for
 * "localhost", with an end in so many days. Files take the place of others of
 * their name by rename, as those who renew certificates do it.
 */
#ifndef ZAPI_SPEC_CERTIFICATE_H
#define ZAPI_SPEC_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "check.h"

enum { DAY = 24 * 60 * 60 };

static void put_file(const char *path, const void *p, size_t n)
{
    char beside[112];
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *f = fopen(beside, "w");
    CHECK(f && fwrite(p, 1, n, f) == n);
    fclose(f);
    chmod(beside, 0600);
    CHECK(rename(beside, path) == 0);
}

static void make_cert(gnutls_x509_crt_t crt, gnutls_x509_privkey_t k,
                      unsigned char serial, int days)
{
    time_t now = time(NULL);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_dn(crt, "CN=localhost", NULL);
    gnutls_x509_crt_set_serial(crt, &serial, 1);
    gnutls_x509_crt_set_activation_time(crt, now - 90 * DAY);
    gnutls_x509_crt_set_expiration_time(crt, now + days * DAY + DAY / 2);
    gnutls_x509_crt_set_key(crt, k);
    CHECK_INT(gnutls_x509_crt_sign2(crt, crt, k, GNUTLS_DIG_SHA256, 0), 0);
}

/* Writes a new pair that ends in so many days; NULL: that file not. */
static void put_pair(const char *cert_path, const char *key_path, int days)
{
    static unsigned char serial;
    gnutls_x509_privkey_t k;
    gnutls_x509_crt_t crt;
    gnutls_datum_t text;
    gnutls_x509_privkey_init(&k);
    gnutls_x509_crt_init(&crt);
    gnutls_x509_privkey_generate(
        k, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
        0);
    make_cert(crt, k, ++serial, days);
    if (cert_path) {
        gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
        put_file(cert_path, text.data, text.size);
        gnutls_free(text.data);
    }
    if (key_path) {
        gnutls_x509_privkey_export2(k, GNUTLS_X509_FMT_PEM, &text);
        put_file(key_path, text.data, text.size);
        gnutls_free(text.data);
    }
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(k);
}

#endif
