// Package engine imports a stranger of its own layer and one above.
package engine

import (
	_ "stile/internal/app"
	_ "stile/internal/gateway"
	_ "stile/internal/kv/pebblekv"
)
