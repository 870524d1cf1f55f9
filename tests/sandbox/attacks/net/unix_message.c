/* The same by sendmsg, which names its receiver in memory, where no filter looks. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) return 1;
    struct sockaddr_un there = {.sun_family = AF_UNIX};
    const char *name = "@ABSTRACT@.datagram", *path = "@SOCKET@.datagram";
    struct iovec word = {"heard", 5};
    memcpy(there.sun_path + 1, name, strlen(name));
    struct msghdr message = {&there, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name), &word, 1, 0, 0, 0};
    if (sendmsg(pair[0], &message, 0) > 0) puts("ESCAPED");
    strcpy(there.sun_path, path);
    message.msg_namelen = sizeof there;
    if (sendmsg(pair[0], &message, 0) > 0) puts("ESCAPED");
    return 1;
}
