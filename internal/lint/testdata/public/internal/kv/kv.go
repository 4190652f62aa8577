// Package kv is internal.
package kv
