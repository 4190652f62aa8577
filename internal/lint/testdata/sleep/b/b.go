// Package b runs its tests in bubbles.
package b
