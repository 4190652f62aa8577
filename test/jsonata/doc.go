// Package jsonata runs generated expressions through stile's jsonata and through
// the reference implementation, jsonata-js 2.0.6 in goja, and compares what they
// give: value, or code and text of the error. Differences that are meant stand in
// a table with their reasons. jsonata.js is installed by npm (make deps), not kept
// here.
package jsonata
