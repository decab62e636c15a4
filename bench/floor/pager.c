// SPDX-License-Identifier: GPL-2.0-or-later
// The least that a page fault served from another process can cost on a machine: a handler in C that copies one ready
// page into place and does nothing else. `hmm bench --suite` runs it beside the host, pinned alike.
//
//   cc -O2 -o pager bench/floor/pager.c && taskset -c 0 ./pager
//   ./pager 10000          128 MiB of pages, spread over so many files
//   ./pager 1 16384        the same, spread over so many GiB of one file
//
// A child process reads the faults of shared memory files and answers each with UFFDIO_COPY; the parent touches every
// page once, in a random order, and times that. Where they are spread it touches all of them before, too, so that page
// tables are there, and the child keeps 16 MiB of them: before it answers a fault it punches out the page that came
// longest ago. Prints one line: {"p50_us":...,"p99_us":...,"faults":...}
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

enum { PAGES = 32768, PAGE_BYTES = 4096, MESSAGES = 16, KEPT = 4096 };

// Files lie one behind the other from here on. Of each the pages are as far apart as its length allows.
static char *memory;
static int *files;
static size_t file_bytes, stride_bytes;
static int pages_a_file;

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

static void punch(uint64_t address)
{
    uint64_t from = address - (uint64_t)memory;
    if (fallocate(files[from / file_bytes], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(from % file_bytes),
                  PAGE_BYTES))
        fail("fallocate");
}

// Answers faults until it is killed.
static void serve(int faults, int evicts)
{
    static char page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
    static uint64_t kept[KEPT];
    struct uffd_msg messages[MESSAGES];
    memset(page, 7, sizeof page);
    for (uint64_t count = 0;;) {
        struct pollfd poll_faults = {.fd = faults, .events = POLLIN};
        poll(&poll_faults, 1, -1);
        ssize_t bytes = read(faults, messages, sizeof messages);
        for (ssize_t i = 0; i < bytes / (ssize_t)sizeof messages[0]; i++, count++) {
            uint64_t address = messages[i].arg.pagefault.address & ~(uint64_t)(PAGE_BYTES - 1);
            if (evicts && count >= KEPT)
                punch(kept[count % KEPT]);
            kept[count % KEPT] = address;
            struct uffdio_copy copy = {.dst = address, .src = (uint64_t)page, .len = PAGE_BYTES};
            if (ioctl(faults, UFFDIO_COPY, &copy) && errno != EEXIST)
                fail("UFFDIO_COPY");
        }
    }
}

static void map_files(int count, size_t bytes)
{
    pages_a_file = PAGES / count;
    file_bytes = bytes;
    stride_bytes = file_bytes / pages_a_file / PAGE_BYTES * PAGE_BYTES;
    files = calloc(count, sizeof files[0]);
    memory = mmap(NULL, file_bytes * count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!files || memory == MAP_FAILED)
        fail("mmap");
    for (int i = 0; i < count; i++) {
        files[i] = memfd_create("pager", MFD_CLOEXEC);
        if (files[i] < 0 || ftruncate(files[i], (off_t)file_bytes))
            fail("memfd_create");
        char *at = memory + file_bytes * i;
        if (mmap(at, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, files[i], 0) != at)
            fail("mmap");
    }
}

// An odd factor walks every page of a power of two once, without an order that a prefetcher knows.
static volatile char *page_at(uint64_t i)
{
    uint64_t page = i * 2654435761u % PAGES;
    uint64_t file = page / pages_a_file, behind = page % pages_a_file;
    return memory + file * file_bytes + behind * stride_bytes;
}

int main(int argc, char **argv)
{
    int spread = argc > 1, count = spread ? atoi(argv[1]) : 1, gibibytes = argc > 2 ? atoi(argv[2]) : 0;
    if (count < 1 || count > PAGES || gibibytes < 0 || (gibibytes > 0 && count > 1)) {
        fprintf(stderr, "usage: pager [FILES] | pager 1 GIBIBYTES\n");
        return 2;
    }
    map_files(count, gibibytes ? (size_t)gibibytes << 30 : (size_t)(PAGES / count) * PAGE_BYTES);
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (faults < 0)
        fail("userfaultfd");
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MISSING_SHMEM};
    if (ioctl(faults, UFFDIO_API, &api))
        fail("UFFDIO_API");
    struct uffdio_register range = {
        .range = {(uint64_t)memory, file_bytes * count}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    if (ioctl(faults, UFFDIO_REGISTER, &range))
        fail("UFFDIO_REGISTER");

    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        // Or each page that is punched would be looked for here, too.
        munmap(memory, file_bytes * count);
        serve(faults, spread);
        return 0;
    }

    static int64_t latencies[PAGES];
    volatile char sink = 0;
    int measured = 0;
    for (int turn = spread ? 0 : 1; turn < 2; turn++) {
        measured = 0;
        for (uint64_t i = 0; i < PAGES; i++) {
            volatile char *page = page_at(i);
            if (page >= memory + file_bytes * count)
                continue; // pages that are no whole number for each file
            int64_t before = now_ns();
            sink += *page;
            latencies[measured++] = now_ns() - before;
        }
    }

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    qsort(latencies, measured, sizeof latencies[0], compare);
    printf("{\"p50_us\":%.3f,\"p99_us\":%.3f,\"faults\":%d}\n", latencies[measured / 2] / 1e3,
           latencies[measured / 100 * 99] / 1e3, measured);
    return 0;
}
