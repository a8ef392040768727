/* SPDX-License-Identifier: MIT
 *
 * Numbers for operators, in one process-wide registry; written as Prometheus'
 * text format. Names and help come from one table in metrics.c; labels are
 * given ready-made (`kind="text",result="stored"`), values escaped with
 * zapi_metrics_label. Thread-safe. At most 2,000 series, 1,000 of one metric:
 * what is more is counted in zapibot_metrics_dropped_total, never stored (a
 * hostile peer chooses names of kinds). No secret and no phone number may be a
 * label.
 */
#ifndef ZAPI_BASE_METRICS_H
#define ZAPI_BASE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* X(identifier, "name", counter|gauge|histogram, "help") */
#define ZAPI_METRICS(X)                                                       \
    X(EVENTS, "zapibot_events_total", counter,                                \
      "webhook events by kind and result (stored, duplicate, unwanted, "      \
      "refused)")                                                             \
    X(DEPTH, "zapibot_inbox_depth", gauge, "deliveries that wait")            \
    X(OLDEST, "zapibot_inbox_oldest_seconds", gauge,                          \
      "age of the oldest waiting delivery")                                   \
    X(LAST_EVENT, "zapibot_last_event_timestamp_seconds", gauge,              \
      "when the last event arrived")                                          \
    X(HANDLERS, "zapibot_handlers_running", gauge, "handlers that run")       \
    X(HANDLED, "zapibot_handled_total", counter,                              \
      "handlers that ended, by outcome (done, dead, retry, later)")           \
    X(HANDLER_SECONDS, "zapibot_handler_seconds", histogram,                  \
      "how long handlers took, waiting included")                             \
    X(COMMIT_SECONDS, "zapibot_commit_seconds", histogram,                    \
      "how long commits took")                                                \
    X(CALLS, "zapibot_calls_total", counter,                                  \
      "calls by endpoint and kind of error (ok when none)")                   \
    X(RETRIES, "zapibot_retries_total", counter, "handlers tried again")      \
    X(DEAD, "zapibot_dead_letters", gauge, "dead letters kept")               \
    X(UNKNOWN, "zapibot_sends_unknown", gauge,                                \
      "sends of which nobody knows whether they arrived")                     \
    X(QUEUED, "zapibot_outbox_queued", gauge, "messages that wait to leave")  \
    X(GUARD, "zapibot_guard_stops_total", counter,                            \
      "sends held back, by reason (loop, cold, shadow_ban)")                  \
    X(MEMORY, "zapibot_lua_bytes", gauge, "memory of scripts, by automation") \
    X(RSS, "zapibot_resident_bytes", gauge, "memory of the process")          \
    X(LAG, "zapibot_loop_lag_seconds", gauge,                                 \
      "how late the loop ran its last timer")                                 \
    X(OVERRUNS, "zapibot_overruns_total", counter,                            \
      "handlers ended because they computed too long")                        \
    X(DUE, "zapibot_instance_due_timestamp_seconds", gauge,                   \
      "when the instance's subscription ends")                                \
    X(ELSEWHERE, "zapibot_webhooks_elsewhere", gauge,                         \
      "webhook addresses of the instance that are not the bot's")             \
    X(CONNECTED, "zapibot_instance_connected", gauge,                         \
      "1 when the instance is connected to WhatsApp, as far as is known")     \
    X(UNKNOWN_INSTANCE, "zapibot_unknown_instance_total", counter,            \
      "webhooks of an instance that no bot has")                              \
    X(TOKEN, "zapibot_webhook_token_total", counter,                          \
      "the header z-api-token by result (ok, missing, wrong)")                \
    X(REFUSED, "zapibot_refused_total", counter,                              \
      "requests refused by the door, by status")                              \
    X(UNCLEAN, "zapibot_unclean_ends", gauge,                                 \
      "how often the process did not end in order")                           \
    X(CERTIFICATE, "zapibot_certificate_seconds", gauge,                      \
      "seconds until the certificate of a door ends")                         \
    X(STORE, "zapibot_store_writable", gauge,                                 \
      "1 when something can be stored")                                       \
    X(UP, "zapibot_start_timestamp_seconds", gauge, "when this process began")

enum zapi_metric {
#define X(id, name, type, help) ZAPI_M_##id,
    ZAPI_METRICS(X)
#undef X
        ZAPI_M_COUNT
};

/* labels: NULL or "" for none. */
void zapi_metrics_add(enum zapi_metric m, const char *labels, uint64_t n);
void zapi_metrics_set(enum zapi_metric m, const char *labels, double v);
void zapi_metrics_observe(enum zapi_metric m, const char *labels,
                          double seconds);
/* A gauge by its name, for callers without the table. false: there is none. */
bool zapi_metrics_gauge(const char *name, enum zapi_metric *out);
/* Removes the gauges of a metric whose labels may have changed. */
void zapi_metrics_forget(enum zapi_metric m);
/* Writes `name="value"` with the value escaped and cut at 64 bytes. Returns
 * out. */
char *zapi_metrics_label(char *out, size_t room, const char *name,
                         const char *value);
void zapi_metrics_write(struct zapi_buf *out);
/* Does anybody look at them? What costs a call is not measured for nobody. Any
 * thread. */
void zapi_metrics_watch(bool on);
bool zapi_metrics_watched(void);
void zapi_metrics_clear(void); /* tests, end of the program */

#endif
