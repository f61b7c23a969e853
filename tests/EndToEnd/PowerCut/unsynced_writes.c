/*
 * Preloaded into the local host by PowerCut.cs. Keeps what stood in a database file, or its log, before each write that is not yet synced,
 * so that a test can undo or tear such writes after it has killed the host: a killed process loses nothing that it wrote, a power cut does.
 *
 * FILE.unsynced holds a record per write: the file's size, the write's offset and length, the number of bytes that follow, and those bytes.
 * A record is complete before its write begins. A sync empties it once the data is on disk.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* One for all files: the order of records is the order of writes. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && strcmp(path + length - tail, end) == 0;
}

/* Opens FILE.unsynced, or returns -1 for a file that is no database. */
static int open_record(int fd)
{
    char link[32], path[PATH_MAX + 16];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length <= 0)
        return -1;
    path[length] = 0;
    if (!ends_with(path, ".db") && !ends_with(path, ".db-wal"))
        return -1;
    strcat(path, ".unsynced");
    int record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record < 0)
        abort();
    return record;
}

/* Records what stands in a database file from offset on, as far as the write reaches; the rest of it, where length is -1. */
static void keep(int fd, int64_t offset, int64_t length)
{
    int record = open_record(fd);
    if (record < 0)
        return;
    struct stat file;
    if (fstat(fd, &file) != 0)
        abort();
    int64_t end = length < 0 || offset + length > file.st_size ? file.st_size : offset + length;
    int64_t bytes = end > offset ? end - offset : 0;
    int64_t head[4] = { file.st_size, offset, length, bytes };
    char *all = malloc(sizeof head + bytes);
    if (all == NULL)
        abort();
    memcpy(all, head, sizeof head);
    if (syscall(SYS_pread64, fd, all + sizeof head, bytes, offset) != bytes
        || syscall(SYS_write, record, all, sizeof head + bytes) != (long)(sizeof head + bytes))
        abort();
    free(all);
    close(record);
}

static ssize_t write_at(int fd, const void *data, size_t length, int64_t offset)
{
    pthread_mutex_lock(&gate);
    keep(fd, offset, length);
    ssize_t written = syscall(SYS_pwrite64, fd, data, length, offset);
    pthread_mutex_unlock(&gate);
    return written;
}

static int truncate_at(int fd, int64_t size)
{
    pthread_mutex_lock(&gate);
    keep(fd, size, -1);
    int result = syscall(SYS_ftruncate, fd, size);
    pthread_mutex_unlock(&gate);
    return result;
}

/* As slow as many a disk, so that a kill often comes before its end. SYNC_LIES: a disk that confirms what it has not done. */
static int sync_with(long call, int fd)
{
    pthread_mutex_lock(&gate);
    int record = open_record(fd);
    if (record >= 0)
        usleep(5000);
    int result = syscall(call, fd);
    if (record >= 0) {
        if (result == 0 && getenv("SYNC_LIES") == NULL && syscall(SYS_ftruncate, record, 0L) != 0)
            abort();
        close(record);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return write_at(fd, data, length, offset); }

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return write_at(fd, data, length, offset); }

int ftruncate(int fd, off_t size) { return truncate_at(fd, size); }

int ftruncate64(int fd, off64_t size) { return truncate_at(fd, size); }

int fsync(int fd) { return sync_with(SYS_fsync, fd); }

int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }
