/* Marks a file as append-only. */
#define _GNU_SOURCE
#include <stdio.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

int main(void) {
    int flags = FS_NODUMP_FL, file = open("/usr/bin/env", O_RDONLY);
    long got = ioctl(file, FS_IOC_SETFLAGS, &flags);
    if (got < 0) return 1;
    puts("ESCAPED");
}
