// Package engine is internal: it may.
package engine

import _ "stile/internal/kv"
