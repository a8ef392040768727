/* SPDX-License-Identifier: MIT
 *
 * The ranges are those of IANA's special-purpose registries. IPv4 is a list of
 * what is not public. IPv6 is the other way round: only 2000::/3 is public,
 * with a few holes, and an address that carries an IPv4 one (mapped, NAT64,
 * 6to4) is judged by what it carries: otherwise ::ffff:127.0.0.1 would walk
 * past the first list.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
    uint32_t net;
    unsigned bits;
};

struct range6 {
    uint8_t net[16];
    unsigned bits;
};

#define NET4(a, b, c) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (c) << 8)

static const struct range4 private4[] = {
    {NET4(0, 0, 0), 8},       {NET4(10, 0, 0), 8},
    {NET4(100, 64, 0), 10}, /* carrier NAT */
    {NET4(127, 0, 0), 8},     {NET4(169, 254, 0), 16},
    {NET4(172, 16, 0), 12},   {NET4(192, 0, 0), 24},
    {NET4(192, 0, 2), 24},    {NET4(192, 88, 99), 24},
    {NET4(192, 168, 0), 16},  {NET4(198, 18, 0), 15},
    {NET4(198, 51, 100), 24}, {NET4(203, 0, 113), 24},
    {NET4(224, 0, 0), 4}, /* multicast */
    {NET4(240, 0, 0), 4}, /* reserved, broadcast */
};

static const struct range6 mapped4 = {{[10] = 0xff, [11] = 0xff}, 96};
static const struct range6 nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const struct range6 sixtofour = {{0x20, 0x02}, 16};
static const struct range6 global6 = {{0x20}, 3};
static const struct range6 private6[] = {
    {{0x20, 0x01}, 23},             /* Teredo, ORCHID, protocol use */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool in_range6(const uint8_t *ip, const struct range6 *range)
{
    size_t whole = range->bits / 8;
    unsigned rest = range->bits % 8;

    if (memcmp(ip, range->net, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    return ((ip[whole] ^ range->net[whole]) >> (8 - rest)) == 0;
}

static bool public4(uint32_t ip)
{
    for (size_t i = 0; i < sizeof private4 / sizeof *private4; i++)
        if (((ip ^ private4[i].net) >> (32 - private4[i].bits)) == 0)
            return false;
    return true;
}

static uint32_t carried4(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static bool public6(const uint8_t *ip)
{
    if (in_range6(ip, &mapped4) || in_range6(ip, &nat64))
        return public4(carried4(ip + 12));
    if (in_range6(ip, &sixtofour))
        return public4(carried4(ip + 2));
    if (!in_range6(ip, &global6))
        return false;
    for (size_t i = 0; i < sizeof private6 / sizeof *private6; i++)
        if (in_range6(ip, &private6[i]))
            return false;
    return true;
}

bool zapi_address_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return public4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        return public6(v6.sin6_addr.s6_addr);
    }
    return false;
}

bool zapi_address_public_text(const char *ip)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, ip, &v4) == 1)
        return public4(ntohl(v4.s_addr));
    if (inet_pton(AF_INET6, ip, &v6) == 1)
        return public6(v6.s6_addr);
    return false;
}
