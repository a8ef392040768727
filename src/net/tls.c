/* SPDX-License-Identifier: MIT
 *
 * See tls.h. A handshake gets copies of the certificate and the key, which
 * GnuTLS frees when it is over: a renewal in between takes nothing away from
 * it. The files are told from their older selves by what stat(2) says of what
 * a symbolic link leads to, and taken before they are read: what changes in
 * between is seen at the next look. Start reading at load.
 */
#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

#ifdef ZAPI_TLS

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"

enum {
    EVERY = 60,
    MOST_BYTES = 256 * 1024, /* of a file */
    MOST_CERTS = 16,         /* of a chain */
    DAY = 24 * 60 * 60,
    WARN_DAYS = 14,
};

struct pair { /* a certificate with its chain, and its key */
    gnutls_x509_crt_t certs[MOST_CERTS];
    unsigned ncerts;
    gnutls_x509_privkey_t key;
    time_t end;
};

struct print { /* of a file */
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed, written;
};

struct zapi_tls {
    char *cert, *key, *label;
    double every, look_at;
    struct pair *pair;
    struct print prints[2];
    time_t warned; /* of its end */
    zapi_tls_progress *progress;
    void *arg;
};

static _Thread_local struct zapi_tls *serving;

/* ---- files ---- */

static struct print print_of(const char *path)
{
    struct print p;
    struct stat st;
    memset(&p, 0, sizeof p); /* compared as bytes */
    if (stat(path, &st) == 0) {
        p.dev = st.st_dev;
        p.ino = st.st_ino;
        p.size = st.st_size;
        p.changed = st.st_ctim; /* also when only its mode is mended */
        p.written = st.st_mtim;
    }
    return p;
}

static void forget(gnutls_datum_t *text)
{
    if (text->data)
        explicit_bzero(text->data, text->size);
    free(text->data);
    *text = (gnutls_datum_t){0};
}

static bool fill(int fd, gnutls_datum_t *out, size_t size)
{
    out->data = malloc(size + 1);
    while (out->data && out->size < size) {
        ssize_t n = read(fd, out->data + out->size, size - out->size);
        if (n < 0)
            return false;
        if (n == 0)
            break;
        out->size += (unsigned)n;
    }
    return out->data != NULL;
}

/* `out` is freed with forget. A name of something else must not block. */
static bool read_file(const char *path, gnutls_datum_t *out, mode_t *mode,
                      struct zapi_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    const char *why = NULL;
    if (ok && !S_ISREG(st.st_mode))
        why = "no file";
    else if (ok && st.st_size > MOST_BYTES)
        why = "too large";
    else if (!ok || !fill(fd, out, (size_t)st.st_size))
        why = strerror(errno);
    if (fd >= 0)
        close(fd);
    if (why)
        zapi_error_set(error, ZAPI_E_CONFIG, "cannot read %s: %s", path, why);
    else
        *mode = st.st_mode;
    return !why;
}

/* ---- a pair ---- */

static void pair_free(struct pair *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->ncerts; i++)
        gnutls_x509_crt_deinit(p->certs[i]);
    if (p->key)
        gnutls_x509_privkey_deinit(p->key);
    free(p);
}

