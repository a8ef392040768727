/* SPDX-License-Identifier: MIT
 *
 * A server's certificate with its key, from two PEM files that somebody else
 * renews: looked at now and then, taken when both are good, else the old ones
 * stay. By GnuTLS, as libmicrohttpd has it; without it at build time nothing
 * but the clear error of zapi_tls_new is left.
 *
 * One thread at a time; the door's, once it serves. Start reading at
 * zapi_tls_look.
 */
#ifndef ZAPI_NET_TLS_H
#define ZAPI_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct zapi_tls;

struct zapi_tls_config {
    /* PEM: the certificate first, then those that signed it; and its key, not
     * encrypted. Both, or neither. */
    const char *cert, *key;
    const char *label; /* for the log and the metric */
    double every;      /* seconds between looks; 0: 60 */
};

/* What TLS a server is to have; libmicrohttpd's own would allow TLS 1.0. */
#define ZAPI_TLS_PRIORITIES \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

/* Reads both files. NULL: *error names the file and says what is wrong; or no
 * file is named, and *error is not touched. */
struct zapi_tls *zapi_tls_new(const struct zapi_tls_config *config,
                              struct zapi_error *error);
void zapi_tls_delete(struct zapi_tls *tls); /* NULL is fine */
/* Has a file changed? Then both are read anew: connections that begin from now
 * on get the new certificate, those that are there keep theirs. What is broken
 * is logged, once. Warns of the end, once a day. `at_once`: whether or not it
 * is time. `now` is monotonic. Returns seconds until the next look. */
double zapi_tls_look(struct zapi_tls *tls, double now, bool at_once);
/* How far a handshake came: its client was understood, and all is agreed. By
 * the pointer of the session, which libmicrohttpd makes its connection; there
 * is no later moment to ask, as the session is gone before its connection. */
typedef void zapi_tls_progress(void *arg, void *connection, bool agreed);
/* Handshakes of this thread use it from now on. */
void zapi_tls_serve(struct zapi_tls *tls, zapi_tls_progress *progress,
                    void *arg);
/* A gnutls_certificate_retrieve_function3 for handshakes of such a thread. */
void (*zapi_tls_retrieve(void))(void);

#endif
