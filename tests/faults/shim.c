/* Faults on demand: an LD_PRELOAD library that numbers every call which changes (or reads) files below one folder, and
 * at a chosen number kills the process, fills the disk or breaks it.
 *
 *     cc -shared -fPIC -O1 -o shim.so shim.c
 *     AIDB_FAULT=kill:17 AIDB_FAULT_ROOT=/canonical/folder AIDB_FAULT_LOG=/elsewhere/log LD_PRELOAD=./shim.so command ...
 *
 * A forked server calls arm() instead of setting the environment. Wrappers make the system call themselves, so that
 * nothing here depends on the order in which libraries were loaded. What libc does inside itself (fwrite, mkstemp) and
 * writes through a shared mapping are not seen; test_shim.py compares with strace to show that aidb does neither.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM 8192 /* for a path and its folder */

enum mode { OFF, COUNT, KILL, TORN, FULL, FULL_ONCE, BROKEN, BROKEN_ONCE, COUNT_READS, UNREADABLE, UNREADABLE_ONCE };
enum kind { MAKES, WRITES, CHANGES, SYNCS, READS };
enum verdict { GO, FAIL, HALF };

static const char *const MODE_NAMES[] = {"off",         "count",       "kill",       "torn",           "full", "full-once", "broken",
                                         "broken-once", "count-reads", "unreadable", "unreadable-once"};

static struct {
    enum mode mode;
    long step;
    int log;
    char root[ROOM];
    size_t root_length;
    atomic_long *count; /* shared with forked children */
} plan = {.log = -1};

/* ------------------------------------------------------------------------------------------------ arming */

static enum mode mode_named(const char *name) {
    for (int i = 0; i <= UNREADABLE_ONCE; i++)
        if (strcmp(name, MODE_NAMES[i]) == 0) return (enum mode)i;
    fprintf(stderr, "shim: unknown mode %s\n", name);
    _exit(97);
}

/* Start counting from 1. `log` may be empty. Exported: a forked child of a server calls it before it runs a command. */
void arm(const char *root, const char *mode, long step, const char *log) {
    plan.count = mmap(NULL, sizeof *plan.count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(plan.root, sizeof plan.root, "%s", root);
    plan.root_length = strlen(plan.root);
    plan.step = step;
    if (*log) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        plan.log = fcntl(fd, F_DUPFD_CLOEXEC, 500); /* out of the way of numbers that programs take for granted */
        syscall(SYS_close, fd);
    }
    plan.mode = mode_named(mode);
}

__attribute__((constructor)) static void arm_from_environment(void) {
    const char *fault = getenv("AIDB_FAULT"), *root = getenv("AIDB_FAULT_ROOT"), *log = getenv("AIDB_FAULT_LOG");
    if (fault && root) {
        char mode[32] = "";
        long step = 0;
        sscanf(fault, "%31[^:]:%ld", mode, &step);
        arm(root, mode, step, log ? log : "");
    }
    unsetenv("LD_PRELOAD"); /* programs that the command starts are not under test */
}

/* ------------------------------------------------------------------------------------------------ paths */

static const char *path_of(int fd, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, out, ROOM - 1);
    out[length > 0 ? length : 0] = '\0';
    return out;
}

static const char *path_at(int folder, const char *path, char *out) {
    if (path[0] == '/') {
        snprintf(out, ROOM, "%s", path);
        return out;
    }
    if (folder == AT_FDCWD) {
        if (syscall(SYS_getcwd, out, ROOM) < 0) out[0] = '\0';
    } else {
        path_of(folder, out);
    }
    size_t length = strlen(out);
    snprintf(out + length, ROOM - length, "/%s", path);
    return out;
}

static int below_root(const char *path) {
    if (!path || strncmp(path, plan.root, plan.root_length) != 0) return 0;
    return path[plan.root_length] == '/' || path[plan.root_length] == '\0';
}

/* ------------------------------------------------------------------------------------------------ deciding */

static char *append_escaped(char *to, const char *end, const char *text) {
    for (; text && *text && to + 4 < end; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 32 || c == '%' || c == 127) to += sprintf(to, "%%%02X", c);
        else *to++ = (char)c;
    }
    return to;
}

