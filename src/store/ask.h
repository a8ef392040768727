/* SPDX-License-Identifier: MIT
 *
 * The way of a command to a data folder: through the control socket when a
 * process runs there, else the file is opened here for the one request. Also
 * the socket's address, for both of its ends. Everything blocks: this is for
 * commands, which have nothing else to do; nothing is shared.
 */
#ifndef ZAPI_STORE_ASK_H
#define ZAPI_STORE_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Appends the reply (store/admin.h) to one request. false: *error. */
bool zapi_ask(const char *folder, const char *request, size_t len,
              struct zapi_buf *reply, struct zapi_error *error);

/* A bound socket FOLDER/control.sock with mode 0600, which nobody listens to
 * yet; one that a killed process left is replaced. The caller holds the lock
 * of the folder, so there is no other owner. -1: *error. */
int zapi_ask_bind(const char *folder, struct zapi_error *error);
void zapi_ask_unlink(const char *folder);

#endif
