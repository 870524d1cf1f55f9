/* Takes hold of whoever started us. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(void) {
    long got = ptrace(PTRACE_ATTACH, getppid(), 0, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
