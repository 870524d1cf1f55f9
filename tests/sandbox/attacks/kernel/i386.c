/* The calls of the 32-bit world. */
#include <stdio.h>

int main(void) {
    long got = 20; /* getpid there */
    __asm__ volatile("int $0x80" : "+a"(got));
    if (got > 0) puts("ESCAPED");
    return 1;
}
