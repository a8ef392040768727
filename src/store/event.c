/* SPDX-License-Identifier: MIT
 *
 * See event.h: an event and its strings are one block, its body and part
 * others.
 */
#include "store/event.h"

#include <stdlib.h>

void zapi_event_free(struct zapi_event *ev)
{
    if (!ev)
        return;
    if (ev->part)
        ev->part->release(ev->part);
    free(ev->body);
    free(ev);
}
