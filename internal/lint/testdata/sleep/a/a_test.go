package a

import (
	"testing"
	clock "time"
)

func TestNap(t *testing.T) {
	Nap()
	clock.Sleep(clock.Millisecond)
}
