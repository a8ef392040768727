/* SPDX-License-Identifier: MIT
 *
 * Who the client is behind proxies, honest and lying ones, and the limits per
 * address, which apply only where proxies were named.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "net/peers.h"

static struct zapi_peers *peers(const char *trusted, unsigned connections,
                                unsigned mistakes)
{
    struct zapi_peers_config c = {
        .trusted = trusted, .connections = connections, .mistakes = mistakes};
    struct zapi_error error = {0};
    struct zapi_peers *p = zapi_peers_new(&c, &error);
    if (!p) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return p;
}

static struct sockaddr_storage at(const char *ip)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
        memcpy(&s, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
        memcpy(&s, &v6, sizeof v6);
    return s;
}

static const char *origin(const char *trusted, const char *peer,
                          const char *forwarded)
{
    static char out[ZAPI_PEER_TEXT];
    struct zapi_peers *p = peers(trusted, 0, 0);
    struct sockaddr_storage s = at(peer);
    zapi_peers_origin(p, (struct sockaddr *)&s, forwarded, out);
    zapi_peers_delete(p);
    return out;
}

static void the_last_untrusted_hop(void)
{
    const char *ours = "127.0.0.1, 10.0.0.0/8 ,::1";
    CHECK_STR(origin(ours, "127.0.0.1", "203.0.113.7"), "203.0.113.7");
    CHECK_STR(origin(ours, "127.0.0.1", "1.1.1.1, 203.0.113.7"), "203.0.113.7");
    CHECK_STR(origin(ours, "127.0.0.1", "1.1.1.1,203.0.113.7 , 10.2.3.4"),
              "203.0.113.7");
    CHECK_STR(origin(ours, "::1", "203.0.113.7:4711"), "203.0.113.7");
    CHECK_STR(origin(ours, "::ffff:127.0.0.1", "[2001:db8::1]:80"),
              "2001:db8::1");
    CHECK_STR(origin(ours, "127.0.0.1", "2001:db8::1"), "2001:db8::1");
    /* Nobody but our proxies: the first of them. */
    CHECK_STR(origin(ours, "127.0.0.1", "10.0.0.9, 10.0.0.8"), "10.0.0.9");
    CHECK_STR(origin(ours, "127.0.0.1", NULL), "127.0.0.1");
    CHECK_STR(origin(ours, "127.0.0.1", ""), "127.0.0.1");
    CHECK_STR(origin(ours, "127.0.0.1", ", ,203.0.113.7,, "), "203.0.113.7");
}

static void who_is_no_proxy_is_not_believed(void)
{
    CHECK_STR(origin("10.0.0.0/8", "203.0.113.9", "1.1.1.1"), "203.0.113.9");
    CHECK_STR(origin(NULL, "127.0.0.1", "1.1.1.1"), "127.0.0.1");
    CHECK_STR(origin("", "127.0.0.1", "1.1.1.1"), "127.0.0.1");
    /* What cannot be read ends the walk: nothing before it is believed. */
    CHECK_STR(origin("127.0.0.1", "127.0.0.1", "1.1.1.1, unknown"),
              "127.0.0.1");
    CHECK_STR(origin("127.0.0.1, 10.0.0.1", "127.0.0.1",
                     "1.1.1.1, <script>, 10.0.0.1"),
              "10.0.0.1");
    CHECK_STR(origin("127.0.0.1", "127.0.0.1", "[1"), "127.0.0.1");
}

static void networks_are_compared_by_bits(void)
{
    CHECK_STR(origin("10.0.0.0/9", "10.127.0.1", "1.1.1.1"), "1.1.1.1");
    CHECK_STR(origin("10.0.0.0/9", "10.128.0.1", "1.1.1.1"), "10.128.0.1");
    CHECK_STR(origin("2001:db8::/33", "2001:db8:7fff::1", "1.1.1.1"),
              "1.1.1.1");
    CHECK_STR(origin("2001:db8::/33", "2001:db8:8000::1", "1.1.1.1"),
              "2001:db8:8000::1");
    CHECK_STR(origin("0.0.0.0/0", "9.9.9.9", "1.1.1.1"), "1.1.1.1");
    CHECK_STR(origin("0.0.0.0/0", "2001:db8::1", "1.1.1.1"), "2001:db8::1");
}

