/* What is read-only, made writable. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mount.h>

int main(void) {
    long got = mount(0, "/", 0, MS_REMOUNT | MS_BIND, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
