/* Takes hold of the first process. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ptrace.h>

int main(void) {
    long got = ptrace(PTRACE_SEIZE, 1, 0, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
