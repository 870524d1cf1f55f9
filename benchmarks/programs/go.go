package main

import (
	"fmt"
	"reflect"
	"strings"
)

// balanced gives each outermost group of nested brackets in the text, without spaces.
func balanced(text string) []string {
	groups := []string{}
	var group strings.Builder
	depth := 0
	for _, each := range strings.ReplaceAll(text, " ", "") {
		group.WriteRune(each)
		if each == '(' {
			depth++
		} else {
			depth--
		}
		if depth == 0 {
			groups = append(groups, group.String())
			group.Reset()
		}
	}
	return groups
}

func main() {
	cases := []struct {
		text     string
		expected []string
	}{
		{"", []string{}},
		{"()", []string{"()"}},
		{"( ) (( )) (( )( ))", []string{"()", "(())", "(()())"}},
		{"(()())((()))()((())()())", []string{"(()())", "((()))", "()", "((())()())"}},
		{"(()(()))", []string{"(()(()))"}},
		{"() (()) ((())) (((())))", []string{"()", "(())", "((()))", "(((())))"}},
		{"((( )))", []string{"((()))"}},
		{"( )( )( )", []string{"()", "()", "()"}},
	}
	var nonce string
	fmt.Scanln(&nonce)
	for i, each := range cases {
		record := "fail"
		if reflect.DeepEqual(balanced(each.text), each.expected) {
			record = "pass"
		}
		fmt.Println(nonce, record, i)
	}
	fmt.Println(nonce, "done", len(cases))
}
