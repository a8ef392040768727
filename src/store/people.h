/* SPDX-License-Identifier: MIT
 *
 * Who is who: a phone number and a lid are one person, and so are a Brazilian
 * mobile number with its ninth digit and without. Pairs are learnt from every
 * event and from phone-exists, kept in the table `alias`, and held in memory.
 * The *key* of a person orders events and names sessions; it never changes
 * once it is used, unless two keys turn out to be one person (then one of them
 * becomes the other's, and `merged` says so).
 *
 * A key is the number, of a Brazilian mobile always with its ninth digit (so
 * that both spellings have one key, known or not), else the lid. `phone` is
 * what WhatsApp writes, with or without the digit.
 *
 * Contradicting pairs join nobody: when number and lid belong to two persons
 * that both have the other kind too, nothing is learnt. Thread-safe: one mutex,
 * held for two look-ups. What is written goes to the database by jobs of its
 * own that are never lost, so that a rolled-back event does not leave memory
 * and file apart.
 */
#ifndef ZAPI_STORE_PEOPLE_H
#define ZAPI_STORE_PEOPLE_H

#include "store/db.h"
#include "store/event.h"

struct zapi_people;

/* A delivery that is about to be removed, for whoever holds it in memory. */
typedef void zapi_forget_delivery(void *arg, const char *automation,
                                  const char *order, uint64_t seq);

struct zapi_person { /* all "" when unknown */
    char key[ZAPI_ORDER_MAX];
    char phone[32]; /* canonical: as WhatsApp writes it */
    char lid[48];   /* with "@lid" */
    char name[96];
};

/* db NULL: in memory only. Reads the table. NULL: *error. */
struct zapi_people *zapi_people_new(struct zapi_db *db,
                                    struct zapi_error *error);
/* After the database was closed: its jobs refer to the people. */
void zapi_people_delete(struct zapi_people *p);
/* Two keys are one person from now on: `from` is no longer used. Called on the
 * thread of learn (the writer), before the commit; set before the first learn. */
void zapi_people_watch(struct zapi_people *p,
                       void (*merged)(void *arg, const char *from,
                                      const char *to),
                       void *arg);
/* Writer thread (without db: any). Either may be "" or NULL; `name` too.
 * `canonical`: WhatsApp itself said that this is the number (phone-exists, an
 * event), so it replaces another spelling. When two known keys turn out to be
 * one person: `merged_from` (may be NULL) gets the key that is no longer used,
 * and the waiting deliveries are moved to the other; else "". What is known
 * already costs two look-ups and writes nothing. */
void zapi_people_learn(struct zapi_people *p, struct zapi_sql *sql,
                       const char *phone, const char *lid, const char *name,
                       bool canonical, char merged_from[ZAPI_ORDER_MAX]);
/* Any thread: the person of a phone in any spelling, a lid, or a key. Group,
 * channel and broadcast ids are their own key. Always fills out->key, and the
 * phone or lid that was given. true: known. */
bool zapi_people_find(struct zapi_people *p, const char *id,
                      struct zapi_person *out);
/* The same without people: what can be said of an id by its form alone. */
void zapi_people_read(const char *id, struct zapi_person *out);
/* Learns from anywhere, by a job of its own (phone-exists). Any thread. */
void zapi_people_teach(struct zapi_people *p, const char *phone,
                       const char *lid, const char *name, bool canonical);
/* Removes a person's data everywhere: here, and by zapi_forget_rows. Runs as
 * part of a job on the writer thread. Number of rows removed or emptied. */
size_t zapi_people_forget(struct zapi_people *p, struct zapi_sql *sql,
                          const char *id, zapi_forget_delivery *each,
                          void *arg);
size_t zapi_people_count(struct zapi_people *p);
/* Bytes that they take. */
size_t zapi_people_memory(struct zapi_people *p);

#endif
