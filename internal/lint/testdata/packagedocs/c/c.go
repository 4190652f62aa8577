// Package c is told twice.
package c
