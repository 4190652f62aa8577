package callback

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stile/internal/sfn"
	"stile/policy/exchange"
)

// invalid answers a delivery whose body is none, and records it, without what the
// body holds. An altered URL learns no more of it than of any other.
func (c *Callbacks) invalid(ctx context.Context, ex *exchange.Exchange, d sfn.Delivery, status int, problem string) error {
	reason := "BodyIsNoOutput"
	if status == http.StatusRequestEntityTooLarge {
		reason = "BodyTooLong"
	}
	err := c.host.RecordDelivery(ctx, d, sfn.DeliveryRecord{Answer: sfn.AnswerInvalid, Status: status, Reason: reason})
	var refused *sfn.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "InvalidToken":
		answer(ex, http.StatusUnauthorized, "The callback URL is not valid.")
	case errors.As(err, &refused):
		answer(ex, http.StatusServiceUnavailable, refused.Message)
		ex.Response.Header.Set("Retry-After", "1")
	case err != nil:
		return err
	default:
		answer(ex, status, problem)
	}
	return nil
}

// Ended records an exchange of the built-in API that a policy ended before it came
// to its backend; one that came there is recorded already. A token that does not
// open is recorded nowhere.
func (c *Callbacks) Ended(ctx context.Context, ex *exchange.Exchange) error {
	if ex.Operation == nil || slices.ContainsFunc(ex.Calls, func(call exchange.Call) bool { return strings.HasPrefix(call.URL, BackendURL) }) {
		return nil
	}
	d := envelope(ex)
	if !ex.Request.Body.Streaming() {
		// A body that nobody read has no digest; one that was read has it here.
		if body, err := ex.Request.Body.Bytes(); err == nil {
			d.Digest = digest(d.Fail, body)
		}
	}
	r := sfn.DeliveryRecord{Answer: sfn.AnswerAnswered, Status: ex.Response.StatusCode}
	switch v := ex.Verdict; {
	case v != nil:
		r.Answer, r.Policy, r.Reason = sfn.AnswerRefused, v.Policy, v.Reason
		if v.File != "" {
			r.At = v.File + ":" + strconv.Itoa(v.Line)
		}
	case ex.Response.StatusCode >= http.StatusInternalServerError:
		r.Answer = sfn.AnswerFailed
		if ex.LastError != nil {
			r.Policy, r.Reason = ex.LastError.Source, ex.LastError.Reason
		}
	}
	err := c.host.RecordDelivery(ctx, d, r)
	var refused *sfn.Error
	if errors.As(err, &refused) {
		return nil // no token of ours, or the server stops
	}
	return err
}
