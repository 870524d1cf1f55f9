package main

import (
	"math"
	"runtime/debug"
)

func main() {
	debug.SetMemoryLimit(math.MaxInt64)
	debug.SetGCPercent(-1)
	block, ready := make(chan bool), make(chan bool)
	for {
		go func() {
			mine := make([]byte, 1<<20)
			for i := range mine {
				mine[i] = 1
			}
			ready <- true
			<-block
			_ = mine[0]
		}()
		<-ready
	}
}
