/* SPDX-License-Identifier: MIT
 *
 * Look-up in the generated table of embedded files. See assets.h; nothing
 * here is allocated.
 */
#include "host/assets.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *name, const void *row)
{
    const struct zapi_asset *asset = row;
    return strcmp(name, asset->name);
}

const struct zapi_asset *zapi_asset_find(const char *name)
{
    return bsearch(name, zapi_assets, zapi_asset_count, sizeof zapi_assets[0],
                   compare);
}
