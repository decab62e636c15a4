// SPDX-License-Identifier: GPL-2.0-or-later
// The least that a page fault served from another process can cost on a machine: a handler in C that copies one ready
// page into place and does nothing else. `hmm bench --suite` runs it beside the host, pinned alike.
//
//   cc -O2 -o pager bench/floor/pager.c && taskset -c 0 ./pager
//
// A child process reads the faults of a shared memory file and answers each with UFFDIO_COPY; the parent touches every
// page once, in a random order, and times that. Prints one line: {"p50_us":...,"p99_us":...,"faults":...}
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 65536, PAGE_BYTES = 4096, MESSAGES = 16 };

static void fail(const char *what)
{
    fprintf(stderr, "pager: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

// Answers faults until it is killed.
static void serve(int faults)
{
    static char page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
    struct uffd_msg messages[MESSAGES];
    memset(page, 7, sizeof page);
    for (;;) {
        struct pollfd poll_faults = {.fd = faults, .events = POLLIN};
        poll(&poll_faults, 1, -1);
        ssize_t bytes = read(faults, messages, sizeof messages);
        for (ssize_t i = 0; i < bytes / (ssize_t)sizeof messages[0]; i++) {
            struct uffdio_copy copy = {
                .dst = messages[i].arg.pagefault.address & ~(uint64_t)(PAGE_BYTES - 1),
                .src = (uint64_t)page,
                .len = PAGE_BYTES,
            };
            if (ioctl(faults, UFFDIO_COPY, &copy) && errno != EEXIST)
                fail("UFFDIO_COPY");
        }
    }
}

int main(void)
{
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (faults < 0)
        fail("userfaultfd");
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MISSING_SHMEM};
    if (ioctl(faults, UFFDIO_API, &api))
        fail("UFFDIO_API");
    size_t length = (size_t)PAGES * PAGE_BYTES;
    int file = memfd_create("pager", 0);
    if (file < 0 || ftruncate(file, (off_t)length))
        fail("memfd_create");
    char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    struct uffdio_register range = {
        .range = {(uint64_t)memory, length}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (ioctl(faults, UFFDIO_REGISTER, &range))
        fail("UFFDIO_REGISTER");

    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        serve(faults);
        return 0;
    }

    // An odd factor walks every page of a power of two once, without an order that a prefetcher knows.
    static int64_t latencies[PAGES];
    volatile char sink = 0;
    for (uint64_t i = 0; i < PAGES; i++) {
        uint64_t page = i * 2654435761u % PAGES;
        int64_t before = now_ns();
        sink += memory[page * PAGE_BYTES];
        latencies[i] = now_ns() - before;
    }

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    qsort(latencies, PAGES, sizeof latencies[0], compare);
    printf("{\"p50_us\":%.3f,\"p99_us\":%.3f,\"faults\":%d}\n",
           latencies[PAGES / 2] / 1e3, latencies[PAGES / 100 * 99] / 1e3, PAGES);
    return 0;
}
