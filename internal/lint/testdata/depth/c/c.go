// Package c stands on both, three deep.
package c

import (
	_ "stile/a"
	_ "stile/b"
)
