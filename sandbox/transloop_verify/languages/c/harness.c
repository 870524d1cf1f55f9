/* Calls the candidate once for each case and writes down what came of it. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char transloop_nonce[80], *transloop_out;
static int transloop_first;
static size_t transloop_size, transloop_space;
static const size_t transloop_largest = 60000;

/* Before the candidate's code: stdin is read, and at its end for whoever reads on. */
__attribute__((constructor(101))) static void transloop_begin(void) {
    char text[200];
    size_t size = 0;
    for (ssize_t got; size + 1 < sizeof text && (got = read(0, text + size, sizeof text - 1 - size)) > 0;) size += got;
    text[size] = 0;
    char *end = strchr(text, '\n');
    if (!end || end - text >= (ssize_t)sizeof transloop_nonce) _exit(1);
    memcpy(transloop_nonce, text, end - text);
    transloop_first = atoi(end + 1);
    int ends[2];
    if (pipe(ends) == 0) {
        close(ends[1]);
        dup2(ends[0], 0);
        close(ends[0]);
    }
}

static void transloop_put(const char *text) {
    size_t size = strlen(text);
    if (transloop_size + size >= transloop_space) {
        transloop_space = 2 * (transloop_size + size) + 1024;
        transloop_out = realloc(transloop_out, transloop_space);
        if (!transloop_out) _exit(1);
    }
    memcpy(transloop_out + transloop_size, text, size + 1);
    transloop_size += size;
}

static void transloop_record(void) {
    fflush(NULL);
    transloop_put("\n");
    for (size_t at = 0; at < transloop_size;) {
        ssize_t put = write(1, transloop_out + at, transloop_size - at);
        if (put <= 0) _exit(1);
        at += put;
    }
    transloop_size = 0;
}

static void transloop_start(void) {
    transloop_put("\n");
    transloop_put(transloop_nonce);
    transloop_put(" ");
}

static void transloop_int(long long value) {
    char text[30];
    snprintf(text, sizeof text, "%lld", value);
    transloop_put(text);
}

static void transloop_unsigned(unsigned long long value) {
    char text[30];
    snprintf(text, sizeof text, "%llu", value);
    transloop_put(text);
}

static void transloop_bool(bool value) { transloop_put(value ? "true" : "false"); }

static void transloop_float(double value, int digits) {
    char text[40];
    if (isnan(value)) { transloop_put("{\"f\":\"nan\"}"); return; }
    if (isinf(value)) { transloop_put(value > 0 ? "{\"f\":\"inf\"}" : "{\"f\":\"-inf\"}"); return; }
    snprintf(text, sizeof text, "%.*g", digits, value);
    transloop_put(text);
    if (!strpbrk(text, ".e")) transloop_put(".0");
}

static void transloop_double(double value) { transloop_float(value, 17); }
static void transloop_single(float value) { transloop_float(value, 9); }

static bool transloop_is_text(const char *data, size_t size) {
    for (size_t at = 0; at < size;) {
        unsigned char lead = data[at];
        int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
        if (more < 0 || at + more >= size) return false;
        for (int each = 1; each <= more; each++)
            if ((data[at + each] & 0xc0) != 0x80) return false;
        at += more + 1;
    }
    return true;
}

static void transloop_characters(const char *data, size_t size) {
    char text[8];
    bool readable = transloop_is_text(data, size);
    transloop_put(readable ? "\"" : "{\"b\":\"");
    for (size_t at = 0; at < size && at < 2 * transloop_largest; at++) {
        unsigned char each = data[at];
        if (!readable) snprintf(text, sizeof text, "%02x", each);
        else if (each == '"' || each == '\\') snprintf(text, sizeof text, "\\%c", each);
        else if (each < 0x20) snprintf(text, sizeof text, "\\u%04x", each);
        else snprintf(text, sizeof text, "%c", each);
        transloop_put(text);
    }
    transloop_put(readable ? "\"" : "\"}");
}

static void transloop_char(char value) { transloop_characters(&value, 1); }

static void transloop_string(const char *value) {
    if (value) transloop_characters(value, strlen(value));
    else transloop_put("null");
}

static void transloop_pointer(const volatile void *value) {
    transloop_put(value ? "{\"?\":\"a pointer has no value to compare\"}" : "null");
}

static void transloop_case(int index) {
    transloop_start();
    transloop_put("{\"i\":");
    transloop_int(index);
    transloop_put(",\"k\":\"returned\",\"v\":");
}

#define main transloop_candidate_main
#line 1 "candidate.c"
@@code@@
#line 1000 "harness.c"
#undef main

#define TRANSLOOP_SHOW(value) _Generic((value), \
    bool: transloop_bool, char: transloop_char, signed char: transloop_int, short: transloop_int, int: transloop_int, \
    long: transloop_int, long long: transloop_int, unsigned char: transloop_unsigned, unsigned short: transloop_unsigned, \
    unsigned: transloop_unsigned, unsigned long: transloop_unsigned, unsigned long long: transloop_unsigned, \
    @@generic@@float: transloop_single, double: transloop_double, long double: transloop_double, \
    char *: transloop_string, const char *: transloop_string, default: transloop_pointer)(value)

#define TRANSLOOP_ITEMS(items, count) do { \
    transloop_put("["); \
    for (long long transloop_at = 0; transloop_at < (long long)(count); transloop_at++) { \
        if (transloop_at) transloop_put(","); \
        TRANSLOOP_SHOW((items)[transloop_at]); \
    } \
    transloop_put("]"); \
} while (0)

// @@records@@

// @@cases@@
static void (*const transloop_cases[])(void) = {@@calls@@ 0};

int main(void) {
    transloop_start();
    transloop_put("{\"k\":\"ready\"}");
    transloop_record();
    for (int index = transloop_first; index < @@count@@; index++) transloop_cases[index]();
    transloop_start();
    transloop_put("done ");
    transloop_int(@@count@@ - transloop_first + 1);
    transloop_record();
    fflush(NULL);
    _exit(0);
}
