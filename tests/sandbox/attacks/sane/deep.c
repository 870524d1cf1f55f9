/* Deeper than any stack. */
static int down(volatile int n) {
    volatile char frame[4096];
    frame[n % 4096] = 1;
    return down(n + 1) + frame[0];
}

int main(void) { return down(0); }
