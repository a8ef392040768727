/* SPDX-License-Identifier: MIT
 *
 * UTF-8, near names, typed phones, folding, constant-time compare.
 */
#include <limits.h>

#include "base/text.h"
#include "check.h"
#include "guard.h"

static bool valid(const char *s)
{
    return zapi_utf8_valid(guard_text(s, strlen(s)), strlen(s));
}

static void utf8_good(void)
{
    CHECK(zapi_utf8_valid("", 0));
    CHECK(zapi_utf8_valid("\0", 1));
    CHECK(valid("abc"));
    CHECK(valid("\xC2\x80") && valid("\xDF\xBF"));
    CHECK(valid("\xE0\xA0\x80") && valid("\xED\x9F\xBF"));
    CHECK(valid("\xEE\x80\x80") && valid("\xEF\xBF\xBF"));
    CHECK(valid("\xF0\x90\x80\x80") && valid("\xF4\x8F\xBF\xBF"));
}

static void utf8_bad(void)
{
    static const char *const bad[] = {
        "\x80",
        "\xBF", /* a tail alone */
        "\xC0\x80",
        "\xC1\xBF", /* overlong, 2 */
        "\xE0\x80\x80",
        "\xE0\x9F\xBF", /* overlong, 3 */
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", /* overlong, 4 */
        "\xED\xA0\x80",
        "\xED\xBF\xBF", /* surrogates */
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", /* above U+10FFFF */
        "\xFE",
        "\xFF", /* never */
        "\xC3",
        "\xE2\x82", /* cut */
        "\xF0\x9F\x98",
        "\xC3(", /* cut, broken */
        "\xE2(\xA1",
        "\xF0\x9F\x28\x80", /* broken */
        "ok\xE2\x82\xAC\x80",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!valid(bad[i]));
    }
}

static void utf8_cut(void)
{
    static const char s[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};

    for (size_t n = 0; n < sizeof want / sizeof want[0]; n++) {
        CHECK_INT(zapi_utf8_cut(guard_text(s, n), n), want[n]);
    }
    CHECK_INT(zapi_utf8_cut("\x80\x80\x80\x80\x80", 5),
              5); /* nothing to save */
}

static unsigned distance(const char *a, const char *b)
{
    return zapi_text_distance(a, strlen(a), b, strlen(b), 1000);
}

static void distances(void)
{
    CHECK_INT(distance("abc", "abc"), 0);
    CHECK_INT(distance("", "abc"), 6);
    CHECK_INT(distance("abc", "abd"), 2);
    CHECK_INT(distance("abc", "acb"), 2); /* neighbours */
    CHECK_INT(distance("abc", "ab"), 2);
    CHECK_INT(distance("kitten", "sitting"), 6);
    CHECK_INT(distance("sendText", "send_text"), 2);
    CHECK_INT(distance("send_text", "sendText"), 2);
    CHECK_INT(zapi_text_distance("abcdef", 6, "uvwxyz", 6, 5), 5);
    char name[100];
    memset(name, 'a', sizeof name);
    CHECK_INT(zapi_text_distance(name, 64, name, 64, 9), 0);
    CHECK_INT(zapi_text_distance(name, 65, name, 65, 9), 9);
}

static bool near(const char *word, const char *candidate)
{
    return zapi_text_nearness(word, candidate) != UINT_MAX;
}

static void did_you_mean(void)
{
    CHECK(near("sendText", "send_text"));
    CHECK(near("mesage", "message"));
    CHECK(near("phon", "phone"));
    CHECK(near("phone", "phone"));
    CHECK(near("delay_message", "delayMessage"));
    CHECK(near("buttonslist", "buttonList"));
    CHECK(near("get_contatc", "get_contact"));
    CHECK(near("ID", "id"));
    CHECK(near("SENDTEXT", "send_text"));
    CHECK(near("s_e_n_d_text_", "sendText"));
    CHECK(zapi_text_nearness("send_txt", "send_text") <
          zapi_text_nearness("send_txt", "send_ptv"));
    CHECK_INT(zapi_text_nearness("phone", "phone"), 0);
}

