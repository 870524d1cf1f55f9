package main

import (
	"fmt"
	"net"
)

func main() {
	if _, err := net.Dial("tcp", "127.0.0.1:@PORT@"); err != nil {
		panic(err)
	}
	fmt.Println("ESCAPED")
}
