/*
 * A faulty disk for tests: a library for LD_PRELOAD (Linux, x86-64 or arm64, glibc) that stands between a program and the files
 * below one directory. It can slow each sync down, fail writes and syncs on demand, and record every change with
 * the time it happened, so that a test can rebuild what a disk would hold after a power loss at any moment.
 *
 * Environment:
 *   FAULTY_DISK_DIRECTORY      files below this absolute path are watched; everything else passes untouched
 *   FAULTY_DISK_LOG            changes are appended to this file (absent: nothing is recorded)
 *   FAULTY_DISK_CONTROL        while this file exists its words switch faults on:
 *                                full          every write, growth and creation fails with ENOSPC
 *                                full-grow     only what makes a file longer fails (what a real full disk does)
 *                                write-error   every write fails with EIO
 *                                sync-error    every sync fails with EIO
 *   FAULTY_DISK_SYNC_DELAY_US  each fsync and fdatasync takes at least this much longer
 *
 * The model of the disk. A write or truncation counts as durable when an fsync or fdatasync of the same file that
 * began after it has returned successfully. sync_file_range is recorded but vouches for nothing (it flushes neither
 * metadata nor the device's cache). A failed sync vouches for nothing, and no later sync vouches for what came before the
 * failed one: Linux marks such pages clean. Changes of directories (create, link, rename, unlink) count as
 * done in the order and at the moment they were made, as on a journalling file system such as ext4, where syncing a
 * new file also commits its name. Writes through memory maps are not seen: SQLite's -shm file is the only one, and it
 * is rebuilt after a crash.
 *
 * The log is a sequence of records: the struct below in native byte order, then `extra` bytes (the bytes written, or a
 * path, or two paths with a NUL between them). `close` is recorded before it happens and everything else after it.
 * A close by the bare system call, such as Node's own, is not recorded: the next open of a descriptor ends what it was. Records are written with the bare system call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x44495346u
#define MAX_FD 65536

enum { OPEN = 1, CLOSE, WRITE, TRUNCATE, SYNC, RANGE_SYNC, UNLINK, RENAME, LINK };

struct record {
  uint32_t magic, kind;
  int32_t pid, fd;
  int64_t begin_ns, end_ns; /* CLOCK_MONOTONIC */
  int64_t wall_ns;          /* CLOCK_REALTIME at the end */
  int64_t offset, length;   /* OPEN: flags and size after opening; TRUNCATE: length; WRITE: offset and length */
  int32_t error;            /* errno, 0 when it succeeded */
  uint32_t extra;
};

static char directory[PATH_MAX];
static size_t directory_length;
static const char *control;
static int log_fd = -1;
static long sync_delay_us;
/* What each descriptor was opened on; no inode: nothing of ours. */
static volatile struct { dev_t device; ino_t inode; } watched[MAX_FD];

static int64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("FAULTY_DISK_DIRECTORY");
  const char *log = getenv("FAULTY_DISK_LOG");
  const char *delay = getenv("FAULTY_DISK_SYNC_DELAY_US");
  if (path == NULL || *path != '/') return;
  directory_length = (size_t)snprintf(directory, sizeof directory, "%s", path);
  control = getenv("FAULTY_DISK_CONTROL");
  if (delay != NULL) sync_delay_us = atol(delay);
  if (log != NULL)
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The next definition of a function of libc, looked up once. */
#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int below(const char *path) {
  return directory_length > 0 && path != NULL && strncmp(path, directory, directory_length) == 0 &&
         (path[directory_length] == '/' || path[directory_length] == '\0');
}

/* Makes a path absolute, without following anything; the programs under test use no "..". */
static const char *absolute(int at, const char *path, char *buffer) {
  char link[64];
  ssize_t length;
  if (path == NULL || *path == '/') return path;
  if (at == AT_FDCWD) {
    if (getcwd(buffer, PATH_MAX) == NULL) return path;
    length = (ssize_t)strlen(buffer);
  } else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    length = readlink(link, buffer, PATH_MAX - 1);
    if (length < 0) return path;
  }
  snprintf(buffer + length, PATH_MAX - (size_t)length, "/%s", path);
  return buffer;
}

