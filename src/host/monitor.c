/* SPDX-License-Identifier: MIT
 *
 * See monitor.h. Owned by the program; the watch inside is lent to its states.
 * Start reading at look: one glance at the loop thread, and when to look next.
 */
#include "host/monitor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "base/log.h"
#include "store/stuck.h"

#define MS (uint64_t)1000000
/* A hook may have missed the coroutine that computes: tried again so often. */
#define AGAIN (20 * MS)
/* Woken so much later than it wanted, the process has not been running. */
#define STOOD_STILL (250 * MS)
#define LAST_WORDS  2 /* seconds that logging may take */

#ifdef SIGRTMIN
#define END_SIGNAL (SIGRTMIN + 3)
#else
#define END_SIGNAL SIGURG
#endif

struct zapi_monitor {
    struct zapi_watch watch;
    char *folder; /* owned; NULL: none */
    uint64_t budget, shortest, stuck;
    pthread_t loop;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t wake;
    bool over; /* under the lock */
    struct sigaction before;

    /* The monitor thread's own. */
    uint64_t run;      /* the one that `forgiven` belongs to */
    uint64_t forgiven; /* ns in which the process stood still */
    uint64_t looked;   /* when, last */
    uint64_t planned;  /* when it wanted to look again */
};

static void on_end_signal(int signum)
{
    int saved = errno;
    (void)signum;
    zapi_watch_arm();
    errno = saved;
}

/* The loop thread may hold any lock, that of the log too: an alarm ends the
 * process when the log cannot be written. */
static void end_process(struct zapi_monitor *m, uint64_t ran)
{
    struct zapi_watch *w = &m->watch;
    const char *name = atomic_load(&w->name);
    uint64_t seq = atomic_load(&w->seq);
    char text[320], event[32] = "a task";
    signal(SIGALRM, SIG_DFL);
    alarm(LAST_WORDS);
    if (m->folder && seq > 0 && name) {
        zapi_stuck_write(m->folder, name, seq, (int64_t)time(NULL));
        snprintf(event, sizeof event, "event %llu", (unsigned long long)seq);
    }
    snprintf(text, sizeof text,
             "%s has held the loop for %.1f s where it cannot be stopped "
             "(inside a C function, as string.find with a slow pattern, or in "
             "a finalizer): the process ends",
             event, (double)ran / 1e9);
    zapi_log_as(name, ZAPI_LOG_ERROR, text, strlen(text));
    _exit(ZAPI_EXIT_STUCK);
}

/* How long it has run, without the time in which nobody did: when a look comes
 * much too late, it is not known when the process stood still since the one
 * before, so none of that counts. */
static uint64_t ran(struct zapi_monitor *m, uint64_t since, uint64_t now)
{
    if (m->run != since) {
        m->run = since;
        m->forgiven = 0;
    }
    if (now > m->planned + STOOD_STILL) {
        m->forgiven += now - (m->looked > since ? m->looked : since);
    }
    return now > since + m->forgiven ? now - since - m->forgiven : 0;
}

/* Returns the ns until the next look. */
static uint64_t look(struct zapi_monitor *m)
{
    struct zapi_watch *w = &m->watch;
    uint64_t since = atomic_load(&w->since), now = uv_hrtime(), took;
    uint64_t soft = atomic_load(&w->soft), hard = m->stuck;
    soft = soft ? soft : m->budget;
    if (since == 0) {
        return m->shortest; /* what begins now is not late before */
    }
    if (atomic_load_explicit(&w->main, memory_order_relaxed)) {
        soft = m->stuck;
        hard = 2 * m->stuck;
    }
    took = ran(m, since, now);
    if (took < soft) {
        /* The next one may have less time than this one. */
        return soft - took < m->shortest ? soft - took : m->shortest;
    }
    if (took >= hard && atomic_load(&w->since) == since) {
        end_process(m, took);
    }
    atomic_store(&w->target, since);
    pthread_kill(m->loop, END_SIGNAL);
    return AGAIN;
}

static void run(void *arg)
{
    struct zapi_monitor *m = arg;
    uv_mutex_lock(&m->lock);
    m->looked = m->planned = uv_hrtime();
    while (!m->over) {
        uint64_t wait = look(m);
        m->looked = uv_hrtime();
        m->planned = m->looked + wait;
        uv_cond_timedwait(&m->wake, &m->lock, wait);
    }
    uv_mutex_unlock(&m->lock);
}

/* Signals are the loop thread's. */
static bool start_thread(struct zapi_monitor *m)
{
    sigset_t all, old;
    bool ok;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    ok = uv_thread_create(&m->thread, run, m) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

static void take_away(struct zapi_monitor *m)
{
    zapi_watch_install(NULL);
    sigaction(END_SIGNAL, &m->before, NULL);
    uv_cond_destroy(&m->wake);
    uv_mutex_destroy(&m->lock);
    free(m->folder);
    free(m);
}

struct zapi_monitor *
zapi_monitor_start(const struct zapi_monitor_config *config)
{
    struct sigaction sa = {.sa_handler = on_end_signal, .sa_flags = SA_RESTART};
    struct zapi_monitor *m = calloc(1, sizeof *m);
    if (!m) {
        return NULL;
    }
    m->budget = (uint64_t)(config->budget * 1e9);
    m->shortest = (uint64_t)(config->shortest * 1e9);
    m->stuck = (uint64_t)(config->stuck * 1e9);
    m->watch.budget = config->budget;
    m->watch.main_budget = config->stuck;
    m->folder = config->folder ? strdup(config->folder) : NULL;
    m->loop = pthread_self();
    uv_mutex_init(&m->lock);
    uv_cond_init(&m->wake);
    sigemptyset(&sa.sa_mask);
    sigaction(END_SIGNAL, &sa, &m->before);
    zapi_watch_install(&m->watch);
    if (!start_thread(m)) {
        take_away(m);
        return NULL;
    }
    return m;
}

struct zapi_watch *zapi_monitor_watch(struct zapi_monitor *m)
{
    return m ? &m->watch : NULL;
}

void zapi_monitor_stop(struct zapi_monitor *m)
{
    if (m) {
        uv_mutex_lock(&m->lock);
        m->over = true;
        uv_cond_signal(&m->wake);
        uv_mutex_unlock(&m->lock);
        uv_thread_join(&m->thread);
        take_away(m);
    }
}
