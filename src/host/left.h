/* SPDX-License-Identifier: MIT
 *
 * Says at start what waits in the database for a script that this process does
 * not have (store/left.h): one that was renamed begins with nothing, and nobody
 * would know why. Loop thread.
 */
#ifndef ZAPI_HOST_LEFT_H
#define ZAPI_HOST_LEFT_H

#include "engine/hub.h"
#include "host/fleet.h"

/* When all scripts have joined. In memory nothing happens. */
void zapi_left_warn(struct zapi_hub *hub, struct zapi_fleet *fleet);

#endif
