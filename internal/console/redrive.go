package console

import (
	"context"
	"net/http"
	"time"

	"stile/internal/sfn"
	"stile/jsonval"
)

// Redriver lets an execution that ended otherwise than well go on, and gives the date
// of that. A client token that was given before gives the date of then.
type Redriver interface {
	RedriveExecution(ctx context.Context, arn, clientToken string) (time.Time, error)
}

func (c *console) redrive(w http.ResponseWriter, r *http.Request, x sfn.Execution) {
	v, ok := body(w, r)
	if !ok {
		return
	}
	t, ok := texts(w, v, "clientToken")
	if !ok {
		return
	}
	at, err := c.Host.RedriveExecution(r.Context(), x.ARN, t[0])
	if err == nil {
		x, err = c.Host.DescribeExecution(r.Context(), x.ARN)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	var o jsonval.Object
	answer(w, http.StatusOK, o.AddString("redrive", instant(at)).AddInt("redriveCount", x.RedriveCount).Value())
}
