//go:build !linux

package clock

import "time"

// asleep is how long the machine has slept, as far as that can be told: it cannot.
func asleep() time.Duration { return 0 }
