/* SPDX-License-Identifier: MIT
 *
 * The tables, as the steps that made them. A step that was released is never
 * changed: add another one at the end.
 */
#ifndef ZAPI_STORE_SCHEMA_H
#define ZAPI_STORE_SCHEMA_H

#include "store/connection.h"

/* Brings the file to the newest version, each step in one transaction. false:
 * *error; CONFIG when the file is newer than this program, or is not ours. */
bool zapi_schema_migrate(struct zapi_sql *sql, const char *path,
                         struct zapi_error *error);
/* The version that this program writes. */
int zapi_schema_newest(void);

#endif
