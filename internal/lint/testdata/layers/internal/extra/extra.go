// Package extra is in no layer.
package extra
