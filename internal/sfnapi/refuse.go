package sfnapi

import (
	"net/http"

	"stile/internal/sfn"
)

// MaxBody bounds the body of a request, in bytes. What stands before the API and
// reads a body reads no more than this.
const MaxBody = maxBody

// Refuse answers a request that reaches no action, as an action answers an error.
func Refuse(w http.ResponseWriter, e *sfn.Error) {
	w.Header().Set("x-amzn-RequestId", newID())
	write(w, status(e.Code), errorBody(e))
}
