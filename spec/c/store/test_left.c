/* SPDX-License-Identifier: MIT
 *
 * What the file holds for names that nobody has: found by each kind of row, and
 * counted; nothing is said of who is here, of what has gone, of what is nobody's.
 */
#include "check.h"
#include "folder.h"
#include "store/connection.h"
#include "store/left.h"
#include "store/schema.h"

static struct zapi_sql *sql;
static char said[600];

static bool is_known(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "here.lua") == 0;
}

static void on_left(void *arg, const struct zapi_left *l)
{
    size_t at = strlen(said);
    (void)arg;
    snprintf(said + at, sizeof said - at, "%s:%d,%d,%d,%d,%d ", l->name,
             (int)l->events, (int)l->questions, (int)l->messages,
             (int)l->timers, (int)l->values);
}

static const char *look(double now)
{
    said[0] = '\0';
    zapi_sql_failed(sql, NULL);
    zapi_left_each(sql, now, is_known, on_left, NULL);
    CHECK(!zapi_sql_failed(sql, NULL));
    return said;
}

static void run(const char *text)
{
    CHECK(zapi_sql_script(sql, text));
}

static void begin(void)
{
    struct zapi_error error;
    const char *path;
    folder_make();
    path = folder_file("l.db");
    fclose(fopen(path, "w"));
    sql = zapi_sql_open(path, ZAPI_SQL_WRITE, 100, &error);
    CHECK(sql && zapi_schema_migrate(sql, path, &error));
}

static void end(void)
{
    zapi_sql_close(sql);
    folder_remove();
}

static void each_kind_of_row_is_found(void)
{
    begin();
    CHECK_STR(look(100), "");
    run("INSERT INTO automation(id,name) VALUES(1,'here.lua'),(2,'old.lua'),"
        "(3,'gone.lua'),(4,'dead.lua');"
        "INSERT INTO delivery(automation,person,seq,state) VALUES(1,'p',1,0),"
        "(2,'p',1,0),(2,'p',2,1),(2,'p',3,2),(2,'q',4,3),(4,'p',1,2)");
    CHECK_STR(look(100), "old.lua:2,1,0,0,0 ");
    run("INSERT INTO timer(automation,name,due) VALUES('here.lua','a',1),"
        "('t.lua','a',1),('t.lua','b',1)");
    run("INSERT INTO send(automation,state,at) VALUES('here.lua',0,1),"
        "('m.lua',0,1),('m.lua',3,1),('n.lua',7,1)");
    CHECK_STR(look(100), "old.lua:2,1,0,0,0 m.lua:0,0,1,0,0 t.lua:0,0,0,2,0 ");
    end();
}

static void values_are_those_of_stores_sessions_and_flows(void)
{
    begin();
    run("INSERT INTO kv(ns,k,v,expires) VALUES"
        "('here.lua'||char(2)||'orders','1','',NULL),"
        "(char(2)||'shared','1','',NULL),"
        "('old.lua'||char(2)||'orders','1','',NULL),"
        "('old.lua'||char(2)||'orders','2','',100),"
        "('old.lua'||char(2)||'prices','1','',NULL),"
        "(char(1)||'session:old.lua','p','',NULL),"
        "(char(1)||'state:old.lua','p','',NULL),"
        "(char(1)||'session:here.lua','p','',NULL),"
        "(char(1)||'handover:INSTANCE','p','',NULL)");
    CHECK_STR(look(99), "old.lua:0,0,0,0,5 ");
    CHECK_STR(look(100), "old.lua:0,0,0,0,4 ");
    end();
}

static void many_names_and_many_values_end(void)
{
    begin();
    run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE"
        " i<12000) INSERT INTO kv(ns,k,v)"
        " SELECT 'a.lua'||char(2)||'s',i,'' FROM n");
    run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE"
        " i<40) INSERT INTO timer(automation,name,due)"
        " SELECT 'x'||(100+i),'t',1 FROM n");
    look(1);
    CHECK(strstr(said, "x101:0,0,0,1,0 ") == said);
    CHECK(strstr(said, "x116:") != NULL && strstr(said, "x117:") == NULL);
    run("DELETE FROM timer");
    CHECK_STR(look(1), "a.lua:0,0,0,0,10000 ");
    end();
}

int main(void)
{
    RUN(each_kind_of_row_is_found);
    RUN(values_are_those_of_stores_sessions_and_flows);
    RUN(many_names_and_many_values_end);
    return CHECK_END();
}
