/* By the newer calls. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long got = syscall(430, "tmpfs", 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
