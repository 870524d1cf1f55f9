/* Connects by sending. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void) {
    struct sockaddr_in there = {AF_INET, htons(@PORT@), {htonl(INADDR_LOOPBACK)}, {0}};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (sendto(s, "heard", 5, MSG_FASTOPEN, (void *)&there, sizeof there) < 0) return 1;
    puts("ESCAPED");
}
