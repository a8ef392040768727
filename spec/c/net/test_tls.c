/* SPDX-License-Identifier: MIT
 *
 * The certificate's files, as those who renew them leave them: replaced,
 * renamed over, behind symbolic links, half written, of somebody else, ended.
 * Certificates are made here, and the clock of the looks is the test's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "check.h"
#include "net/tls.h"

#ifdef ZAPI_TLS

#include "certificate.h"

static char folder[64], cert[96], key[96];

static const char *in_folder(const char *name)
{
    static char paths[4][96];
    static unsigned turn;
    char *out = paths[turn++ % 4];
    snprintf(out, sizeof paths[0], "%s/%s", folder, name);
    return out;
}

/* ---- what is said ---- */

static char said[4096];

static void on_said(void *arg, enum zapi_log_level level, const char *line,
                    size_t n)
{
    (void)arg, (void)level;
    strncat(said, line,
            n < sizeof said - strlen(said) - 1
                ? n
                : sizeof said - strlen(said) - 1);
}

static bool heard(const char *what)
{
    bool yes = strstr(said, what) != NULL;
    if (!yes)
        fprintf(stderr, "said: %s\n", said);
    return yes;
}

static struct zapi_tls *open_tls(struct zapi_error *error)
{
    struct zapi_tls_config c = {.cert = cert, .key = key, .label = "spec"};
    said[0] = '\0';
    return zapi_tls_new(&c, error);
}

static void look(struct zapi_tls *t, double at)
{
    said[0] = '\0';
    CHECK(zapi_tls_look(t, at, false) <= 60);
}

static void expect_error(const char *what)
{
    struct zapi_error error = {0};
    struct zapi_tls *t = open_tls(&error);
    CHECK(t == NULL);
    CHECK_INT(error.kind, ZAPI_E_CONFIG);
    if (!strstr(error.message, what))
        CHECK_STR(error.message, what);
    zapi_tls_delete(t);
}

/* ---- cases ---- */

static void looks_once_a_minute_and_when_told(void)
{
    put_pair(cert, key, 90);
    struct zapi_tls *t = open_tls(NULL);
    CHECK(heard("TLS with the certificate in "));
    look(t, 1000);
    CHECK_STR(said, "");
    put_pair(cert, key, 91);
    CHECK(zapi_tls_look(t, 1010, false) == 50);
    CHECK_STR(said, "");
    look(t, 1061);
    CHECK(heard("TLS with the certificate in "));
    put_pair(cert, key, 92);
    CHECK(zapi_tls_look(t, 1062, true) == 60);
    CHECK(heard("TLS with the certificate in "));
    look(t, 1200);
    CHECK_STR(said, ""); /* nothing changed */
    zapi_tls_delete(t);
}

static void follows_links_that_are_moved(void)
{
    const char *one = in_folder("fullchain1.pem");
    const char *two = in_folder("fullchain2.pem");
    unlink(cert);
    unlink(key);
    put_pair(one, in_folder("key1.pem"), 90);
    CHECK(symlink("fullchain1.pem", cert) == 0);
    CHECK(symlink("key1.pem", key) == 0);
    struct zapi_tls *t = open_tls(NULL);
    put_pair(two, in_folder("key2.pem"), 90);
    look(t, 1000);
    CHECK_STR(said, "");
    unlink(cert);
    CHECK(symlink("fullchain2.pem", cert) == 0);
    look(t, 2000); /* between the two links */
    CHECK(heard("does not belong to the certificate"));
    CHECK(heard("the certificate from before serves on"));
    look(t, 3000);
    CHECK_STR(said, ""); /* once */
    unlink(key);
    CHECK(symlink("key2.pem", key) == 0);
    look(t, 4000);
    CHECK(heard("TLS with the certificate in "));
    zapi_tls_delete(t);
    unlink(cert);
    unlink(key);
}