/* One line: number, call, path, second path, size; separated by tabs. One write, so that threads do not mix lines. */
static void log_step(long number, const char *call, const char *path, const char *other, long long size) {
    char line[4 * ROOM], *end = line + sizeof line - 64;
    char *to = line + sprintf(line, "%ld\t%s\t", number, call);
    to = append_escaped(to, end, path);
    *to++ = '\t';
    to = append_escaped(to, end, other);
    to += sprintf(to, "\t%lld\n", size);
    syscall(SYS_write, plan.log, line, (size_t)(to - line));
}

static void die(void) {
    kill(0, SIGKILL); /* the whole process group: forked helpers go down together, as in a power cut */
    _exit(98);
}

static enum verdict judge(long number, enum kind kind, long long size) {
    int now = number == plan.step, since = plan.step > 0 && number >= plan.step;
    int divisible = kind == WRITES && size > 1;
    switch (plan.mode) {
    case KILL:
        if (now) die();
        return GO;
    case TORN:
        if (now && !divisible) die();
        return now ? HALF : GO;
    case FULL:
        if (now && divisible) return HALF; /* a nearly full disk takes what fits, and refuses the next call */
        return since && (kind == WRITES || kind == MAKES) ? FAIL : GO;
    case FULL_ONCE:
        return now && (kind == WRITES || kind == MAKES) ? FAIL : GO;
    case BROKEN:
    case UNREADABLE:
        return since ? FAIL : GO;
    case BROKEN_ONCE:
    case UNREADABLE_ONCE:
        return now ? FAIL : GO;
    default:
        return GO;
    }
}

static enum verdict step(enum kind kind, const char *call, const char *path, const char *other, long long size) {
    if (plan.mode == OFF || !(below_root(path) || below_root(other))) return GO;
    if ((plan.mode >= COUNT_READS) != (kind == READS)) return GO;
    long number = atomic_fetch_add(plan.count, 1) + 1;
    if (plan.log >= 0) log_step(number, call, path, other, size);
    enum verdict verdict = judge(number, kind, size);
    if (verdict == FAIL) errno = plan.mode == FULL || plan.mode == FULL_ONCE ? ENOSPC : EIO;
    return verdict;
}

static enum verdict step_fd(enum kind kind, const char *call, int fd, long long size) {
    char path[ROOM];
    if (plan.mode == OFF) return GO;
    return step(kind, call, path_of(fd, path), NULL, size);
}

static enum verdict step_at(enum kind kind, const char *call, int folder, const char *path) {
    char full[ROOM];
    if (plan.mode == OFF || !path) return GO;
    return step(kind, call, path_at(folder, path, full), NULL, 0);
}

static enum verdict step_two(enum kind kind, const char *call, int d1, const char *p1, int d2, const char *p2) {
    char one[ROOM], two[ROOM];
    if (plan.mode == OFF) return GO;
    return step(kind, call, path_at(d1, p1, one), path_at(d2, p2, two), 0);
}

/* What a call that moves `size` bytes returns after half of them went through: torn means that was the last thing done. */
static ssize_t after_half(ssize_t done) {
    if (plan.mode == TORN) die();
    return done;
}

#define REFUSED_AT(kind, folder, path) (step_at(kind, __func__, folder, path) == FAIL)
#define REFUSED_FD(kind, fd) (step_fd(kind, __func__, fd, 0) == FAIL)

/* ------------------------------------------------------------------------------------------------ opening */

static int open_step(const char *call, int folder, const char *path, int flags, mode_t mode) {
    struct stat found;
    int changes = 0;
    if (flags & O_CREAT) changes = fstatat(folder, path, &found, AT_SYMLINK_NOFOLLOW) != 0;
    if ((flags & O_TMPFILE) == O_TMPFILE) changes = 1;
    if (flags & O_TRUNC) changes = 1;
    enum kind kind = changes ? MAKES : READS;
    if (changes || (flags & O_ACCMODE) == O_RDONLY)
        if (step_at(kind, call, folder, path) == FAIL) return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE_ARGUMENT(flags)                                   \
    mode_t mode = 0;                                           \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                   \
        va_list rest;                                          \
        va_start(rest, flags);                                 \
        mode = (mode_t)va_arg(rest, int);                      \
        va_end(rest);                                          \
    }