static void wrong_lists_are_named(void)
{
    static const char *const wrong[] = {
        "10.0.0.256",     "10.0.0.0/33", "nginx", "10.0.0.1/", "10.0.0.1/x",
        "2001:db8::/129", "10.0.0.1 x",  "/8",    "1/8",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct zapi_peers_config c = {.trusted = wrong[i]};
        struct zapi_error error = {0};
        CHECK(!zapi_peers_new(&c, &error));
        CHECK_INT(error.kind, ZAPI_E_CONFIG);
        CHECK(strstr(error.message, "trusted proxy"));
    }
}

static void one_address_has_its_share(void)
{
    struct zapi_peers *p = peers("127.0.0.1", 2, 0);
    CHECK(zapi_peers_limiting(p));
    CHECK(zapi_peers_enter(p, "1.1.1.1"));
    CHECK(zapi_peers_enter(p, "1.1.1.1"));
    CHECK(!zapi_peers_enter(p, "1.1.1.1"));
    CHECK(zapi_peers_enter(p, "1.1.1.2"));
    zapi_peers_leave(p, "1.1.1.1");
    CHECK(zapi_peers_enter(p, "1.1.1.1"));
    CHECK(!zapi_peers_enter(p, "1.1.1.1"));
    /* A /64 is one client: it has 2^64 addresses to choose from. */
    CHECK(zapi_peers_enter(p, "2001:db8::1"));
    CHECK(zapi_peers_enter(p, "2001:db8::2"));
    CHECK(!zapi_peers_enter(p, "2001:db8::3"));
    CHECK(zapi_peers_enter(p, "2001:db8:0:1::1"));
    zapi_peers_delete(p);
}

static void mistakes_are_counted_by_the_minute(void)
{
    struct zapi_peers *p = peers("127.0.0.1", 0, 3);
    for (int i = 0; i < 3; i++)
        CHECK(!zapi_peers_mistake(p, "1.1.1.1", 100 + i));
    CHECK(zapi_peers_mistake(p, "1.1.1.1", 110));
    CHECK(!zapi_peers_mistake(p, "1.1.1.2", 110));
    CHECK(zapi_peers_mistake(p, "1.1.1.1", 159));
    CHECK(!zapi_peers_mistake(p, "1.1.1.1", 160));
    zapi_peers_delete(p);
}

static void without_proxies_nobody_is_limited(void)
{
    struct zapi_peers *p = peers(NULL, 1, 1);
    CHECK(!zapi_peers_limiting(p));
    for (int i = 0; i < 10; i++) {
        CHECK(zapi_peers_enter(p, "1.1.1.1"));
        CHECK(!zapi_peers_mistake(p, "1.1.1.1", 1));
    }
    zapi_peers_delete(p);
}

/* A flood of addresses costs no more memory, and what is open stays counted. */
static void the_table_is_bounded(void)
{
    struct zapi_peers *p = peers("127.0.0.1", 1, 1);
    char text[32];
    CHECK(zapi_peers_enter(p, "9.9.9.9"));
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(text, sizeof text, "10.%u.%u.%u", i >> 16, (i >> 8) & 255,
                 i & 255);
        zapi_peers_mistake(p, text, i);
    }
    CHECK(!zapi_peers_enter(p, "9.9.9.9"));
    zapi_peers_leave(p, "9.9.9.9");
    CHECK(zapi_peers_enter(p, "9.9.9.9"));
    zapi_peers_delete(p);
}

int main(void)
{
    RUN(the_last_untrusted_hop);
    RUN(who_is_no_proxy_is_not_believed);
    RUN(networks_are_compared_by_bits);
    RUN(wrong_lists_are_named);
    RUN(one_address_has_its_share);
    RUN(mistakes_are_counted_by_the_minute);
    RUN(without_proxies_nobody_is_limited);
    RUN(the_table_is_bounded);
    return CHECK_END();
}
