// SPDX-License-Identifier: GPL-2.0-or-later
// What it costs to take single pages of a shared memory file from a process that goes on between: the pager's own time,
// and what the process pays for it in its next turn. Once the pages are anywhere, once by address. Holes are punched,
// which unmaps; or the pager has unmapped the turn's pages in one call before (process_madvise, MADV_PAGEOUT; only
// without swap), or the application has (MADV_DONTNEED, Linux 6.13), in its own turn, which counts as that.
//
//   cc -O2 -o unmap bench/floor/unmap.c && ./unmap
//
// The pager is on processor 0 and the application on processor 1. Prints one line of JSON for each order, number of
// pages between two turns of the application, and who unmaps, in microseconds a page; the medians of the turns.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// One page in four is taken, so that those by address are in the same page tables and yet no neighbours.
enum { PAGES = 65536, PAGE_BYTES = 4096, EACH = 4, PUNCHED = PAGES / EACH, TURNS_MAX = 1024, TURN_PAGES_MAX = 256 };

enum unmaps { HOLE, PAGER, APPLICATION };

struct turn {
    const int *order;
    int pages;
    enum unmaps who;
};

static char *memory;
static int to_child[2], to_parent[2];

static void fail(const char *what)
{
    fprintf(stderr, "unmap: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void run_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        fail("sched_setaffinity");
}

static void pass_turn(int to, int from)
{
    char turn = 0;
    if (write(to, &turn, 1) != 1 || read(from, &turn, 1) != 1)
        fail("a turn");
}

// Unmaps pages of a process; what they hold stays.
static void unmap(int process, const int *order, int count, int advice)
{
    struct iovec pages[TURN_PAGES_MAX];
    for (int i = 0; i < count; i++)
        pages[i] = (struct iovec){memory + (size_t)order[i] * PAGE_BYTES, PAGE_BYTES};
    if (syscall(SYS_process_madvise, process, pages, count, advice, 0) != (long)count * PAGE_BYTES)
        fail("process_madvise");
}

static int open_process(pid_t process)
{
    int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
    if (descriptor < 0)
        fail("pidfd_open");
    return descriptor;
}

// Touches one page a turn, none that was taken.
static void application(struct turn turn)
{
    run_on(1);
    int self = open_process(getpid());
    volatile char *pages = memory;
    for (int page = 0; page < PAGES; page++)
        (void)pages[(size_t)page * PAGE_BYTES];
    for (int page = 1, next = 0;; page = (page + EACH) % PAGES, next += turn.pages) {
        if (turn.who == APPLICATION && next + turn.pages <= PUNCHED)
            unmap(self, turn.order + next, turn.pages, MADV_DONTNEED);
        pass_turn(to_parent[1], to_child[0]);
        (void)pages[(size_t)page * PAGE_BYTES];
    }
}

static void measure(int file, struct turn the, const char *name)
{
    static const char *const unmapped[] = {"by the hole", "by the pager", "by the application"};
    for (int page = 0; page < PAGES; page++)
        memory[(size_t)page * PAGE_BYTES] = 1;
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0)
        application(the);
    int process = open_process(child);
    char turn;
    if (read(to_parent[0], &turn, 1) != 1)
        fail("the first turn");
    // Only the application has them mapped.
    if (madvise(memory, (size_t)PAGES * PAGE_BYTES, MADV_DONTNEED))
        fail("madvise");

    static double punching[TURNS_MAX], between[TURNS_MAX];
    int turns = 0;
    for (int page = 0; page < PUNCHED && turns < TURNS_MAX; turns++) {
        double begun = now_us();
        if (the.who == PAGER)
            unmap(process, the.order + page, the.pages, MADV_PAGEOUT);
        for (int end = page + the.pages; page < end; page++)
            if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)the.order[page] * PAGE_BYTES,
                          PAGE_BYTES))
                fail("fallocate");
        punching[turns] = now_us() - begun;
        begun = now_us();
        pass_turn(to_child[1], to_parent[0]);
        between[turns] = now_us() - begun;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(process);
    qsort(punching, turns, sizeof punching[0], compare);
    qsort(between, turns, sizeof between[0], compare);
    printf("{\"order\":\"%s\",\"unmapped\":\"%s\",\"pages_a_turn\":%d,\"pager_us_a_page\":%.1f,"
           "\"application_us_a_turn\":%.1f}\n",
           name, unmapped[the.who], the.pages, punching[turns / 2] / the.pages, between[turns / 2]);
    fflush(stdout);
}

int main(void)
{
    int file = memfd_create("unmap", 0);
    size_t total = (size_t)PAGES * PAGE_BYTES;
    if (file < 0 || ftruncate(file, (off_t)total))
        fail("memfd_create");
    memory = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED || madvise(memory, total, MADV_NOHUGEPAGE))
        fail("mmap");
    if (pipe(to_child) || pipe(to_parent))
        fail("pipe");
    run_on(0);

    static int anywhere[PUNCHED], by_address[PUNCHED];
    uint64_t random = 1;
    for (int i = 0; i < PUNCHED; i++)
        by_address[i] = anywhere[i] = i * EACH;
    for (int i = PUNCHED - 1; i > 0; i--) {
        random = random * 6364136223846793005 + 1442695040888963407;
        int other = (int)((random >> 33) % (uint64_t)(i + 1)), page = anywhere[i];
        anywhere[i] = anywhere[other];
        anywhere[other] = page;
    }

    static const int counts[] = {1, 16, TURN_PAGES_MAX};
    for (int i = 0; i < 3; i++)
        for (enum unmaps who = HOLE; who <= APPLICATION; who++) {
            measure(file, (struct turn){anywhere, counts[i], who}, "anywhere");
            measure(file, (struct turn){by_address, counts[i], who}, "by address");
        }
    return 0;
}
