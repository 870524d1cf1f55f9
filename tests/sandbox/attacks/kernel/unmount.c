/* What hides something. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mount.h>

int main(void) {
    long got = umount2("/tmp", MNT_DETACH);
    if (got < 0) return 1;
    puts("ESCAPED");
}
