package awssdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// callFile is testdata/calls.json: the calls that the three clients make, and the
// modelled errors that none of them can provoke.
type callFile struct {
	About      string
	Calls      []call
	Unprovoked []unprovoked
}

// call is one call of an action and what is expected of it; one without an action
// deletes something by the control API.
type call struct {
	Call, Delete string
	With         any
	// Keep names what later calls use, by its path in the answer.
	Keep map[string]string
	// Want has what stands at paths of the answer; Until too, polling until it does.
	Want, Until map[string]any
	// List is the member that pages list: Count of them or at Least that many, on Pages.
	List                string
	Count, Least, Pages int
	// Error is the refusal that is expected: its type, text and reason.
	Error, Message, Reason string
	// Times repeats the call, with ${i} counting from 0.
	Times int
	// Not names the clients that leave the call out; After an action that a client may
	// lack, and the call then makes no sense.
	Not   []string
	After string
}

// unprovoked is a modelled error, of one action or of all, that cannot be had here.
type unprovoked struct {
	Error, Call, Why string
	Not              []string
}

func readCalls(t *testing.T) callFile {
	t.Helper()
	data, err := os.ReadFile("testdata/calls.json")
	if err != nil {
		t.Fatal(err)
	}
	var f callFile
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func (c call) leftOut(client string) bool { return slices.Contains(c.Not, client) }

func (c call) String() string {
	if c.Delete != "" {
		return "DELETE " + c.Delete
	}
	if c.Error != "" {
		return c.Call + " " + c.Error
	}
	return c.Call
}

// vars are what the names in ${…} stand for.
type vars map[string]string

var named = regexp.MustCompile(`\$\{(\w+)\}`)

func (v vars) text(t *testing.T, s string) string {
	return named.ReplaceAllStringFunc(s, func(p string) string {
		x, ok := v[p[2:len(p)-1]]
		if !ok {
			t.Fatalf("%s is not known yet", p)
		}
		return x
	})
}

// fill puts values for names in ${…}, and for $json, $repeat and $text.
func (v vars) fill(t *testing.T, x any) any {
	t.Helper()
	switch x := x.(type) {
	case string:
		return v.text(t, x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = v.fill(t, x[i])
		}
		return out
	case map[string]any:
		if inner, ok := x["$json"]; ok {
			data, err := json.Marshal(v.fill(t, inner))
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		if n, ok := x["$text"]; ok {
			return strings.Repeat("x", int(n.(float64)))
		}
		if n, ok := x["$repeat"]; ok {
			var out []any
			for i := range int(n.(float64)) {
				out = append(out, v.with("i", strconv.Itoa(i)).fill(t, x["of"]))
			}
			return out
		}
		out := map[string]any{}
		for name, inner := range x {
			out[name] = v.fill(t, inner)
		}
		return out
	}
	return x
}

func (v vars) with(name, value string) vars {
	out := vars{name: value}
	for k, x := range v {
		if k != name {
			out[k] = x
		}
	}
	return out
}

// at finds what stands at a path such as mapRuns.0.mapRunArn, in JSON whose members
// the SDK begins with capitals.
func at(x any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch y := x.(type) {
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(y) {
				return nil
			}
			x = y[i]
		case map[string]any:
			x = nil
			for name, inner := range y {
				if strings.EqualFold(name, part) {
					x = inner
				}
			}
		default:
			return nil
		}
	}
	return x
}

// differs tells the first path at which something else stands; nil for none.
func (v vars) differs(t *testing.T, answer any, want map[string]any) error {
	t.Helper()
	for path, w := range want {
		w = v.fill(t, w)
		if got := at(answer, path); fmt.Sprint(got) != fmt.Sprint(w) {
			return fmt.Errorf("%s is %v, want %v", path, got, w)
		}
	}
	return nil
}

// asJSON gives an answer of the SDK as decoded JSON.
func asJSON(out any) (x any, err error) {
	data, err := json.Marshal(out)
	return x, errors.Join(err, json.Unmarshal(data, &x))
}