static void broken_files_leave_the_old_ones(void)
{
    static const struct {
        const char *text, *why;
    } broken[] = {
        {"", "is no certificate in PEM"},
        {"-----BEGIN CERTIFICATE-----\nMIIB", "is no certificate in PEM"},
        {"hello", "is no certificate in PEM"},
    };
    put_pair(cert, key, 90);
    struct zapi_tls *t = open_tls(NULL);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        put_file(cert, broken[i].text, strlen(broken[i].text));
        look(t, 1000 * (double)(i + 1));
        CHECK(heard(broken[i].why));
        CHECK(heard("serves on"));
    }
    unlink(cert);
    look(t, 5000);
    CHECK(heard("cannot read"));
    CHECK(mkdir(cert, 0700) == 0);
    look(t, 6000);
    CHECK(heard(": no file"));
    rmdir(cert);
    put_pair(cert, key, -1);
    look(t, 7000);
    CHECK(heard("has ended already"));
    put_pair(cert, key, 90);
    look(t, 8000);
    CHECK(heard("TLS with the certificate in "));
    zapi_tls_delete(t);
}

static void says_at_the_start_what_is_wrong(void)
{
    put_pair(cert, key, 90);
    put_pair(NULL, key, 90);
    expect_error("does not belong to the certificate");
    put_file(key, "hello", 5);
    expect_error("is no key in PEM");
    unlink(key);
    expect_error("cannot read ");
    struct zapi_error error = {0};
    struct zapi_tls_config half = {.cert = cert};
    CHECK(!zapi_tls_new(&half, &error));
    CHECK(strstr(error.message, "--tls-key (ZAPIBOT_TLS_KEY) is not set"));
    half = (struct zapi_tls_config){.key = key, .cert = ""};
    CHECK(!zapi_tls_new(&half, &error));
    CHECK(strstr(error.message, "--tls-cert (ZAPIBOT_TLS_CERT) is not set"));
}

static void warns_of_the_end_and_of_a_key_for_all(void)
{
    struct zapi_buf text;
    put_pair(cert, key, 15);
    struct zapi_tls *t = open_tls(NULL);
    CHECK(!strstr(said, "ends in"));
    CHECK(!strstr(said, "chmod"));
    put_pair(cert, key, 13);
    chmod(key, 0640); /* a group is there for that */
    look(t, 1000);
    CHECK(heard("ends in 13 days"));
    CHECK(!strstr(said, "chmod"));
    look(t, 2000);
    CHECK_STR(said, ""); /* once a day */
    zapi_buf_init(&text, 1 << 20);
    zapi_metrics_write(&text);
    CHECK(strstr(zapi_buf_str(&text),
                 "zapibot_certificate_seconds{door=\"spec\"} 11"));
    zapi_buf_free(&text);
    zapi_tls_delete(t);
    chmod(key, 0644);
    put_pair(cert, NULL, 1);
    put_pair(cert, key, -3);
    chmod(key, 0644);
    t = open_tls(NULL);
    CHECK(heard("chmod o-rwx"));
    CHECK(heard("has ended"));
    zapi_tls_delete(t);
}

int main(void)
{
    strcpy(folder, "/tmp/zapi_tls.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    zapi_log_set_sink(on_said, NULL);
    RUN(looks_once_a_minute_and_when_told);
    RUN(follows_links_that_are_moved);
    RUN(broken_files_leave_the_old_ones);
    RUN(says_at_the_start_what_is_wrong);
    RUN(warns_of_the_end_and_of_a_key_for_all);
    static const char *const left[] = {"cert.pem",       "key.pem",
                                       "fullchain1.pem", "fullchain2.pem",
                                       "key1.pem",       "key2.pem"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        unlink(in_folder(left[i]));
    CHECK(rmdir(folder) == 0);
    zapi_metrics_clear();
    return CHECK_END();
}

#else

static void is_said(void)
{
    struct zapi_error error = {0};
    struct zapi_tls_config c = {.cert = "cert.pem", .key = "key.pem"};
    CHECK(!zapi_tls_new(&c, &error));
    CHECK(strstr(error.message, "built without GnuTLS"));
    CHECK(!zapi_tls_new(&(struct zapi_tls_config){0}, NULL));
}

int main(void) /* built without GnuTLS */
{
    RUN(is_said);
    return CHECK_END();
}

#endif
