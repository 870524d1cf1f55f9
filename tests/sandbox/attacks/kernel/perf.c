/* Watches the processor. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long got = syscall(SYS_perf_event_open, 0, 0, -1, -1, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
