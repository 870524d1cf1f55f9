#include <stdio.h>
#include <string.h>

/* Each outermost group of nested brackets in the text, without spaces, one on a line. */
static void balanced(const char *text, char *groups) {
    int depth = 0;
    for (; *text; text++) {
        if (*text == ' ') continue;
        *groups++ = *text;
        depth += *text == '(' ? 1 : -1;
        if (depth == 0) *groups++ = '\n';
    }
    *groups = 0;
}

int main(void) {
    const char *cases[][2] = {
        {"", ""},
        {"()", "()\n"},
        {"( ) (( )) (( )( ))", "()\n(())\n(()())\n"},
        {"(()())((()))()((())()())", "(()())\n((()))\n()\n((())()())\n"},
        {"(()(()))", "(()(()))\n"},
        {"() (()) ((())) (((())))", "()\n(())\n((()))\n(((())))\n"},
        {"((( )))", "((()))\n"},
        {"( )( )( )", "()\n()\n()\n"},
    };
    char nonce[100], groups[200];
    if (scanf("%99s", nonce) != 1) return 1;
    int count = sizeof cases / sizeof *cases;
    for (int i = 0; i < count; i++) {
        balanced(cases[i][0], groups);
        printf("%s %s %d\n", nonce, strcmp(groups, cases[i][1]) ? "fail" : "pass", i);
    }
    printf("%s done %d\n", nonce, count);
    return 0;
}
