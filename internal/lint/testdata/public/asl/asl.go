// Package asl is public and reaches into the house.
package asl

import _ "stile/internal/kv"