static bool import_certs(struct pair *p, const char *path,
                         struct zapi_error *error)
{
    gnutls_datum_t text = {0};
    mode_t mode;
    unsigned n = MOST_CERTS;
    bool ok = read_file(path, &text, &mode, error);
    if (ok) {
        int rc = gnutls_x509_crt_list_import(
            p->certs, &n, &text, GNUTLS_X509_FMT_PEM,
            GNUTLS_X509_CRT_LIST_SORT |
                GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
        ok = rc > 0;
        if (ok)
            p->ncerts = (unsigned)rc;
        else
            zapi_error_set(error, ZAPI_E_CONFIG,
                           "%s is no certificate in PEM: %s", path,
                           rc == 0 ? "it is empty" : gnutls_strerror(rc));
    }
    forget(&text);
    return ok;
}

static bool import_key(struct pair *p, const char *path,
                       struct zapi_error *error)
{
    gnutls_datum_t text = {0};
    mode_t mode;
    bool ok = read_file(path, &text, &mode, error);
    if (ok) {
        int rc = gnutls_x509_privkey_init(&p->key);
        if (rc == 0)
            rc = gnutls_x509_privkey_import2(p->key, &text, GNUTLS_X509_FMT_PEM,
                                             NULL, 0);
        ok = rc == 0;
        if (!ok)
            zapi_error_set(
                error, ZAPI_E_CONFIG, "%s is no key in PEM: %s", path,
                rc == GNUTLS_E_DECRYPTION_FAILED ? "it is encrypted"
                                                 : gnutls_strerror(rc));
        if (ok && mode & (S_IROTH | S_IWOTH))
            zapi_warn("%s can be read by every user of this machine: "
                      "chmod o-rwx",
                      path);
    }
    forget(&text);
    return ok;
}

static bool belong_together(const struct pair *p)
{
    unsigned char a[64], b[64];
    size_t na = sizeof a, nb = sizeof b;
    return gnutls_x509_crt_get_key_id(p->certs[0], GNUTLS_KEYID_USE_SHA256, a,
                                      &na) == 0 &&
           gnutls_x509_privkey_get_key_id(p->key, GNUTLS_KEYID_USE_SHA256, b,
                                          &nb) == 0 &&
           na == nb && memcmp(a, b, na) == 0;
}

/* NULL: *error. */
static struct pair *load(const struct zapi_tls *t, struct zapi_error *error)
{
    struct pair *p = calloc(1, sizeof *p);
    if (!p) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a certificate");
        return NULL;
    }
    if (import_certs(p, t->cert, error) && import_key(p, t->key, error)) {
        p->end = gnutls_x509_crt_get_expiration_time(p->certs[0]);
        if (belong_together(p))
            return p;
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "the key in %s does not belong to the certificate in %s",
                       t->key, t->cert);
    }
    pair_free(p);
    return NULL;
}

/* ---- the end ---- */

static void write_day(time_t at, char out[16])
{
    struct tm tm = {0};
    gmtime_r(&at, &tm);
    strftime(out, 16, "%Y-%m-%d", &tm);
}

static void tell_end(struct zapi_tls *t)
{
    time_t now = time(NULL);
    double left = difftime(t->pair->end, now);
    char labels[96], day[16];
    zapi_metrics_label(labels, sizeof labels, "door", t->label);
    zapi_metrics_set(ZAPI_M_CERTIFICATE, labels, left);
    if (left > WARN_DAYS * DAY || (t->warned && now - t->warned < DAY))
        return;
    t->warned = now;
    write_day(t->pair->end, day);
    if (left <= 0)
        zapi_err("%s: the certificate in %s has ended (%s): clients refuse it",
                 t->label, t->cert, day);
    else
        zapi_warn("%s: the certificate in %s ends in %d days (%s)", t->label,
                  t->cert, (int)(left / DAY), day);
}

/* ---- looking ---- */

static bool changed(struct zapi_tls *t)
{
    struct print now[2];
    now[0] = print_of(t->cert);
    now[1] = print_of(t->key);
    if (memcmp(now, t->prints, sizeof now) == 0)
        return false;
    memcpy(t->prints, now, sizeof now);
    return true;
}

static void take(struct zapi_tls *t, struct pair *p)
{
    char day[16];
    write_day(p->end, day);
    pair_free(t->pair);
    t->pair = p;
    t->warned = 0;
    zapi_info("%s: TLS with the certificate in %s, which ends on %s", t->label,
              t->cert, day);
}

static void renew(struct zapi_tls *t)
{
    struct zapi_error error = {0};
    struct pair *p = load(t, &error);
    time_t now = time(NULL);
    if (p && p->end <= now && t->pair->end > now) {
        zapi_error_set(&error, ZAPI_E_CONFIG,
                       "the certificate in %s has ended already", t->cert);
        pair_free(p);
        p = NULL;
    }
    if (p)
        take(t, p);
    else
        zapi_err("%s: %s; the certificate from before serves on", t->label,
                 error.message);
}

double zapi_tls_look(struct zapi_tls *t, double now, bool at_once)
{
    if (!at_once && now < t->look_at)
        return t->look_at - now;
    t->look_at = now + t->every;
    if (changed(t))
        renew(t);
    tell_end(t);
    return t->every;
}

/* ---- life ---- */

static bool check_config(const struct zapi_tls_config *c,
                         struct zapi_error *error)
{
    bool cert = c->cert && *c->cert, key = c->key && *c->key;
    if (cert != key)
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "TLS takes a certificate and its key, and %s is not "
                       "set",
                       cert ? "--tls-key (ZAPIBOT_TLS_KEY)"
                            : "--tls-cert (ZAPIBOT_TLS_CERT)");
    return cert && key;
}

