/* Connects by sending, with a socket that looks like a stream. */
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
    if (socket(AF_INET, SOCK_STREAM, 132) < 0) return 1;
    puts("ESCAPED");
}
