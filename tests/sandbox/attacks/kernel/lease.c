/* Stops whoever writes to the compiler. */
#define _GNU_SOURCE
#include <stdio.h>
#include <fcntl.h>

int main(void) {
    int file = open("/usr/bin/env", O_RDONLY);
    long got = fcntl(file, F_SETLEASE, F_RDLCK);
    if (got < 0) return 1;
    puts("ESCAPED");
}
