package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLambda(t *testing.T) {
	c, faults := Parse("stile.yaml", `lambda:
  endpoint: http://127.0.0.1:3001/
  access-key: {id: AKID, secret: {secret: "env://KEY"}, token: {secret: "env://TOKEN"}, region: eu-west-1}
  functions:
    charge: {operation: payments/charge}
    thumb_1: {http: "https://thumbs.example/make/"}
map:
  arn:aws:lambda:*:*:function:Notify*: {http: "http://127.0.0.1:9"}
  arn:aws:lambda:*:*:function:thumb_1: {http: "http://127.0.0.1:8"}
`)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if l := c.Lambda; l.Endpoint != "http://127.0.0.1:3001" || l.AccessKey.ID != "AKID" || l.AccessKey.Region != "eu-west-1" || l.AccessKey.Secret.Text != "env://KEY" || l.AccessKey.Token.Text != "env://TOKEN" {
		t.Errorf("%+v", l)
	}
	for name, want := range map[string]Function{
		"charge":    {Name: "charge", API: "payments", Operation: "charge", Line: 5, Column: 5},
		"thumb_1":   {Name: "thumb_1", HTTP: "https://thumbs.example/make", Line: 6, Column: 5},
		"NotifyAll": {Name: "NotifyAll", HTTP: "http://127.0.0.1:9", Line: 8, Column: 1},
		"other":     {},
	} {
		f, ok := c.Function(name, "arn:aws:lambda:us-east-1:111111111111:function:"+name)
		if d := cmp.Diff(want, f); d != "" || ok != (want.Name != "") {
			t.Errorf("%s: %v %s", name, ok, d)
		}
	}
	for text, want := range map[string]bool{"name: x\n": false, "lambda: {}\n": false, "lambda: {endpoint: 'http://a.example'}\n": true, "lambda: {functions: {f: {operation: a/b}}}\n": true,
		"map: {'arn:aws:lambda:*:*:function:*': {http: 'http://a.example'}}\n": true, "map: {a.example: {http: 'http://a.example'}}\n": false} {
		c, faults := Parse("stile.yaml", text)
		if c == nil || len(faults) > 0 || c.Reaches() != want {
			t.Errorf("%s: %v", text, faults)
		}
	}
}

func TestLambdaFaults(t *testing.T) {
	for text, want := range map[string]string{
		`{endpoint: "127.0.0.1:3001"}`:                                                                    "endpoint must be an absolute http or https URL",
		`{endpoint: "http://u:p@a.example"}`:                                                              "user or password",
		`{endpoints: "http://a.example"}`:                                                                 `unknown key "endpoints"`,
		`{access-key: {id: A, secret: {secret: "env://K"}}}`:                                              "which is not given",
		`{endpoint: "http://a.example", access-key: {id: A}}`:                                             `has no "secret"`,
		`{endpoint: "http://a.example", access-key: {id: A, secret: plain}}`:                              "must not be written out",
		`{endpoint: "http://a.example", access-key: {id: "A/B", secret: {secret: "env://K"}}}`:            "letters, digits and _",
		`{endpoint: "http://a.example", access-key: {id: A, secret: {secret: "env://K"}, region: "a/b"}}`: "no region",
		`{functions: [charge]}`:                                                                           "must be a map",
		`{functions: {"arn:aws:lambda:x": {operation: a/b}}}`:                                             "not the name of a function",
		`{functions: {charge: {operation: charge}}}`:                                                      "API/OPERATION",
		`{functions: {charge: {operation: a/b/c}}}`:                                                       "API/OPERATION",
		`{functions: {charge: {http: "a.example"}}}`:                                                      "http must be an absolute",
		`{functions: {charge: {}}}`:                                                                       "exactly one of operation and http",
		`{functions: {charge: {operation: a/b, http: "http://a"}}}`:                                       "exactly one of operation and http",
		`{functions: {charge: {gateway: self}}}`:                                                          `unknown key "gateway"`,
	} {
		_, faults := Parse("stile.yaml", "lambda: "+text+"\n")
		if len(faults) == 0 || !strings.Contains(faults.Sort()[0].Message, want) && !strings.Contains(faults[len(faults)-1].Message, want) {
			t.Errorf("%s: %v, want %s", text, faults, want)
		}
	}
}
