// Package kv may import diag.
package kv

import _ "stile/diag"
