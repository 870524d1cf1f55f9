/** Each outermost group of nested brackets in the text, without spaces. */
function balanced(text) {
  const groups = [];
  let group = "";
  let depth = 0;
  for (const char of text.replaceAll(" ", "")) {
    group += char;
    depth += char === "(" ? 1 : -1;
    if (depth === 0) {
      groups.push(group);
      group = "";
    }
  }
  return groups;
}

const CASES = [
  ["", []],
  ["()", ["()"]],
  ["( ) (( )) (( )( ))", ["()", "(())", "(()())"]],
  ["(()())((()))()((())()())", ["(()())", "((()))", "()", "((())()())"]],
  ["(()(()))", ["(()(()))"]],
  ["() (()) ((())) (((())))", ["()", "(())", "((()))", "(((())))"]],
  ["((( )))", ["((()))"]],
  ["( )( )( )", ["()", "()", "()"]],
];
const nonce = require("fs").readFileSync(0, "utf8").trim();
CASES.forEach(([text, expected], number) => {
  const same = JSON.stringify(balanced(text)) === JSON.stringify(expected);
  console.log(nonce, same ? "pass" : "fail", number);
});
console.log(nonce, "done", CASES.length);
