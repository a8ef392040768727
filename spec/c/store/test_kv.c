/* SPDX-License-Identifier: MIT
 *
 * Values by key: what cannot be read is told from what is not there. (The rest is
 * tried through Lua, in spec/runtime.)
 */
#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/kv.h"

static struct zapi_error error;

static const struct zapi_bytes key = {"k", 1}, value = {"v", 1};

static void on_put(void *arg, enum zapi_db_result result)
{
    CHECK_INT(result, ZAPI_DB_OK);
    flag_raise(arg);
}

static void missing_is_not_unreadable(void)
{
    struct flag put = FLAG;
    struct zapi_kv_found found;
    struct zapi_db *db =
        zapi_db_open(&(struct zapi_db_config){.folder = folder}, &error);
    struct zapi_kv *kv = zapi_kv_new(db, &error);
    CHECK(db && kv);
    CHECK(!zapi_kv_get(kv, "ns", key, 1, &found));
    CHECK(!zapi_kv_failed(kv));
    zapi_kv_put(kv, zapi_kv_write(kv, "ns", key, &value, 10), on_put, &put);
    CHECK(flag_wait(&put, 1));
    CHECK(zapi_kv_get(kv, "ns", key, 1, &found));
    CHECK(found.value.n == 1 && *found.value.p == 'v');
    CHECK(!zapi_kv_get(kv, "ns", key, 11, &found)); /* expired */
    CHECK(!zapi_kv_failed(kv));
    struct zapi_sql *sql =
        zapi_sql_open(zapi_db_path(db), ZAPI_SQL_WRITE, 5000, &error);
    CHECK(zapi_sql_script(sql, "ALTER TABLE kv RENAME TO away"));
    CHECK(!zapi_kv_get(kv, "ns", key, 1, &found));
    CHECK(zapi_kv_failed(kv));
    CHECK(zapi_sql_script(sql, "ALTER TABLE away RENAME TO kv"));
    CHECK(zapi_kv_get(kv, "ns", key, 1, &found));
    CHECK(!zapi_kv_failed(kv));
    zapi_sql_close(sql);
    zapi_db_close(db);
    zapi_kv_delete(kv);
}

int main(void)
{
    folder_make();
    RUN(missing_is_not_unreadable);
    folder_remove();
    return CHECK_END();
}
