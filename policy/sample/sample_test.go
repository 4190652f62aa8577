package sample

import (
	"strings"
	"testing"

	"stile/policy/exchange"
)

func TestRead(t *testing.T) {
	c, err := Read([]byte(`{"timestamp": "2024-05-06T07:08:09Z", "request": {"headers": {"A": ["1", "2"]}, "body": {"x": 1}},
		"variables": {"n": 5, "big": 5000000000, "r": {"$type": "IResponse", "value": {"statusCode": 404}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	ex := c.Env().Exchange
	if got := ex.Request.Header.Values("a"); len(got) != 2 || ex.Variables["n"] != int32(5) || ex.Variables["big"] != int64(5_000_000_000) {
		t.Errorf("header %q, variables %v", got, ex.Variables)
	}
	if r, ok := ex.Variables["r"].(*exchange.Response); !ok || r.StatusCode != 404 {
		t.Errorf("response: %v", ex.Variables["r"])
	}
	ex.Request.Body.Consume()
	if c.Env().Exchange.Request.Body.Consumed() {
		t.Error("what one evaluation consumed is gone for the next")
	}
	for text, want := range map[string]string{
		`{"requst": {}}`:                       "requst",
		`{"timestamp": "noon"}`:                "timestamp",
		`{"request": {"ipAddress": "x"}}`:      "ipAddress",
		`{"request": {"headers": {"A": 1}}}`:   "A must be a text",
		`{"variables": {"v": {"$type": "X"}}}`: "variables.v",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
