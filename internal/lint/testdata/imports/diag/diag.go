// Package diag is not held to purity.
package diag

import _ "os"
