/* Memory that not even the kernel sees. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long got = syscall(447, 0);
    if (got < 0) return 1;
    puts("ESCAPED");
}
