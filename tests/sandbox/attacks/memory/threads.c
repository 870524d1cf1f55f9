/* Each thread fills its stack. */
#include <pthread.h>
#include <unistd.h>

static void *fill(void *unused) {
    volatile char stack[12 << 20];
    for (int at = 0; at < 12 << 20; at += 4096) stack[at] = 1;
    pause();
    return unused;
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 24; i++) pthread_create(&thread, 0, fill, 0);
    pause();
}
