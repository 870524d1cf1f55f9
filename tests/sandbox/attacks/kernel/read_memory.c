/* Reads the memory of another. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void) {
    char mine[8];
    struct iovec here = {mine, 8}, there = {(void *)main, 8};
    long got = process_vm_readv(getppid(), &here, 1, &there, 1, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
