/* System V: lives on without a process. */
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void) {
    for (int i = 0; i < 60; i++) {
        int id = shmget(IPC_PRIVATE, 10 << 20, IPC_CREAT | 0600);
        if (id < 0) return 1;
        char *there = shmat(id, 0, 0);
        memset(there, 1, 10 << 20);
        shmdt(there);
    }
    puts("ESCAPED");
}
