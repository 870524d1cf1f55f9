/* The calls have other numbers there, and a filter may know only the usual ones. */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    if (syscall(0x40000000 | SYS_getpid) > 0) puts("ESCAPED");
    return 1;
}
