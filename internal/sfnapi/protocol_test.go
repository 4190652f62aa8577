package sfnapi

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stile/internal/sfn"
	"stile/jsonval"
)

func TestProtocol(t *testing.T) {
	h, seen := handler(newFake()), map[string]bool{}
	for _, c := range []struct {
		name, method, path, target, body string
		status                           int
		code                             string
	}{
		{"an action that AWS has not", "POST", "/", "AWSStepFunctions.ResumeExecution", "{}", 400, "UnknownOperationException"},
		{"no such action", "POST", "/", "AWSStepFunctions.Nonsense", "{}", 400, "UnknownOperationException"},
		{"case matters", "POST", "/", "AWSStepFunctions.listStateMachines", "{}", 400, "UnknownOperationException"},
		{"another service", "POST", "/", "DynamoDB_20120810.ListTables", "{}", 400, "UnknownOperationException"},
		{"no target", "POST", "/", "", "{}", 400, "UnknownOperationException"},
		{"GET", "GET", "/", "AWSStepFunctions.ListStateMachines", "{}", 400, "UnknownOperationException"},
		{"another path", "POST", "/x", "AWSStepFunctions.ListStateMachines", "{}", 400, "UnknownOperationException"},
		{"no body is an empty object", "POST", "/", "AWSStepFunctions.ListStateMachines", "", 200, ""},
		{"not JSON", "POST", "/", "AWSStepFunctions.ListStateMachines", "{", 400, "SerializationException"},
		{"not an object", "POST", "/", "AWSStepFunctions.ListStateMachines", "[]", 400, "SerializationException"},
		{"too long", "POST", "/", "AWSStepFunctions.ListStateMachines", strings.Repeat(" ", maxBody+1), 413, "RequestEntityTooLargeException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			if c.target != "" {
				r.Header.Set("X-Amz-Target", c.target)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got, _ := jsonval.MustParse(w.Body.String()).Get("__type").Str()
			if w.Code != c.status || got != c.code {
				t.Errorf("answered %d %q, want %d %q: %s", w.Code, got, c.status, c.code, w.Body)
			}
			if ct := w.Header().Get("Content-Type"); ct != "application/x-amz-json-1.0" {
				t.Errorf("Content-Type %q", ct)
			}
			if id := w.Header().Get("x-amzn-RequestId"); len(id) != 36 || seen[id] {
				t.Errorf("request id %q", id)
			} else {
				seen[id] = true
			}
		})
	}
}

