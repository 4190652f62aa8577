// Package a registers itself.
package a

var names []string

func init() { names = append(names, "a") }

type thing struct{}

func (thing) init() {}
