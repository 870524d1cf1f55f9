/* Memory of the machine. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/swap.h>

int main(void) {
    long got = swapoff("/dev/vda");
    if (got < 0) return 1;
    puts("ESCAPED");
}
