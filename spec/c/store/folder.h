/* SPDX-License-Identifier: MIT
 *
 * For the store's C tests: a temporary folder that is removed at the end, and
 * a flag that another thread sets and the test waits for.
 */
#ifndef ZAPI_SPEC_FOLDER_H
#define ZAPI_SPEC_FOLDER_H

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char folder[64];

static inline void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/zapi-store-XXXXXX");
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(2);
    }
}

static inline const char *folder_file(const char *name)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline void folder_remove(void)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            unlink(folder_file(e->d_name));
    if (d)
        closedir(d);
    rmdir(folder);
}

struct flag {
    pthread_mutex_t lock;
    pthread_cond_t news;
    int n;
};

#define FLAG                                                   \
    {                                                          \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 \
    }

static inline void flag_raise(struct flag *f)
{
    pthread_mutex_lock(&f->lock);
    f->n++;
    pthread_cond_broadcast(&f->news);
    pthread_mutex_unlock(&f->lock);
}

/* Until it was raised n times; false: not within 20 seconds. */
static inline bool flag_wait(struct flag *f, int n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&f->lock);
    while (f->n < n && pthread_cond_timedwait(&f->news, &f->lock, &until) == 0)
        ;
    bool ok = f->n >= n;
    pthread_mutex_unlock(&f->lock);
    return ok;
}

#endif
