// SPDX-License-Identifier: GPL-2.0-or-later
// The least that memory over a file can cost when a process other than the kernel pages it: what a host has to do for
// each page, in C, and nothing else. No table of states, no policy (first in, first out), no checksums, one range, one
// application thread. `docs/internals/limits.md` sets it beside the kernel's own paging and beside ours.
//
//   cc -O2 -pthread -o filepager bench/floor/filepager.c
//   ./filepager read FILE 256 131072 6      random reads of FILE within 256 MiB, for 6 seconds after 131072 of them
//   ./filepager write FILE 256 131072 6     random writes, written back to FILE; each word is written as it was
//   ./filepager ahead FILE 256 131072 6     random reads that the pager knows 1024 ahead, 32 on their way
//
// A child process reads the faults; it answers each with a read of the file (O_DIRECT) and UFFDIO_COPY. Its second
// thread keeps the pages within the budget: 256 at a time by address, each run punched out of the memory file; what
// was written is write-protected, read, and written to the file first. Prints one line:
// {"mode":...,"ops_s":...,"faults":...}
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, BATCH = 256, DEPTH = 32, WINDOW = 1024, MESSAGES = 16 };

// Shared by both processes.
struct shared {
    _Atomic uint64_t position;
    _Atomic uint64_t faults;
};

static struct shared *shared;
static char *memory;
static int memory_file, file, faults, writes;
static uint64_t page_count, budget_pages;

// Of the child: pages in DRAM, oldest first.
static uint32_t *queue;
static _Atomic uint64_t pushed, popped;
static sem_t resident_full, room;

