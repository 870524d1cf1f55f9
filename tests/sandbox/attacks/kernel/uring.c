/* Opens sockets behind the filter. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    char parameters[120] = {0};
    long got = syscall(425, 8, parameters);
    if (got < 0) return 1;
    puts("ESCAPED");
}
