#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

// Each outermost group of nested brackets in the text, without spaces.
std::vector<std::string> balanced(const std::string &text) {
    std::vector<std::string> groups;
    std::string group;
    int depth = 0;
    for (char each : text) {
        if (each == ' ') continue;
        group += each;
        depth += each == '(' ? 1 : -1;
        if (depth == 0) {
            groups.push_back(group);
            group.clear();
        }
    }
    return groups;
}

int main() {
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
        {"", {}},
        {"()", {"()"}},
        {"( ) (( )) (( )( ))", {"()", "(())", "(()())"}},
        {"(()())((()))()((())()())", {"(()())", "((()))", "()", "((())()())"}},
        {"(()(()))", {"(()(()))"}},
        {"() (()) ((())) (((())))", {"()", "(())", "((()))", "(((())))"}},
        {"((( )))", {"((()))"}},
        {"( )( )( )", {"()", "()", "()"}},
    };
    std::string nonce;
    std::getline(std::cin, nonce);
    for (std::size_t i = 0; i < cases.size(); i++) {
        bool same = balanced(cases[i].first) == cases[i].second;
        std::cout << nonce << (same ? " pass " : " fail ") << i << "\n";
    }
    std::cout << nonce << " done " << cases.size() << "\n";
}
