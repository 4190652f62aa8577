// Package a stands on nothing.
package a
