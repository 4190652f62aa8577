package workflow

import (
	"context"
	"errors"
	"testing"

	"stile/internal/sfn"
	"stile/jsonval"
	"stile/policy/exchange"
)

// TestExpressAnswersAtItsEnd: the status says how it went, and nothing is started twice.
func TestExpressAnswersAtItsEnd(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, tt := range []struct {
		name   string
		x      sfn.Execution
		is     bool
		err    error
		status int
		body   string
	}{
		{name: "succeeded", is: true, x: sfn.Execution{Status: sfn.Succeeded, Output: jsonval.MustParse(`[1]`)}, status: 200, body: `[1]`},
		{name: "failed", is: true, x: sfn.Execution{Status: sfn.Failed, Error: text("Bad"), Cause: text("why")}, status: 502,
			body: `{"statusCode":502,"status":"FAILED","error":"Bad","cause":"why"}`},
		{name: "took too long", is: true, x: sfn.Execution{Status: sfn.TimedOut, Error: text("States.Timeout")}, status: 504,
			body: `{"statusCode":504,"status":"TIMED_OUT","error":"States.Timeout"}`},
		{name: "no room", is: true, err: &sfn.Error{Code: "ThrottlingException", Message: "full"}, status: 503, body: `{"statusCode":503,"message":"full"}`},
		{name: "STANDARD", status: 202, body: `{"id":"e1"}`},
	} {
		h := &host{}
		var asked sfn.Start
		f := New(Config{Host: h, Account: "1", Region: "r", NewName: func() string { return "e1" },
			Sync: func(_ context.Context, in sfn.Start) (sfn.SyncExecution, bool, error) {
				asked = in
				return sfn.SyncExecution{Execution: tt.x}, tt.is, tt.err
			}})
		ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: Prefix + "quick"}}
		ex.Request.Method, ex.Request.Body = "POST", exchange.Text(`{"a":1}`)
		if err := f.Do(t.Context(), ex); err != nil {
			t.Fatal(err)
		}
		body, _ := ex.Response.Body.Bytes()
		if ex.Response.StatusCode != tt.status || string(body) != tt.body || asked.Input.Text() != `{"a":1}` {
			t.Errorf("%s: %d %s", tt.name, ex.Response.StatusCode, body)
		}
		if started := h.started.Name != ""; started == tt.is {
			t.Errorf("%s: started as STANDARD: %v", tt.name, started)
		}
		if Started(tt.status) != (tt.err == nil) {
			t.Errorf("%s: Started(%d)", tt.name, tt.status)
		}
	}
	f := New(Config{Sync: func(context.Context, sfn.Start) (sfn.SyncExecution, bool, error) {
		return sfn.SyncExecution{}, true, errors.New("disk")
	}, NewName: func() string { return "e" }})
	ex := &exchange.Exchange{Backend: exchange.Backend{BaseURL: Prefix + "quick"}}
	ex.Request.Method = "POST"
	if err := f.Do(t.Context(), ex); err == nil {
		t.Error("no error of a broken host")
	}
}
