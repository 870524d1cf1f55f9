/* Another name for the machine. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(void) {
    long got = sethostname("attack", 6);
    if (got < 0) return 1;
    puts("ESCAPED");
}
