// Package pebblekv is part of the room kv.
package pebblekv

import _ "stile/internal/kv"
