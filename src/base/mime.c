/* SPDX-License-Identifier: MIT
 *
 * Two tables: what files begin with, and what extensions mean. Of several
 * extensions of one type the first is the one that is given. Owns nothing.
 */
#include "base/mime.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define OFFICE "application/vnd.openxmlformats-officedocument."
#define OASIS  "application/vnd.oasis.opendocument."

static const struct {
    const char *extension, *mime;
} extensions[] = {
    {"pdf", "application/pdf"},
    {"doc", "application/msword"},
    {"docx", OFFICE "wordprocessingml.document"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", OFFICE "spreadsheetml.sheet"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", OFFICE "presentationml.presentation"},
    {"odt", OASIS "text"},
    {"ods", OASIS "spreadsheet"},
    {"odp", OASIS "presentation"},
    {"rtf", "application/rtf"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"7z", "application/x-7z-compressed"},
    {"rar", "application/vnd.rar"},
    {"apk", "application/vnd.android.package-archive"},
    {"epub", "application/epub+zip"},
    {"txt", "text/plain"},
    {"csv", "text/csv"},
    {"html", "text/html"},
    {"htm", "text/html"},
    {"xml", "text/xml"},
    {"ics", "text/calendar"},
    {"vcf", "text/vcard"},
    {"md", "text/markdown"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"bmp", "image/bmp"},
    {"tiff", "image/tiff"},
    {"tif", "image/tiff"},
    {"svg", "image/svg+xml"},
    {"heic", "image/heic"},
    {"avif", "image/avif"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"oga", "audio/ogg"},
    {"m4a", "audio/mp4"},
    {"aac", "audio/aac"},
    {"amr", "audio/amr"},
    {"wav", "audio/wav"},
    {"flac", "audio/flac"},
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"mov", "video/quicktime"},
    {"3gp", "video/3gpp"},
    {"webm", "video/webm"},
    {"mkv", "video/x-matroska"},
    {"avi", "video/x-msvideo"},
};

/* `at` bytes into the file; a second piece where one does not tell enough. */
static const struct {
    unsigned char at, size, at2, size2;
    const char *bytes, *bytes2, *mime;
} signatures[] = {
    {0, 3, 0, 0, "\xFF\xD8\xFF", NULL, "image/jpeg"},
    {0, 8, 0, 0, "\x89PNG\r\n\x1A\n", NULL, "image/png"},
    {0, 5, 0, 0, "GIF87", NULL, "image/gif"},
    {0, 5, 0, 0, "GIF89", NULL, "image/gif"},
    {0, 4, 8, 4, "RIFF", "WEBP", "image/webp"},
    {0, 4, 8, 4, "RIFF", "WAVE", "audio/wav"},
    {0, 4, 8, 4, "RIFF", "AVI ", "video/x-msvideo"},
    {0, 4, 0, 0, "II*\0", NULL, "image/tiff"},
    {0, 4, 0, 0, "MM\0*", NULL, "image/tiff"},
    {0, 2, 6, 4, "BM", "\0\0\0\0", "image/bmp"},
    {0, 5, 0, 0, "%PDF-", NULL, "application/pdf"},
    {0, 5, 0, 0, "{\\rtf", NULL, "application/rtf"},
    {0, 4, 0, 0, "OggS", NULL, "audio/ogg"},
    {0, 3, 0, 0, "ID3", NULL, "audio/mpeg"},
    {0, 4, 0, 0, "fLaC", NULL, "audio/flac"},
    {0, 5, 0, 0, "#!AMR", NULL, "audio/amr"},
    {4, 4, 8, 3, "ftyp", "M4A", "audio/mp4"},
    {4, 4, 8, 4, "ftyp", "heic", "image/heic"},
    {4, 4, 8, 4, "ftyp", "heix", "image/heic"},
    {4, 4, 8, 4, "ftyp", "mif1", "image/heic"},
    {4, 4, 8, 4, "ftyp", "avif", "image/avif"},
    {4, 4, 8, 2, "ftyp", "qt", "video/quicktime"},
    {4, 4, 8, 3, "ftyp", "3gp", "video/3gpp"},
    {4, 4, 0, 0, "ftyp", NULL, "video/mp4"},
    {0, 4, 31, 4, "\x1A\x45\xDF\xA3", "webm", "video/webm"},
    {0, 4, 24, 4, "\x1A\x45\xDF\xA3", "webm", "video/webm"},
    {0, 4, 0, 0, "\x1A\x45\xDF\xA3", NULL, "video/x-matroska"},
    {0, 4, 0, 0, "PK\3\4", NULL, "application/zip"},
    {0, 8, 0, 0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", NULL,
     "application/x-ole-storage"},
    {0, 3, 0, 0, "\x1F\x8B\x08", NULL, "application/gzip"},
    {0, 6, 0, 0, "7z\xBC\xAF\x27\x1C", NULL, "application/x-7z-compressed"},
    {0, 6, 0, 0, "Rar!\x1A\x07", NULL, "application/vnd.rar"},
};

static bool has(const unsigned char *head, size_t len, size_t at,
                const char *bytes, size_t size)
{
    return !bytes || (at + size <= len && memcmp(head + at, bytes, size) == 0);
}

/* A frame of MPEG audio has no magic word, only a pattern of bits: 11 ones,
 * no reserved version, layer, bit rate or sampling rate. Layer 0 is AAC. */
static const char *of_audio_frame(const unsigned char *p, size_t len)
{
    if (len < 4 || p[0] != 0xFF)
        return NULL;
    if ((p[1] & 0xF6) == 0xF0)
        return "audio/aac";
    if ((p[1] & 0xE0) != 0xE0 || (p[1] & 0x18) == 0x08 || (p[1] & 0x06) == 0)
        return NULL;
    return (p[2] & 0xF0) != 0xF0 && (p[2] & 0x0C) != 0x0C ? "audio/mpeg" : NULL;
}

const char *zapi_mime_of_bytes(const void *head, size_t len)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        if (has(head, len, signatures[i].at, signatures[i].bytes,
                signatures[i].size) &&
            has(head, len, signatures[i].at2, signatures[i].bytes2,
                signatures[i].size2))
            return signatures[i].mime;
    return of_audio_frame(head, len);
}

static bool same(const char *word, const char *s, size_t len)
{
    return strlen(word) == len && strncasecmp(word, s, len) == 0;
}

const char *zapi_mime_of_extension(const char *extension, size_t len)
{
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (same(extensions[i].extension, extension, len))
            return extensions[i].mime;
    return NULL;
}

const char *zapi_mime_extension(const char *mime, size_t len)
{
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (same(extensions[i].mime, mime, len))
            return extensions[i].extension;
    return NULL;
}
