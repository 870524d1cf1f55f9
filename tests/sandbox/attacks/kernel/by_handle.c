/* Files without a path. */
#define _GNU_SOURCE
#include <stdio.h>
#include <fcntl.h>

int main(void) {
    struct { struct file_handle handle; char more[64]; } file = {{8, 1}, {2}};
    long got = open_by_handle_at(AT_FDCWD, &file.handle, O_RDONLY);
    if (got < 0) return 1;
    puts("ESCAPED");
}