int open(const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return open_step("open", AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return open_step("open", AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return open_step("open", folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE_ARGUMENT(flags)
    return open_step("open", folder, path, flags, mode);
}
int __open_2(const char *path, int flags) { return open_step("open", AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_step("open", AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return open_step("open", folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return open_step("open", folder, path, flags, 0); }
int creat(const char *path, mode_t mode) {
    return open_step("open", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* ------------------------------------------------------------------------------------------------ writing */

ssize_t write(int fd, const void *data, size_t size) {
    switch (step_fd(WRITES, "write", fd, (long long)size)) {
    case FAIL: return -1;
    case HALF: return after_half(syscall(SYS_write, fd, data, size / 2));
    default: return syscall(SYS_write, fd, data, size);
    }
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    switch (step_fd(WRITES, "pwrite", fd, (long long)size)) {
    case FAIL: return -1;
    case HALF: return after_half(syscall(SYS_pwrite64, fd, data, size / 2, at));
    default: return syscall(SYS_pwrite64, fd, data, size, at);
    }
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return pwrite(fd, data, size, at); }

static long long total(const struct iovec *parts, int count) {
    long long sum = 0;
    for (int i = 0; i < count; i++) sum += (long long)parts[i].iov_len;
    return sum;
}

static ssize_t write_half(int fd, const struct iovec *parts, int count, off_t at) {
    long long left = total(parts, count) / 2;
    ssize_t done = 0;
    for (int i = 0; i < count && left > 0; i++) {
        size_t size = (long long)parts[i].iov_len < left ? parts[i].iov_len : (size_t)left;
        ssize_t now = at < 0 ? syscall(SYS_write, fd, parts[i].iov_base, size)
                             : syscall(SYS_pwrite64, fd, parts[i].iov_base, size, at + done);
        if (now < 0) break;
        done += now;
        left -= now;
    }
    return after_half(done);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    switch (step_fd(WRITES, "writev", fd, total(parts, count))) {
    case FAIL: return -1;
    case HALF: return write_half(fd, parts, count, -1);
    default: return syscall(SYS_writev, fd, parts, count);
    }
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    switch (step_fd(WRITES, "pwritev", fd, total(parts, count))) {
    case FAIL: return -1;
    case HALF: return write_half(fd, parts, count, at);
    default: return syscall(SYS_pwritev2, fd, parts, count, at, 0, flags);
    }
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev2(fd, parts, count, at, 0); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev2(fd, parts, count, at, 0); }
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    return pwritev2(fd, parts, count, at, flags);
}

ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t size, unsigned flags) {
    switch (step_fd(WRITES, "copy_file_range", out, (long long)size)) {
    case FAIL: return -1;
    case HALF: return after_half(syscall(SYS_copy_file_range, in, from, out, to, size / 2, flags));
    default: return syscall(SYS_copy_file_range, in, from, out, to, size, flags);
    }
}

ssize_t sendfile(int out, int in, off_t *from, size_t size) {
    switch (step_fd(WRITES, "sendfile", out, (long long)size)) {
    case FAIL: return -1;
    case HALF: return after_half(syscall(SYS_sendfile, out, in, from, size / 2));
    default: return syscall(SYS_sendfile, out, in, from, size);
    }
}
ssize_t sendfile64(int out, int in, off_t *from, size_t size) { return sendfile(out, in, from, size); }

ssize_t splice(int in, off_t *from, int out, off_t *to, size_t size, unsigned flags) {
    if (step_fd(WRITES, "splice", out, 0) == FAIL) return -1;
    return syscall(SYS_splice, in, from, out, to, size, flags);
}

int ftruncate(int fd, off_t size) { return REFUSED_FD(CHANGES, fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int truncate(const char *path, off_t size) {
    return REFUSED_AT(CHANGES, AT_FDCWD, path) ? -1 : (int)syscall(SYS_truncate, path, size);
}
int truncate64(const char *path, off_t size) { return truncate(path, size); }
int fallocate(int fd, int mode, off_t at, off_t size) {
    return REFUSED_FD(MAKES, fd) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, size);
}
int fallocate64(int fd, int mode, off_t at, off_t size) { return fallocate(fd, mode, at, size); }
int posix_fallocate(int fd, off_t at, off_t size) { return fallocate(fd, 0, at, size) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off_t at, off_t size) { return posix_fallocate(fd, at, size); }

int fsync(int fd) { return REFUSED_FD(SYNCS, fd) ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return REFUSED_FD(SYNCS, fd) ? -1 : (int)syscall(SYS_fdatasync, fd); }
int sync_file_range(int fd, off_t at, off_t size, unsigned flags) {
    return REFUSED_FD(SYNCS, fd) ? -1 : (int)syscall(SYS_sync_file_range, fd, at, size, flags);
}
int syncfs(int fd) { return REFUSED_FD(SYNCS, fd) ? -1 : (int)syscall(SYS_syncfs, fd); }

/* ------------------------------------------------------------------------------------------------ names */

int renameat2(int d1, const char *from, int d2, const char *to, unsigned flags) {
    if (step_two(CHANGES, "rename", d1, from, d2, to) == FAIL) return -1;
    return (int)syscall(SYS_renameat2, d1, from, d2, to, flags);
}
int renameat(int d1, const char *from, int d2, const char *to) { return renameat2(d1, from, d2, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int d1, const char *from, int d2, const char *to, int flags) {
    if (step_two(MAKES, "link", d1, from, d2, to) == FAIL) return -1;
    return (int)syscall(SYS_linkat, d1, from, d2, to, flags);
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char *target, int folder, const char *path) {
    if (step_at(MAKES, "symlink", folder, path) == FAIL) return -1;
    return (int)syscall(SYS_symlinkat, target, folder, path);
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

int unlinkat(int folder, const char *path, int flags) {
    if (step_at(CHANGES, flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path) == FAIL) return -1;
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
    int done = unlinkat(AT_FDCWD, path, 0);
    return done != 0 && errno == EISDIR ? rmdir(path) : done;
}

int mkdirat(int folder, const char *path, mode_t mode) {
    return step_at(MAKES, "mkdir", folder, path) == FAIL ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
int mknodat(int folder, const char *path, mode_t mode, dev_t device) {
    return step_at(MAKES, "mknod", folder, path) == FAIL ? -1 : (int)syscall(SYS_mknodat, folder, path, mode, device);
}
int mknod(const char *path, mode_t mode, dev_t device) { return mknodat(AT_FDCWD, path, mode, device); }

/* ------------------------------------------------------------------------------------------------ attributes */

int fchmodat(int folder, const char *path, mode_t mode, int flags) {
    if (flags & AT_SYMLINK_NOFOLLOW) { /* the kernel's own call takes no flags; Linux has no modes on symlinks */
        errno = ENOTSUP;
        return -1;
    }
    return step_at(CHANGES, "chmod", folder, path) == FAIL ? -1 : (int)syscall(SYS_fchmodat, folder, path, mode);
}
int chmod(const char *path, mode_t mode) { return fchmodat(AT_FDCWD, path, mode, 0); }
int fchmod(int fd, mode_t mode) { return REFUSED_FD(CHANGES, fd) ? -1 : (int)syscall(SYS_fchmod, fd, mode); }

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
    if (step_at(CHANGES, "utimens", folder, path) == FAIL) return -1;
    return (int)syscall(SYS_utimensat, folder, path, times, flags);
}
int futimens(int fd, const struct timespec times[2]) {
    if (step_fd(CHANGES, "utimens", fd, 0) == FAIL) return -1;
    return (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}
int utimes(const char *path, const struct timeval times[2]) {
    struct timespec fine[2];
    for (int i = 0; times && i < 2; i++) fine[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return utimensat(AT_FDCWD, path, times ? fine : NULL, 0);
}

/* ------------------------------------------------------------------------------------------------ reading */

ssize_t read(int fd, void *data, size_t size) {
    return step_fd(READS, "read", fd, (long long)size) == FAIL ? -1 : syscall(SYS_read, fd, data, size);
}
ssize_t pread(int fd, void *data, size_t size, off_t at) {
    return step_fd(READS, "pread", fd, (long long)size) == FAIL ? -1 : syscall(SYS_pread64, fd, data, size, at);
}
ssize_t pread64(int fd, void *data, size_t size, off_t at) { return pread(fd, data, size, at); }
ssize_t readv(int fd, const struct iovec *parts, int count) {
    return step_fd(READS, "readv", fd, total(parts, count)) == FAIL ? -1 : syscall(SYS_readv, fd, parts, count);
}
ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    if (step_fd(READS, "preadv", fd, total(parts, count)) == FAIL) return -1;
    return syscall(SYS_preadv2, fd, parts, count, at, 0, flags);
}
ssize_t preadv(int fd, const struct iovec *parts, int count, off_t at) { return preadv2(fd, parts, count, at, 0); }
ssize_t preadv64(int fd, const struct iovec *parts, int count, off_t at) { return preadv2(fd, parts, count, at, 0); }
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    return preadv2(fd, parts, count, at, flags);
}