static void fail(const char *what)
{
    fprintf(stderr, "filepager: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// The page of a draw: the same in both processes.
static uint64_t page_of(uint64_t draw)
{
    draw += 0x9E3779B97F4A7C15u;
    draw = (draw ^ (draw >> 30)) * 0xBF58476D1CE4E5B9u;
    draw = (draw ^ (draw >> 27)) * 0x94D049BB133111EBu;
    return (draw ^ (draw >> 31)) % page_count;
}

static int by_address(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

// Writes pages to the file, DEPTH at a time, and waits for them.
static void write_back(aio_context_t context, const uint32_t *pages, char *buffer)
{
    static struct iocb requests[BATCH];
    struct io_event events[DEPTH];
    int under_way = 0;
    for (int i = 0; i < BATCH; i++) {
        char *bytes = buffer + (size_t)i * PAGE_BYTES;
        struct uffdio_writeprotect protect = {
            .range = {(uint64_t)memory + (uint64_t)pages[i] * PAGE_BYTES, PAGE_BYTES},
            .mode = UFFDIO_WRITEPROTECT_MODE_WP};
        if (ioctl(faults, UFFDIO_WRITEPROTECT, &protect))
            fail("UFFDIO_WRITEPROTECT");
        if (pread(memory_file, bytes, PAGE_BYTES, (off_t)pages[i] * PAGE_BYTES) != PAGE_BYTES)
            fail("pread of the memory file");
        requests[i] = (struct iocb){
            .aio_fildes = (uint32_t)file, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_buf = (uint64_t)bytes,
            .aio_nbytes = PAGE_BYTES, .aio_offset = (int64_t)pages[i] * PAGE_BYTES};
        struct iocb *request = &requests[i];
        if (syscall(SYS_io_submit, context, 1, &request) != 1)
            fail("io_submit");
        if (++under_way == DEPTH)
            under_way -= (int)syscall(SYS_io_getevents, context, 1, DEPTH, events, NULL);
    }

    while (under_way > 0)
        under_way -= (int)syscall(SYS_io_getevents, context, 1, DEPTH, events, NULL);
}

// Frees a batch whenever the budget is nearly used.
static void *evict(void *unused)
{
    (void)unused;
    aio_context_t context = 0;
    char *buffer;
    if (syscall(SYS_io_setup, DEPTH, &context) || posix_memalign((void **)&buffer, PAGE_BYTES, BATCH * PAGE_BYTES))
        fail("io_setup");
    for (;;) {
        sem_wait(&resident_full);
        uint32_t pages[BATCH];
        for (int i = 0; i < BATCH; i++)
            pages[i] = queue[(popped + (uint64_t)i) % page_count];
        qsort(pages, BATCH, sizeof pages[0], by_address);
        if (writes)
            write_back(context, pages, buffer);
        for (int i = 0; i < BATCH;) {
            int run = 1;
            while (i + run < BATCH && pages[i + run] == pages[i] + (uint32_t)run)
                run++;
            if (fallocate(memory_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)pages[i] * PAGE_BYTES,
                          (off_t)run * PAGE_BYTES))
                fail("punch hole");
            i += run;
        }

        popped += BATCH;
        sem_post(&room);
    }

    return NULL;
}

// Puts a page under the application; nobody may wait for one that is there.
static void install(uint64_t page, const char *bytes)
{
    struct uffdio_copy copy = {
        .dst = (uint64_t)memory + page * PAGE_BYTES, .src = (uint64_t)bytes, .len = PAGE_BYTES};
    if (ioctl(faults, UFFDIO_COPY, &copy)) {
        if (errno != EEXIST)
            fail("UFFDIO_COPY");
        struct uffdio_range wake = {copy.dst, PAGE_BYTES};
        ioctl(faults, UFFDIO_WAKE, &wake);
        return;
    }

    queue[pushed % page_count] = (uint32_t)page;
    pushed++;

    // One batch before the last: there is room for a batch while one is on its way out.
    if (pushed % BATCH == 0 && pushed - popped + 2 * BATCH > budget_pages) {
        sem_post(&resident_full);
        if (pushed - popped + BATCH > budget_pages)
            sem_wait(&room);
        else
            sem_trywait(&room);
    }
}

static void read_and_install(uint64_t page, char *buffer)
{
    if (pread(file, buffer, PAGE_BYTES, (off_t)(page * PAGE_BYTES)) != PAGE_BYTES)
        fail("pread of the file");
    install(page, buffer);
}

// Answers the faults that there are; what is write-protected is on its way out, and comes back once it is out.
static void serve(char *buffer, int timeout_ms)
{
    struct uffd_msg messages[MESSAGES];
    struct pollfd poll_faults = {.fd = faults, .events = POLLIN};
    if (timeout_ms != 0)
        poll(&poll_faults, 1, timeout_ms);
    ssize_t bytes = read(faults, messages, sizeof messages);
    for (ssize_t i = 0; i < bytes / (ssize_t)sizeof messages[0]; i++) {
        uint64_t address = messages[i].arg.pagefault.address & ~(uint64_t)(PAGE_BYTES - 1);
        shared->faults++;
        if (messages[i].arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
            struct uffdio_range wake = {address, PAGE_BYTES};
            sched_yield();
            ioctl(faults, UFFDIO_WAKE, &wake);
            continue;
        }

        read_and_install((address - (uint64_t)memory) / PAGE_BYTES, buffer);
    }
}

// Reads what the application is going to touch, DEPTH at a time.
static void serve_ahead(char *buffer)
{
    static struct iocb requests[DEPTH];
    struct iocb *unused[DEPTH];
    int unused_count = DEPTH;
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, DEPTH, &context))
        fail("io_setup");
    for (int i = 0; i < DEPTH; i++) {
        unused[i] = &requests[i];
        requests[i] = (struct iocb){
            .aio_fildes = (uint32_t)file, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_nbytes = PAGE_BYTES,
            .aio_buf = (uint64_t)(buffer + (size_t)(i + 1) * PAGE_BYTES)};
    }

    for (uint64_t draw = 0;;) {
        struct iocb *batch[DEPTH];
        int count = 0;
        for (; unused_count > 0 && draw < shared->position + WINDOW; draw++) {
            struct iocb *request = unused[--unused_count];
            request->aio_offset = (int64_t)(page_of(draw) * PAGE_BYTES);
            request->aio_data = (uint64_t)request;
            batch[count++] = request;
        }

        for (int done = 0; done < count;) {
            long submitted = syscall(SYS_io_submit, context, count - done, batch + done);
            if (submitted <= 0)
                fail("io_submit");
            done += (int)submitted;
        }

        if (unused_count == DEPTH) {
            serve(buffer, 1);
            continue;
        }

        struct io_event events[DEPTH];
        long ended = syscall(SYS_io_getevents, context, 1, DEPTH, events, NULL);
        for (long i = 0; i < ended; i++) {
            struct iocb *request = (struct iocb *)events[i].data;
            install((uint64_t)request->aio_offset / PAGE_BYTES, (const char *)request->aio_buf);
            unused[unused_count++] = request;
        }

        serve(buffer, 0);
    }
}

