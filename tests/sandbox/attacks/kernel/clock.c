/* Another time. */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

int main(void) {
    struct timespec then = {0, 0};
    long got = clock_settime(CLOCK_REALTIME, &then);
    if (got < 0) return 1;
    puts("ESCAPED");
}
