def balanced(text: str) -> list[str]:
    """Each outermost group of nested brackets in the text, without spaces."""
    groups: list[str] = []
    group = ""
    depth = 0
    for char in text.replace(" ", ""):
        group += char
        depth += 1 if char == "(" else -1
        if depth == 0:
            groups.append(group)
            group = ""
    return groups


CASES = [
    ("", []),
    ("()", ["()"]),
    ("( ) (( )) (( )( ))", ["()", "(())", "(()())"]),
    ("(()())((()))()((())()())", ["(()())", "((()))", "()", "((())()())"]),
    ("(()(()))", ["(()(()))"]),
    ("() (()) ((())) (((())))", ["()", "(())", "((()))", "(((())))"]),
    ("((( )))", ["((()))"]),
    ("( )( )( )", ["()", "()", "()"]),
]
nonce = input()
for number, (text, expected) in enumerate(CASES):
    print(nonce, "pass" if balanced(text) == expected else "fail", number)
print(nonce, "done", len(CASES))
