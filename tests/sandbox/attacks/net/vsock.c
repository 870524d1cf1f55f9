/* The host of a virtual machine: no namespace keeps from it. */
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
    if (socket(40, SOCK_STREAM, 0) < 0) return 1;
    puts("ESCAPED");
}
