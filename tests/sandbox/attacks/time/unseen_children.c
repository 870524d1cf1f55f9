/* The kernel adds their time to nobody's: their deaths are ignored. */
#include <signal.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    signal(SIGCHLD, SIG_IGN);
    for (;;)
        if (fork() == 0) {
            clock_t end = clock() + CLOCKS_PER_SEC / 100;
            while (clock() < end) {}
            _exit(0);
        } else {
            usleep(5000);
        }
}
