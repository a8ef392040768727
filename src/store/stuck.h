/* SPDX-License-Identifier: MIT
 *
 * The last words of a process that its watchdog ended: which event ran. A line
 * of JSON in FOLDER/stuck, read and removed at the next start
 * (zapi_inbox_note_stuck counts it). Nothing is owned here.
 */
#ifndef ZAPI_STORE_STUCK_H
#define ZAPI_STORE_STUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* On disk when it returns true. Takes no lock and no memory: any thread, with
 * the others in any state. */
bool zapi_stuck_write(const char *folder, const char *automation, uint64_t seq,
                      int64_t when);
/* false: there was none (or nothing that can be read: removed all the same).
 * `name` gets the automation. */
bool zapi_stuck_read(const char *folder, char *name, size_t room,
                     uint64_t *seq);

#endif
