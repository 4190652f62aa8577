// Package a is larger than the test's limits of 12, 4 and 20 lines.
package a

// One has three lines.
func One() int {
	return 1
}

// Two has four.
func Two() int {
	one := One()
	return one + 1
}
