// Package b stands on a.
package b

import _ "stile/a"