static void serve_all(int ahead)
{
    char *buffer;
    pthread_t thread;
    queue = calloc(page_count, sizeof queue[0]);
    if (queue == NULL || posix_memalign((void **)&buffer, PAGE_BYTES, (DEPTH + 1) * PAGE_BYTES)
        || sem_init(&resident_full, 0, 0) || sem_init(&room, 0, 0) || pthread_create(&thread, NULL, evict, NULL))
        fail("a thread that evicts");
    if (ahead)
        serve_ahead(buffer);
    for (;;)
        serve(buffer, -1);
}

static void open_memory(const char *path)
{
    struct stat status;
    file = open(path, (writes ? O_RDWR : O_RDONLY) | O_DIRECT);
    if (file < 0 || fstat(file, &status))
        fail(path);
    page_count = (uint64_t)status.st_size / PAGE_BYTES;
    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    struct uffdio_api api = {
        .api = UFFD_API, .features = UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api))
        fail("userfaultfd");
    size_t length = page_count * PAGE_BYTES;
    memory_file = memfd_create("filepager", 0);
    if (memory_file < 0 || ftruncate(memory_file, (off_t)length))
        fail("memfd_create");
    memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || shared == MAP_FAILED)
        fail("mmap");
    struct uffdio_register range = {
        .range = {(uint64_t)memory, length}, .mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP};
    if (ioctl(faults, UFFDIO_REGISTER, &range))
        fail("UFFDIO_REGISTER");
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: filepager read|write|ahead FILE BUDGET_MIB WARM_ACCESSES SECONDS\n");
        return 2;
    }

    writes = strcmp(argv[1], "write") == 0;
    budget_pages = (uint64_t)atoll(argv[3]) * 256;
    open_memory(argv[2]);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0)
        serve_all(strcmp(argv[1], "ahead") == 0);

    // Warm-up, then what counts.
    volatile uint64_t sink = 0;
    uint64_t first = 0, faults_before = 0, draw = 0;
    int64_t begun = now_ns(), elapsed;
    for (int measured = 0; measured < 2; measured++) {
        uint64_t draws = measured ? 0 : (uint64_t)atoll(argv[4]);
        int64_t seconds_ns = measured ? atoll(argv[5]) * 1000000000LL : 0;
        begun = now_ns();
        first = draw;
        faults_before = shared->faults;
        do {
            volatile uint64_t *word = (volatile uint64_t *)(memory + page_of(draw) * PAGE_BYTES);
            if (writes)
                *word = *word;
            else
                sink += *word;
            shared->position = ++draw;
            elapsed = now_ns() - begun;
        } while (elapsed < seconds_ns || draw - first < draws);
    }

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("{\"mode\":\"%s\",\"ops_s\":%.0f,\"faults\":%llu}\n", argv[1],
           (double)(draw - first) * 1e9 / (double)elapsed, (unsigned long long)(shared->faults - faults_before));
    return 0;
}
