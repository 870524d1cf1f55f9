/* Something over something. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mount.h>

int main(void) {
    long got = mount("none", "/tmp", "tmpfs", 0, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