/*
 * Node closes files with the bare system call, which nothing stands in the way of: the number may be a socket's since.
 * So what is open under it now must be what was opened.
 */
static int is_watched(int fd) {
  struct stat what;
  int saved = errno;
  if (fd < 0 || fd >= MAX_FD || watched[fd].inode == 0) return 0;
  int same = fstat(fd, &what) == 0 && what.st_dev == watched[fd].device && what.st_ino == watched[fd].inode;
  if (!same) watched[fd].inode = 0;
  errno = saved;
  return same;
}

static void note(uint32_t kind, int fd, int64_t begin, int64_t offset, int64_t length, int error,
                 const struct iovec *extra, int parts) {
  struct record r = {MAGIC, kind, (int32_t)getpid(), fd, begin, 0, 0, offset, length, error, 0};
  struct iovec out[64];
  int saved = errno;
  if (log_fd < 0) return;
  if (parts > 63) parts = 63;
  out[0].iov_base = &r;
  out[0].iov_len = sizeof r;
  for (int i = 0; i < parts; i++) {
    out[i + 1] = extra[i];
    r.extra += (uint32_t)extra[i].iov_len;
  }
  r.wall_ns = now(CLOCK_REALTIME);
  r.end_ns = now(CLOCK_MONOTONIC);
  /* One call: O_APPEND keeps records of threads and processes apart. */
  if (syscall(SYS_writev, log_fd, out, parts + 1) != (long)(sizeof r + r.extra)) abort();
  errno = saved;
}

static void note_path(uint32_t kind, int fd, int64_t begin, int64_t offset, int64_t length, int error,
                      const char *path, const char *to) {
  struct iovec parts[3] = {{(void *)path, strlen(path)}, {"", 1}, {(void *)to, to == NULL ? 0 : strlen(to)}};
  note(kind, fd, begin, offset, length, error, parts, to == NULL ? 1 : 3);
}

/* True when the control file holds the word. */
static int faulty(const char *word) {
  char words[256], *save = NULL;
  int saved = errno, found = 0;
  if (control == NULL) return 0;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) {
    long n = syscall(SYS_read, fd, words, sizeof words - 1);
    syscall(SYS_close, fd);
    words[n > 0 ? n : 0] = '\0';
    for (char *w = strtok_r(words, " \n", &save); w != NULL && !found; w = strtok_r(NULL, " \n", &save))
      found = strcmp(w, word) == 0;
  }
  errno = saved;
  return found;
}

static int64_t size_of(int fd) {
  struct stat s;
  return fstat(fd, &s) == 0 ? (int64_t)s.st_size : 0;
}

/* The error that a change of a file up to `end` meets now, or 0. */
static int change_fault(int fd, int64_t end) {
  if (faulty("write-error")) return EIO;
  if (faulty("full")) return ENOSPC;
  if (end > size_of(fd) && faulty("full-grow")) return ENOSPC;
  return 0;
}

/* ---- opening and closing ---- */

static void opened(int fd, const char *path, int flags, int64_t begin) {
  struct stat what;
  if (fd < 0 || fd >= MAX_FD) return;
  watched[fd].inode = 0;
  if (!below(path) || fstat(fd, &what) != 0) return;
  note_path(OPEN, fd, begin, flags, (int64_t)what.st_size, 0, path, NULL);
  watched[fd].device = what.st_dev;
  watched[fd].inode = what.st_ino;
}

static int creation_fault(const char *path, int flags) {
  return (flags & O_CREAT) && below(path) && access(path, F_OK) != 0 && (faulty("full") || faulty("full-grow"));
}

#define OPEN_AT(at, path, flags, call) \
  char buffer[PATH_MAX]; \
  const char *whole = absolute(at, path, buffer); \
  int64_t begin = now(CLOCK_MONOTONIC); \
  if (creation_fault(whole, flags)) { errno = ENOSPC; return -1; } \
  int fd = call; \
  opened(fd, whole, flags, begin); \
  return fd

