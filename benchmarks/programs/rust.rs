use std::io::BufRead;

/// Each outermost group of nested brackets in the text, without spaces.
fn balanced(text: &str) -> Vec<String> {
    let mut groups = Vec::new();
    let mut group = String::new();
    let mut depth = 0;
    for each in text.chars().filter(|each| *each != ' ') {
        group.push(each);
        depth += if each == '(' { 1 } else { -1 };
        if depth == 0 {
            groups.push(std::mem::take(&mut group));
        }
    }
    groups
}

fn main() {
    let cases: [(&str, Vec<&str>); 8] = [
        ("", vec![]),
        ("()", vec!["()"]),
        ("( ) (( )) (( )( ))", vec!["()", "(())", "(()())"]),
        ("(()())((()))()((())()())", vec!["(()())", "((()))", "()", "((())()())"]),
        ("(()(()))", vec!["(()(()))"]),
        ("() (()) ((())) (((())))", vec!["()", "(())", "((()))", "(((())))"]),
        ("((( )))", vec!["((()))"]),
        ("( )( )( )", vec!["()", "()", "()"]),
    ];
    let mut nonce = String::new();
    std::io::stdin().lock().read_line(&mut nonce).unwrap();
    let nonce = nonce.trim();
    for (i, (text, expected)) in cases.iter().enumerate() {
        let record = if balanced(text) == *expected { "pass" } else { "fail" };
        println!("{nonce} {record} {i}");
    }
    println!("{nonce} done {}", cases.len());
}