struct zapi_tls *zapi_tls_new(const struct zapi_tls_config *config,
                              struct zapi_error *error)
{
    struct pair *p;
    struct zapi_tls *t;
    if (!check_config(config, error))
        return NULL;
    t = calloc(1, sizeof *t);
    if (t) {
        t->cert = strdup(config->cert);
        t->key = strdup(config->key);
        t->label = strdup(config->label ? config->label : "http");
        t->every = config->every > 0 ? config->every : EVERY;
    }
    if (!t || !t->cert || !t->key || !t->label) {
        zapi_error_set(error, ZAPI_E_NO_MEMORY, "no memory for a certificate");
        zapi_tls_delete(t);
        return NULL;
    }
    changed(t);
    p = load(t, error);
    if (!p) {
        zapi_tls_delete(t);
        return NULL;
    }
    take(t, p);
    tell_end(t);
    return t;
}

void zapi_tls_delete(struct zapi_tls *t)
{
    if (!t)
        return;
    pair_free(t->pair);
    free(t->cert);
    free(t->key);
    free(t->label);
    free(t);
}

/* ---- handshakes ---- */

void zapi_tls_serve(struct zapi_tls *t, zapi_tls_progress *progress, void *arg)
{
    serving = t;
    if (t) {
        t->progress = progress;
        t->arg = arg;
    }
}

static int on_finished(gnutls_session_t session, unsigned type, unsigned when,
                       unsigned incoming, const gnutls_datum_t *message)
{
    void *connection = gnutls_session_get_ptr(session);
    (void)type, (void)when, (void)message;
    if (incoming && connection && serving)
        serving->progress(serving->arg, connection, true);
    return 0;
}

static bool copy_certs(const struct pair *p, gnutls_pcert_st *to)
{
    for (unsigned i = 0; i < p->ncerts; i++)
        if (gnutls_pcert_import_x509(&to[i], p->certs[i], 0) != 0) {
            while (i-- > 0)
                gnutls_pcert_deinit(&to[i]);
            return false;
        }
    return true;
}

static gnutls_privkey_t copy_key(const struct pair *p)
{
    gnutls_privkey_t key = NULL;
    if (gnutls_privkey_init(&key) != 0)
        return NULL;
    if (gnutls_privkey_import_x509(key, p->key, GNUTLS_PRIVKEY_IMPORT_COPY) ==
        0)
        return key;
    gnutls_privkey_deinit(key);
    return NULL;
}

static int retrieve(gnutls_session_t session,
                    const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **certs, unsigned *ncerts,
                    gnutls_ocsp_data_st **ocsp, unsigned *nocsp,
                    gnutls_privkey_t *key, unsigned *flags)
{
    const struct pair *p = serving ? serving->pair : NULL;
    (void)info;
    if (p && gnutls_session_get_ptr(session)) {
        serving->progress(serving->arg, gnutls_session_get_ptr(session), false);
        gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED,
                                           GNUTLS_HOOK_POST, on_finished);
    }
    *certs = p ? gnutls_calloc(p->ncerts, sizeof **certs) : NULL;
    if (!*certs)
        return -1;
    *key = copy_key(p);
    if (!*key || !copy_certs(p, *certs)) {
        if (*key)
            gnutls_privkey_deinit(*key);
        gnutls_free(*certs);
        return -1;
    }
    *ncerts = p->ncerts;
    *ocsp = NULL;
    *nocsp = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return 0;
}

void (*zapi_tls_retrieve(void))(void)
{
    gnutls_certificate_retrieve_function3 *f = retrieve;
    return (void (*)(void))f;
}

#else

struct zapi_tls *zapi_tls_new(const struct zapi_tls_config *config,
                              struct zapi_error *error)
{
    if ((config->cert && *config->cert) || (config->key && *config->key))
        zapi_error_set(error, ZAPI_E_CONFIG,
                       "--tls-cert and --tls-key: this zapi was built without "
                       "GnuTLS, and knows no TLS of its own");
    return NULL;
}

void zapi_tls_delete(struct zapi_tls *tls)
{
    (void)tls;
}

double zapi_tls_look(struct zapi_tls *tls, double now, bool at_once)
{
    (void)tls, (void)now, (void)at_once;
    return 60;
}

void zapi_tls_serve(struct zapi_tls *tls, zapi_tls_progress *progress,
                    void *arg)
{
    (void)tls, (void)progress, (void)arg;
}

void (*zapi_tls_retrieve(void))(void)
{
    return NULL;
}

#endif
