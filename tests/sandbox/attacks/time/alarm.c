/* Raises its own limit of CPU time as far as it may. */
#include <sys/resource.h>

int main(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CPU, &all);
    for (;;) {}
}
