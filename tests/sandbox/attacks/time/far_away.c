/* Its children are born faster than they can be counted, and each uses little. */
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    for (;;) {
        if (fork() == 0) {
            for (volatile int i = 0; i < 300000; i++) {}
            _exit(0);
        }
        wait(0);
    }
}
