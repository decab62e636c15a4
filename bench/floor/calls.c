// SPDX-License-Identifier: GPL-2.0-or-later
// What each kernel call costs that paging a shared memory file from user space is made of, in nanoseconds per 4 KiB
// page, alone and in runs: the parts that no fault engine can do without.
//
//   cc -O2 -o calls bench/floor/calls.c && taskset -c 0 ./calls
//
// Prints one line of JSON for each call and run length; the median of the rounds.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Linux 5.19; headers may be older than the kernel.
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif

enum { PAGES = 16384, PAGE_BYTES = 4096, ROUNDS = 5, CALLS = 6 };

static const char *names[CALLS] = {
    "UFFDIO_COPY, write-protected", "UFFDIO_WRITEPROTECT off", "UFFDIO_WRITEPROTECT on",
    "pread of the memory file", "punch hole", "UFFDIO_WAKE, nobody waits"};

static int faults, file;
static char *memory, *buffer;

static void fail(const char *what)
{
    fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
    exit(1);
}

// Of the processor, not of the clock: nothing here waits, and other processes must not count.
static int64_t used_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void call(int which, uint64_t offset, uint64_t length)
{
    uint64_t start = (uint64_t)memory + offset;
    int result = 0;
    if (which == 0) {
        struct uffdio_copy copy = {start, (uint64_t)buffer, length, UFFDIO_COPY_MODE_WP, 0};
        result = ioctl(faults, UFFDIO_COPY, &copy);
    } else if (which == 1 || which == 2) {
        struct uffdio_writeprotect protect = {{start, length}, which == 2 ? UFFDIO_WRITEPROTECT_MODE_WP : 0};
        result = ioctl(faults, UFFDIO_WRITEPROTECT, &protect);
    } else if (which == 3) {
        result = pread(file, buffer, length, (off_t)offset) == (ssize_t)length ? 0 : -1;
    } else if (which == 4) {
        result = fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
    } else {
        struct uffdio_range range = {start, length};
        result = ioctl(faults, UFFDIO_WAKE, &range);
    }
    if (result)
        fail(names[which]);
}

int main(void)
{
    uint64_t total = (uint64_t)PAGES * PAGE_BYTES;
    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (faults < 0)
        fail("userfaultfd");
    struct uffdio_api api = {
        .api = UFFD_API,
        .features = UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
    if (ioctl(faults, UFFDIO_API, &api))
        fail("UFFDIO_API");
    file = memfd_create("calls", 0);
    if (file < 0 || ftruncate(file, (off_t)total))
        fail("memfd_create");
    memory = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    buffer = aligned_alloc(PAGE_BYTES, 512 * PAGE_BYTES);
    if (memory == MAP_FAILED || !buffer)
        fail("mmap");
    memset(buffer, 7, 512 * PAGE_BYTES);
    struct uffdio_register range = {
        .range = {(uint64_t)memory, total},
        .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP};
    if (ioctl(faults, UFFDIO_REGISTER, &range))
        fail("UFFDIO_REGISTER");

    static const int runs[] = {1, 16, 512};
    for (int r = 0; r < 3; r++) {
        double costs[CALLS][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            // In this order each call finds the pages as the one before it left them; the last but one empties them.
            for (int which = 0; which < CALLS; which++) {
                uint64_t length = (uint64_t)runs[r] * PAGE_BYTES;
                int64_t begun = used_ns();
                for (uint64_t offset = 0; offset < total; offset += length)
                    call(which, offset, length);
                costs[which][round] = (double)(used_ns() - begun) / PAGES;
            }
        }
        for (int which = 0; which < CALLS; which++) {
            qsort(costs[which], ROUNDS, sizeof costs[which][0], compare);
            printf("{\"call\":\"%s\",\"pages_a_call\":%d,\"ns_a_page\":%.0f}\n",
                   names[which], runs[r], costs[which][ROUNDS / 2]);
        }
    }
    return 0;
}
