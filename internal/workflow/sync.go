package workflow

import (
	"context"
	"net/http"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// Started reports whether a POST with this status has started an execution: 202 of a
// STANDARD one, the others of an EXPRESS one.
func Started(status int) bool {
	return status == http.StatusAccepted || status == http.StatusOK || status == http.StatusBadGateway || status == http.StatusGatewayTimeout
}

// run runs an execution of an EXPRESS state machine while the caller waits, and answers
// 200 with its output as it is; one that failed is 502, one that took too long 504,
// with {"status","error","cause"}. is says whether the state machine is EXPRESS.
func (f *Facade) run(ctx context.Context, ex *exchange.Exchange, s sfn.Start) (is bool, err error) {
	if f.cfg.Sync == nil {
		return false, nil
	}
	x, is, err := f.cfg.Sync(ctx, s)
	switch {
	case !is:
		return false, nil
	case err != nil:
		return true, refused(ex, err)
	case x.Status == sfn.Succeeded:
		reply(ex, http.StatusOK, x.Output)
		return true, nil
	}
	status := http.StatusBadGateway
	if x.Status == sfn.TimedOut {
		status = http.StatusGatewayTimeout
	}
	var o jsonval.Object
	o.AddInt("statusCode", int64(status)).AddString("status", x.Status)
	if x.Error != nil {
		o.AddString("error", *x.Error)
	}
	if x.Cause != nil {
		o.AddString("cause", *x.Cause)
	}
	reply(ex, status, o.Value())
	return true, nil
}
