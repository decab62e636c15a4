// SPDX-License-Identifier: GPL-2.0-or-later
// What a page costs the application that touches it, after somebody else has brought it: the part of a fault that no
// pager can take from it.
//
//   cc -O2 -o touch bench/floor/touch.c && ./touch
//
// Pages are installed in runs of 512 with UFFDIO_COPY, writable or write-protected, and then each is read, twice. First
// alone, then while another process maps and unmaps memory of its own on the other processor. On hardware with nested
// page tables, or none, the first touch is a miss in the TLB; where the hypervisor keeps page tables of its own it is a
// trap. Prints, in nanoseconds a page:
// {"pages":...,"beside":...,"install":...,"first_touch":...,"second_touch":...}
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
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

enum { PAGES = 65536, RUN = 512, PAGE_BYTES = 4096 };

static void fail(const char *what)
{
    fprintf(stderr, "touch: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void measure(const char *beside, int protect)
{
    size_t length = (size_t)PAGES * PAGE_BYTES;
    int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    struct uffdio_api api = {
        .api = UFFD_API, .features = UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api))
        fail("userfaultfd");
    int file = memfd_create("touch", 0);
    if (file < 0 || ftruncate(file, (off_t)length))
        fail("memfd_create");
    char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *source = malloc((size_t)RUN * PAGE_BYTES);
    struct uffdio_register range = {
        .range = {(uint64_t)memory, length}, .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP};
    if (memory == MAP_FAILED || source == NULL || ioctl(faults, UFFDIO_REGISTER, &range))
        fail("UFFDIO_REGISTER");
    memset(source, 7, (size_t)RUN * PAGE_BYTES);

    int64_t install = 0, touch[2] = {0, 0};
    volatile char sink = 0;
    for (size_t first = 0; first < PAGES; first += RUN) {
        char *run = memory + first * PAGE_BYTES;
        struct uffdio_copy copy = {
            .dst = (uint64_t)run, .src = (uint64_t)source, .len = (uint64_t)RUN * PAGE_BYTES,
            .mode = protect ? UFFDIO_COPY_MODE_WP : 0};
        int64_t before = now_ns();
        if (ioctl(faults, UFFDIO_COPY, &copy))
            fail("UFFDIO_COPY");
        int64_t after = now_ns();
        install += after - before;
        for (int pass = 0; pass < 2; pass++) {
            before = after;
            for (size_t page = 0; page < RUN; page++)
                sink += run[page * PAGE_BYTES];
            after = now_ns();
            touch[pass] += after - before;
        }
    }

    printf("{\"pages\":\"%s\",\"beside\":\"%s\",\"install\":%lld,\"first_touch\":%lld,\"second_touch\":%lld}\n",
           protect ? "write-protected" : "writable", beside, (long long)(install / PAGES),
           (long long)(touch[0] / PAGES), (long long)(touch[1] / PAGES));
    fflush(stdout);
    munmap(memory, length);
    free(source);
    close(file);
    close(faults);
}

// Maps and unmaps memory until it is killed.
static void map_and_unmap(void)
{
    size_t length = (size_t)RUN * PAGE_BYTES;
    for (;;) {
        char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (memory == MAP_FAILED)
            fail("mmap");
        munmap(memory, length);
    }
}

int main(void)
{
    measure("nothing", 0);
    measure("nothing", 1);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0)
        map_and_unmap();
    measure("a process that maps and unmaps", 0);
    measure("a process that maps and unmaps", 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
