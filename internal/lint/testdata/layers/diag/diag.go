// Package diag stands lowest.
package diag
