package sfn

import "testing"

func TestBilled(t *testing.T) {
	for _, tt := range []struct{ ms, bytes, billed, megabytes int64 }{
		{0, 0, 100, 64}, {1, 0, 100, 64}, {100, 0, 100, 64}, {101, 14 << 20, 200, 64}, {7501, 14<<20 + 1, 7600, 128},
	} {
		if ms, mb := Billed(tt.ms, tt.bytes); ms != tt.billed || mb != tt.megabytes {
			t.Errorf("%d ms, %d bytes: %d ms, %d MB", tt.ms, tt.bytes, ms, mb)
		}
	}
}

func TestLogGroup(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:logs:us-east-1:111111111111:log-group:/aws/vendedlogs/states/x:*": "/aws/vendedlogs/states/x",
		"arn:aws:logs:us-east-1:111111111111:log-group:a.b-c_d#e":                  "a.b-c_d#e",
		LogGroupARN("r", "1", "g"):                                                 "g",
		"arn:aws:logs:r:1:log-group:":                                              "",
		"arn:aws:logs:r:1:log-group:/:*":                                           "",
		"arn:aws:logs:r:1:log-group:/a/../b:*":                                     "",
		"arn:aws:logs:r:1:log-group:a b":                                           "",
		"arn:aws:logs:r:1:log-group:a:log-stream:b":                                "",
		"arn:aws:s3:::bucket":                                                      "",
		"":                                                                         "",
	} {
		if got, ok := LogGroup(arn); got != want && ok || ok != (want != "") {
			t.Errorf("%q: %q %v", arn, got, ok)
		}
	}
}
