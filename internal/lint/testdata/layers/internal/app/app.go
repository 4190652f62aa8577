// Package app stands above both.
package app
