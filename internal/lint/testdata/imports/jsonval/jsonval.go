// Package jsonval imports what is on its list and what is not.
package jsonval

import (
	_ "net/http"
	_ "strings"
	_ "sync"
)
