package main

import (
	"fmt"
	"os"
)

func main() {
	got, err := os.ReadFile("@SECRET@")
	if err != nil {
		panic(err)
	}
	fmt.Println("ESCAPED", string(got))
}
