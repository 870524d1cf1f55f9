/* The assembler reads it. */
#include <stdio.h>

__asm__(".globl stolen\nstolen:\n.incbin \"@SECRET@\"\n.byte 0\n");
extern const char stolen[];

int main(void) { puts(stolen); puts("ESCAPED"); }
