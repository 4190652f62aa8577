package sfn

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFunction(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:111111111111:function:charge"
	for name, want := range map[string][]string{
		"charge":                               {arn, "function/charge"},
		"charge:PROD":                          {arn + ":PROD", arn, "function/charge"},
		"function:charge":                      {arn, "function/charge"},
		"111111111111:function:charge:$LATEST": {arn + ":$LATEST", arn, "function/charge"},
		"222222222222:function:charge":         {"arn:aws:lambda:us-east-1:222222222222:function:charge", "function/charge"},
		arn:                                    {arn, "function/charge"},
		arn + ":7":                             {arn + ":7", arn, "function/charge"},
		"arn:aws-cn:lambda:cn-north-1:222222222222:function:f_1": {"arn:aws-cn:lambda:cn-north-1:222222222222:function:f_1", "function/f_1"},
	} {
		f, ok := ParseFunction(name, "us-east-1", "111111111111")
		if d := cmp.Diff(want, f.Resources()); !ok || d != "" {
			t.Errorf("%s: %v %s", name, ok, d)
		}
	}
	for _, bad := range []string{"", "a b", "charge:", ":charge", "charge:$HEAD", "arn:aws:lambda:us-east-1:function:charge", "arn:aws:lambda:us-east-1:1:function:charge",
		"arn:aws:states:us-east-1:111111111111:stateMachine:m", "charge:PROD:1", "charge/../x"} {
		if f, ok := ParseFunction(bad, "us-east-1", "111111111111"); ok {
			t.Errorf("%q is %+v", bad, f)
		}
	}
}
