/* Memory in the kernel. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long got = syscall(SYS_add_key, "user", "attack", "x", 1, -3);
    if (got < 0) return 1;
    puts("ESCAPED");
}