func TestInternalErrorStaysInside(t *testing.T) {
	f := newFake()
	f.broken = errors.New("disk at sector 7 burns")
	var log bytes.Buffer
	h := New(Config{Host: f, Permissions: everybody{}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	w := call(h, "DescribeStateMachine", `{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m"}`)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"__type":"InternalFailure"`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "sector") {
		t.Errorf("the answer tells what broke: %s", w.Body)
	}
	if !strings.Contains(log.String(), "sector 7") || !strings.Contains(log.String(), w.Header().Get("x-amzn-RequestId")) {
		t.Errorf("the log lacks the cause or the request id: %s", &log)
	}
}

func TestSecretsStayOutOfMessages(t *testing.T) {
	h := handler(newFake())
	secret := "hunter2"
	long := strings.Repeat(secret, 262144/len(secret)+1)
	for action, body := range map[string]string{
		"StartExecution":     `{"stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m","input":` + jsonval.Quote(long) + `}`,
		"SendTaskSuccess":    `{"taskToken":"open","output":` + jsonval.Quote(long) + `}`,
		"SendTaskFailure":    `{"taskToken":"open","cause":` + jsonval.Quote(long) + `}`,
		"CreateStateMachine": `{"name":"m","roleArn":"arn:aws:iam::1:role/r","definition":` + jsonval.Quote(strings.Repeat(long, 5)) + `}`,
	} {
		w := call(h, action, body)
		if w.Code != 400 || !strings.Contains(w.Body.String(), "Member must have length less than or equal to") {
			t.Errorf("%s answered %d %.300s", action, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s repeats a sensitive value", action)
		}
	}
}

func TestNames(t *testing.T) {
	for _, good := range []string{"a", "state.machine_1-2", "Bestellung-ä", "名", "a'b(c)!@+="} {
		if err := checkName(good); err != nil {
			t.Errorf("%q refused: %v", good, err)
		}
	}
	for _, r := range " \t\x00\x1f\x7f\u0085\u00a0\u2003\u3000<>{}[]?*\"#%\\^|~`$&,;:/\ufffe\uffff\U0010ffff" {
		if checkName("a"+string(r)+"b") == nil {
			t.Errorf("%q taken", r)
		}
	}
}

func TestDataFaults(t *testing.T) {
	const word = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	for text, want := range map[string]string{
		``:               `E`,
		" \n":            `E`,
		`not some json`:  `Unrecognized token 'not': was expecting ` + word,
		`{'not': 'json'`: `Unexpected character (''' (code 39)): was expecting double-quote to start field name`,
		`nul`:            `Unrecognized token 'nul': was expecting ` + word,
		`{"a" 1}`:        `Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value`,
		`{"a":1 "b":2}`:  `Unexpected character ('"' (code 34)): was expecting comma to separate Object entries`,
		`[1 2]`:          `Unexpected character ('2' (code 50)): was expecting comma to separate Array entries`,
		`{"a":1,}`:       `Unexpected character ('}' (code 125)): was expecting double-quote to start field name`,
		`[1,]`:           `Unexpected character (']' (code 93)): expected a valid value ` + word,
		"{\n \"a\": [1":  `Unexpected end-of-input: expected close marker for Array (start marker at line: 2, column: 7)`,
		`{"a"`:           `Unexpected end-of-input: expected close marker for Object (start marker at line: 1, column: 1)`,
		`{"a":`:          `Unexpected end-of-input`,
		`"abc`:           `Unexpected end-of-input in VALUE_STRING`,
		"\"a\nb\"":       `Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value`,
		`"\x"`:           `Unrecognized character escape 'x' (code 120)`,
		`"\u12g4"`:       `Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence`,
		`01`:             `Invalid numeric value: Leading zeroes not allowed`,
		`-01`:            `Invalid numeric value: Leading zeroes not allowed`,
		`-x`:             `Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value`,
		`1.x`:            `Unexpected character ('x' (code 120)) in numeric value: Decimal point not followed by a digit`,
		`1e`:             `Unexpected end-of-input in a number value`,
		`{} {}`:          `Unexpected character ('{' (code 123)): Expected space separating root-level values`,
		`{"a":1}x`:       `Unexpected character ('x' (code 120)): Expected space separating root-level values`,
	} {
		if _, got := parseData(text, "E"); got != want {
			t.Errorf("%q: %s\nwant %s", text, got, want)
		}
	}
	for _, good := range []string{`2`, `"some text"`, `null`, ` {} `, `1e-05`, `-0.010`, `[[],{}]`, `"\u00e9\n"`} {
		if _, got := parseData(good, "E"); got != "" {
			t.Errorf("%q refused: %s", good, got)
		}
	}
}

// FuzzDataFaults holds that every text is either a value or has a fault in words.
func FuzzDataFaults(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"\u00e9"}]}`, `01`, `1e-05`, `"`, "\xff", strings.Repeat("[", 2000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, fault := parseData(s, "E")
		_, err := jsonval.ParseString(s)
		if (fault == "") != v.Exists() || v.Exists() != (err == nil) {
			t.Fatalf("%q: value %v, fault %q, %v", s, v.Exists(), fault, err)
		}
	})
}

// TestVariableReferences are shown in the order of names; a definition that has
// variables shows its encryption too.
func TestVariableReferences(t *testing.T) {
	f := newFake()
	arn := sfn.StateMachineARN("us-east-1", "111111111111", "m")
	f.machines = append(f.machines, sfn.StateMachine{ARN: arn, Name: "m", Definition: "{}", Variables: map[string][]string{"B": {"x", "y"}, "A": {"z"}}})
	answer := jsonval.MustParse(call(handler(f), "DescribeStateMachine", `{"stateMachineArn":"`+arn+`"}`).Body.String())
	if got := answer.Get("variableReferences").Text(); got != `{"A":["z"],"B":["x","y"]}` {
		t.Error(got)
	}
	if got := answer.Get("encryptionConfiguration").Text(); got != `{"type":"AWS_OWNED_KEY"}` {
		t.Error(got)
	}
	answer = jsonval.MustParse(call(handler(f), "DescribeStateMachine", `{"stateMachineArn":"`+arn+`","includedData":"METADATA_ONLY"}`).Body.String())
	if answer.Get("variableReferences").Exists() {
		t.Error("metadata tells of variables")
	}
}