static void not_meant(void)
{
    CHECK(!near("image", "message"));
    CHECK(!near("id", "to"));
    CHECK(!near("id", "is"));
    CHECK(!near("text", "phone"));
    CHECK(!near("caption", "footer"));
    CHECK(!near("send_text", "read_message"));
    CHECK(!near("foo", "bar"));
    CHECK(!near("", "phone"));
    CHECK(!near("phone", ""));
}

static const char *phone(const char *typed)
{
    static char out[64];
    size_t n = zapi_phone_clean(typed, strlen(typed), out);

    return n == strlen(out) ? out : "(wrong length)";
}

static void phones(void)
{
    CHECK_STR(phone("+55 (11) 99999-0001"), "5511999990001");
    CHECK_STR(phone("55.11.99999.0001"), "5511999990001");
    CHECK_STR(phone("5511999990001"), "5511999990001");
    CHECK_STR(phone("5511999990001-1623281429"), "5511999990001-1623281429");
    CHECK_STR(phone("1234567890-1623281429"), "1234567890-1623281429");
    CHECK_STR(phone("123456789-1623281429"), "1234567891623281429");
    CHECK_STR(phone("5511999990001-162328142"), "5511999990001162328142");
    CHECK_STR(phone("120363019502650977-group"), "120363019502650977-group");
    CHECK_STR(phone("100000000000001@lid"), "100000000000001@lid");
    CHECK_STR(phone("120363@newsletter"), "120363@newsletter");
    CHECK_STR(phone("1623281429-broadcast"), "1623281429-broadcast");
    CHECK_STR(phone("status@broadcast"), "status@broadcast");
    CHECK_STR(phone("+ () -"), "+ () -");
    CHECK_STR(phone(""), "");
    char out[8];
    CHECK_INT(zapi_phone_clean("55\0"
                               "11",
                               5, out),
              5);
    CHECK(memcmp(out,
                 "55\0"
                 "11",
                 6) == 0);
}

static const char *fold(const char *s)
{
    static char out[256];
    struct zapi_buf b;

    zapi_buf_init(&b, sizeof out - 1);
    zapi_text_fold(&b, guard_text(s, strlen(s)), strlen(s));
    snprintf(out, sizeof out, "%s", zapi_buf_str(&b));
    zapi_buf_free(&b);
    return out;
}

static void folding(void)
{
    CHECK_STR(fold("Não, OBRIGADO"), "nao, obrigado");
    CHECK_STR(fold("ÁÀÂÃÄÅ áàâãäå ÇçÑñ"), "aaaaaa aaaaaa ccnn");
    CHECK_STR(fold("ÉÊË íïì ÓÔÕÖØ úüÿÝ"), "eee iii ooooo uuyy");
    CHECK_STR(fold("ÆæŒœßÞþ×÷"), "aeaeoeoessthth×÷");
    CHECK_STR(fold("Łódź Şişli Žižek ĳ"), "lodz sisli zizek ij");
    CHECK_STR(fold("na\xCC\x83o"), "nao"); /* decomposed */
    CHECK_STR(fold("1º ¿? ƒ € 日本 😀"), "1º ¿? ƒ € 日本 😀");
    CHECK_STR(fold("a\xFF\xC3"), "a\xFF\xC3"); /* no UTF-8: copied */
    CHECK_STR(fold(""), "");
}

static void equal(void)
{
    CHECK(zapi_text_equal_ct("secret", 6, "secret", 6));
    CHECK(!zapi_text_equal_ct("secret", 6, "secreT", 6));
    CHECK(!zapi_text_equal_ct("secret", 6, "secre", 5));
    CHECK(!zapi_text_equal_ct("abab", 4, "ab", 2));
    CHECK(!zapi_text_equal_ct("", 0, "ab", 2));
    CHECK(!zapi_text_equal_ct("ab", 2, "", 0));
    CHECK(!zapi_text_equal_ct("\0", 1, "", 0));
    CHECK(zapi_text_equal_ct("", 0, "", 0));
}

int main(void)
{
    RUN(utf8_good);
    RUN(utf8_bad);
    RUN(utf8_cut);
    RUN(distances);
    RUN(did_you_mean);
    RUN(not_meant);
    RUN(phones);
    RUN(folding);
    RUN(equal);
    return CHECK_END();
}
