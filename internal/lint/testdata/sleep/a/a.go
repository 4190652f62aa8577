// Package a sleeps outside its tests, which another rule may mind.
package a

import "time"

// Nap is short.
func Nap() { time.Sleep(time.Millisecond) }
