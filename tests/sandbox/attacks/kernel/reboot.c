/* The machine itself. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/reboot.h>

int main(void) {
    long got = reboot(RB_DISABLE_CAD);
    if (got < 0) return 1;
    puts("ESCAPED");
}
