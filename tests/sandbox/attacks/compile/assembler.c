__asm__(".fill 2000000000, 1, 1");

int main(void) { return 0; }
