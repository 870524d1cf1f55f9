/* The keys of the user. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long got = syscall(SYS_keyctl, 0, -3, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
