/* Simply becomes root. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(void) {
    long got = setuid(0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