#define MODE(last) \
  va_list list; \
  va_start(list, last); \
  mode_t mode = (last & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0; \
  va_end(list)

int open(const char *path, int flags, ...) { REAL(open); MODE(flags); OPEN_AT(AT_FDCWD, path, flags, real(path, flags, mode)); }
int open64(const char *path, int flags, ...) { REAL(open64); MODE(flags); OPEN_AT(AT_FDCWD, path, flags, real(path, flags, mode)); }
int openat(int at, const char *path, int flags, ...) { REAL(openat); MODE(flags); OPEN_AT(at, path, flags, real(at, path, flags, mode)); }
int openat64(int at, const char *path, int flags, ...) { REAL(openat64); MODE(flags); OPEN_AT(at, path, flags, real(at, path, flags, mode)); }
int creat(const char *path, mode_t mode) { REAL(creat); OPEN_AT(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, real(path, mode)); }
int creat64(const char *path, mode_t mode) { REAL(creat64); OPEN_AT(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, real(path, mode)); }

int close(int fd) {
  REAL(close);
  if (fd == log_fd && fd >= 0) { errno = EBADF; return -1; }
  if (is_watched(fd)) {
    watched[fd].inode = 0;
    note(CLOSE, fd, now(CLOCK_MONOTONIC), 0, 0, 0, NULL, 0);
  }
  return real(fd);
}

/* ---- writing ---- */

static int64_t total(const struct iovec *v, int n) {
  int64_t sum = 0;
  for (int i = 0; i < n; i++) sum += (int64_t)v[i].iov_len;
  return sum;
}

/* Records a finished write of `n` of the bytes in `v`. `offset` < 0: at the file's own position. */
static void written(int fd, int64_t begin, int64_t offset, const struct iovec *v, int parts, ssize_t n) {
  int saved = errno;
  struct iovec done[64];
  int count = 0;
  if (n < 0) {
    note(WRITE, fd, begin, offset, 0, saved, NULL, 0);
    return;
  }
  if (offset < 0) offset = (int64_t)lseek(fd, 0, SEEK_CUR) - n;
  if (offset < 0) abort(); /* A file is behind what was written to it. */
  for (size_t left = (size_t)n; count < parts && count < 63 && left > 0; count++) {
    done[count] = v[count];
    if (done[count].iov_len > left) done[count].iov_len = left;
    left -= done[count].iov_len;
  }
  note(WRITE, fd, begin, offset, n, 0, done, count);
  errno = saved;
}

#define WRITE_TO(fd, at, v, parts, call) \
  if (!is_watched(fd)) return call; \
  int64_t begin = now(CLOCK_MONOTONIC), where = (at); \
  int fault = change_fault(fd, (where < 0 ? (int64_t)lseek(fd, 0, SEEK_CUR) : where) + total(v, parts)); \
  ssize_t n = -1; \
  if (fault) errno = fault; else n = call; \
  written(fd, begin, where, v, parts, n); \
  return n

ssize_t write(int fd, const void *bytes, size_t n_bytes) { REAL(write); struct iovec v = {(void *)bytes, n_bytes}; WRITE_TO(fd, -1, &v, 1, real(fd, bytes, n_bytes)); }
ssize_t pwrite(int fd, const void *bytes, size_t n_bytes, off_t at) { REAL(pwrite); struct iovec v = {(void *)bytes, n_bytes}; WRITE_TO(fd, at, &v, 1, real(fd, bytes, n_bytes, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t n_bytes, off64_t at) { REAL(pwrite64); struct iovec v = {(void *)bytes, n_bytes}; WRITE_TO(fd, at, &v, 1, real(fd, bytes, n_bytes, at)); }
/* At most 63 parts are taken, a short write as POSIX allows, so that a record always holds the whole of it. */
ssize_t writev(int fd, const struct iovec *v, int parts) { REAL(writev); if (is_watched(fd) && parts > 63) parts = 63; WRITE_TO(fd, -1, v, parts, real(fd, v, parts)); }
ssize_t pwritev(int fd, const struct iovec *v, int parts, off_t at) { REAL(pwritev); if (is_watched(fd) && parts > 63) parts = 63; WRITE_TO(fd, at, v, parts, real(fd, v, parts, at)); }
ssize_t pwritev64(int fd, const struct iovec *v, int parts, off64_t at) { REAL(pwritev64); if (is_watched(fd) && parts > 63) parts = 63; WRITE_TO(fd, at, v, parts, real(fd, v, parts, at)); }

/* ---- lengths ---- */

#define CHANGE_LENGTH(fd, length, call) \
  if (!is_watched(fd)) return call; \
  int64_t begin = now(CLOCK_MONOTONIC); \
  int fault = (length) > size_of(fd) ? change_fault(fd, length) : faulty("write-error") ? EIO : 0; \
  int result = -1; \
  if (fault) errno = fault; else result = call; \
  if (result == 0) note(TRUNCATE, fd, begin, 0, size_of(fd), 0, NULL, 0); \
  return result

int ftruncate(int fd, off_t length) { REAL(ftruncate); CHANGE_LENGTH(fd, length, real(fd, length)); }
int ftruncate64(int fd, off64_t length) { REAL(ftruncate64); CHANGE_LENGTH(fd, length, real(fd, length)); }
int fallocate(int fd, int mode, off_t at, off_t n) { REAL(fallocate); CHANGE_LENGTH(fd, at + n, real(fd, mode, at, n)); }
int fallocate64(int fd, int mode, off64_t at, off64_t n) { REAL(fallocate64); CHANGE_LENGTH(fd, at + n, real(fd, mode, at, n)); }
/* posix_fallocate gives its error instead of setting errno; a program that uses it on a watched file is told to do without. */
int posix_fallocate(int fd, off_t at, off_t n) { REAL(posix_fallocate); return is_watched(fd) ? EINVAL : real(fd, at, n); }
int posix_fallocate64(int fd, off64_t at, off64_t n) { REAL(posix_fallocate64); return is_watched(fd) ? EINVAL : real(fd, at, n); }

/* ---- syncing ---- */

#define SYNC_FILE(kind, fd, call) \
  if (!is_watched(fd)) return call; \
  int64_t begin = now(CLOCK_MONOTONIC); \
  if (sync_delay_us > 0) usleep((useconds_t)sync_delay_us); \
  int result = -1; \
  if (faulty("sync-error")) errno = EIO; else result = call; \
  note(kind, fd, begin, 0, 0, result == 0 ? 0 : errno, NULL, 0); \
  return result

int fsync(int fd) { REAL(fsync); SYNC_FILE(SYNC, fd, real(fd)); }
int fdatasync(int fd) { REAL(fdatasync); SYNC_FILE(SYNC, fd, real(fd)); }
int sync_file_range(int fd, off64_t at, off64_t n, unsigned flags) { REAL(sync_file_range); SYNC_FILE(RANGE_SYNC, fd, real(fd, at, n, flags)); }

/* ---- names ---- */

#define REMOVE_NAME(at, path, call) \
  char buffer[PATH_MAX]; \
  const char *whole = absolute(at, path, buffer); \
  int64_t begin = now(CLOCK_MONOTONIC); \
  int result = call; \
  if (result == 0 && below(whole)) note_path(UNLINK, -1, begin, 0, 0, 0, whole, NULL); \
  return result

#define MOVE_NAME(kind, from, to, call) \
  char one[PATH_MAX], two[PATH_MAX]; \
  const char *source = absolute(AT_FDCWD, from, one), *target = absolute(AT_FDCWD, to, two); \
  int64_t begin = now(CLOCK_MONOTONIC); \
  int result = call; \
  if (result == 0 && (below(source) || below(target))) note_path(kind, -1, begin, 0, 0, 0, source, target); \
  return result

int unlink(const char *path) { REAL(unlink); REMOVE_NAME(AT_FDCWD, path, real(path)); }
int unlinkat(int at, const char *path, int flags) { REAL(unlinkat); REMOVE_NAME(at, path, real(at, path, flags)); }
int rename(const char *from, const char *to) { REAL(rename); MOVE_NAME(RENAME, from, to, real(from, to)); }
int link(const char *from, const char *to) { REAL(link); MOVE_NAME(LINK, from, to, real(from, to)); }
