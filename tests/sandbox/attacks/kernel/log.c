/* What the kernel has told. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    char text[100];
    long got = syscall(SYS_syslog, 3, text, 100);
    if (got < 0) return 1;
    puts("ESCAPED");
}
