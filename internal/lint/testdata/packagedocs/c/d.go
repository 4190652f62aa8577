// Package c is told here again.
package c
