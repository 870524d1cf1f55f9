/* Reads a terabyte of zeros: no page is resident, but the tables for them are. */
#include <stdint.h>
#include <sys/mman.h>

int main(void) {
    size_t size = (size_t)1 << 40;
    volatile char *space = mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) return 1;
    for (size_t at = 0; at < size; at += (size_t)2 << 20) (void)space[at];
    return 0;
}
