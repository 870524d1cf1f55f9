/* A gigabyte of it in the program's file. */
char hoard[1 << 30] = {1};

int main(void) { return hoard[5]; }
