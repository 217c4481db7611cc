/* LD_PRELOAD: the FAIL_AT-th write, fsync or rename on a path below FAIL_UNDER fails with errno FAIL_WITH, and so does
   every later write (a full disk stays full, a broken one stays broken). With FAIL_WITH=KILL the process is killed there.
   FAIL_AT=0 only writes a line for each in FAIL_LOG. The orders are read anew each time, also after a fork. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long seen;

static void note(void) {
    int log = open(getenv("FAIL_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log >= 0) syscall(SYS_write, log, "operation\n", 10);
    close(log);
}

static int fails(const char *path) {
    const char *under = getenv("FAIL_UNDER"), *at = getenv("FAIL_AT"), *with = getenv("FAIL_WITH");
    if (!under || !at || !with || !strstr(path, under)) return 0;
    long now = ++seen, wanted = atol(at);
    if (wanted == 0) note();
    if (wanted == 0 || now < wanted) return 0;
    if (!strcmp(with, "KILL")) kill(getpid(), SIGKILL);
    errno = atoi(with);
    return 1;
}

static int fails_on(int file) {
    char link[64], path[4096];
    if (file <= 2) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(path);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int f, const void *b, size_t n) { REAL(write); return fails_on(f) ? -1 : real(f, b, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t o) { REAL(pwrite); return fails_on(f) ? -1 : real(f, b, n, o); }
ssize_t pwrite64(int f, const void *b, size_t n, off64_t o) { REAL(pwrite64); return fails_on(f) ? -1 : real(f, b, n, o); }
int fsync(int f) { REAL(fsync); return fails_on(f) ? -1 : real(f); }
int rename(const char *from, const char *to) { REAL(rename); return fails(from) ? -1 : real(from, to); }
