/* A descriptor of another process. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long got = syscall(438, (int)syscall(434, getppid(), 0), 0, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
