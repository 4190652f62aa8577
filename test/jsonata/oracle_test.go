package jsonata

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/dop251/goja"
)

// outcome is what one side makes of an expression and an input.
type outcome struct {
	// Value is JSON text, "undefined" or "function"; empty for an error.
	Value string
	// Code and Text are an error's; Crash marks one that is not JSONata's but of
	// the engine below it.
	Code, Text string
	Position   int
	Crash      bool
}

func (o outcome) String() string {
	switch {
	case o.Crash:
		return "crash: " + o.Text
	case o.Value == "":
		return o.Code + " " + o.Text
	}
	return o.Value
}

// oracle is jsonata-js 2.0.6 in a JavaScript engine.
type oracle struct {
	source *goja.Program
	vm     *goja.Runtime
	run    goja.Callable
	calls  int
}

// glue turns an evaluation into plain strings. The built-in functions remember for
// ever where they were called last; here each expression finds them as new.
const glue = `let natives = [];
// goja's own errs with small negative numbers
Number.prototype.toPrecision = function (digits) { return precision(Number(this), digits); };
// and so it does with empty arrays and objects in indented text
const compact = JSON.stringify;
JSON.stringify = (v, replacer, space) => { const s = compact(v, replacer); return space && s !== undefined ? indented(s) : s; };
jsonata('[$' + ['sum', 'count', 'max', 'min', 'average', 'string', 'substring', 'substringBefore', 'substringAfter', 'lowercase',
  'uppercase', 'length', 'trim', 'pad', 'match', 'contains', 'replace', 'split', 'join', 'formatNumber', 'formatBase',
  'formatInteger', 'parseInteger', 'number', 'floor', 'ceil', 'round', 'abs', 'sqrt', 'power', 'boolean', 'not', 'map', 'zip',
  'filter', 'single', 'reduce', 'sift', 'keys', 'lookup', 'append', 'exists', 'spread', 'merge', 'reverse', 'each', 'error',
  'assert', 'type', 'sort', 'distinct', 'base64encode', 'base64decode', 'encodeUrlComponent', 'encodeUrl',
  'decodeUrlComponent', 'decodeUrl', 'toMillis', 'fromMillis', 'clone'].join(', $') + ']').evaluate().then(v => { natives = v; });
(function (expr, input, now, done) {
  for (const f of natives) { delete f.token; delete f.position; }
  const plain = (key, v) => {
    if (typeof v === 'function') return undefined;
    if (v && typeof v === 'object' && (v._jsonata_lambda || v._jsonata_function || v.thunk)) return undefined;
    return v;
  };
  const isFunction = v => typeof v === 'function' || !!(v && (v._jsonata_lambda || v._jsonata_function));
  const fault = e => {
    if (e && typeof e.code === 'string') done('error', e.code, String(e.message), e.position | 0);
    else done('crash', '', String(e && e.message || e), 0);
  };
  const value = v => {
    if (isFunction(v)) return done('function', '', '', 0);
    if (v === undefined) return done('undefined', '', '', 0);
    done('value', '', JSON.stringify(v, plain), 0);
  };
  try {
    const data = input === undefined ? undefined : JSON.parse(input);
    jsonata(expr).evaluate(data, {millis: () => now}).then(value).catch(fault);
  } catch (e) { fault(e); }
})`

// change is a replacement in the text of jsonata.js, which shows what a difference
// comes from.
type change struct{ old, new string }

// newOracle compiles jsonata.js; without it the test is skipped, in CI it fails.
func newOracle(t testing.TB, changes ...change) *oracle {
	t.Helper()
	path := filepath.Join("node_modules", "jsonata", "jsonata.js")
	text, err := os.ReadFile(path)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("jsonata.js is not at %s: make deps installs it", path)
		}
		t.Skipf("jsonata.js is not at %s: make deps installs it", path)
	}
	source := string(text)
	for _, c := range changes {
		if strings.Count(source, c.old) == 0 {
			t.Fatalf("jsonata.js has no %q", c.old)
		}
		source = strings.ReplaceAll(source, c.old, c.new)
	}
	program, err := goja.Compile("jsonata.js", source, false)
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{source: program}
	o.reset(t)
	return o
}

// reset makes a fresh engine: one that was interrupted answers nothing any more,
// and one that ran long holds much memory.
func (o *oracle) reset(t testing.TB) {
	t.Helper()
	o.vm, o.calls = goja.New(), 0
	global := o.vm.GlobalObject()
	window := o.vm.NewObject()
	set(t, global, "window", window)
	set(t, window, "btoa", o.btoa)
	set(t, window, "atob", o.atob)
	if _, err := o.vm.RunProgram(o.source); err != nil {
		t.Fatal(err)
	}
	set(t, global, "precision", func(f float64, digits int) string { return strconv.FormatFloat(f, 'e', digits-1, 64) })
	set(t, global, "indented", func(s string) (string, error) {
		var b bytes.Buffer
		err := json.Indent(&b, []byte(s), "", "  ")
		return b.String(), err
	})
	set(t, global, "jsonata", window.Get("jsonata"))
	run, err := o.vm.RunString(glue)
	if err != nil {
		t.Fatal(err)
	}
	o.run, _ = goja.AssertFunction(run)
}

func set(t testing.TB, o *goja.Object, name string, v any) {
	t.Helper()
	if err := o.Set(name, v); err != nil {
		t.Fatal(err)
	}
}

// btoa and atob are Node's Buffer: the lower bytes of UTF-16.
func (o *oracle) btoa(s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func (o *oracle) atob(s string) string {
	// as Node's Buffer: what is no digit is passed over, the first = ends it
	digits := strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r == '+' || r == '/' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.SplitN(s, "=", 2)[0])
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(digits)
	if err != nil {
		panic(o.vm.NewTypeError(err.Error()))
	}
	runes := make([]rune, len(b))
	for i := range b {
		runes[i] = rune(b[i])
	}
	return string(runes)
}

// An evaluation that takes longer than patience is a crash, and its text endless.
const (
	patience = 2 * time.Second
	endless  = "it does not end"
)

// eval evaluates an expression.
func (o *oracle) eval(t testing.TB, expr, input string) (out outcome) {
	t.Helper()
	const lifetime = 2000
	if o.calls++; o.calls > lifetime {
		o.reset(t)
	}
	out = outcome{Crash: true, Text: "no answer"}
	done := func(kind, code, text string, position int) {
		switch kind {
		case "value":
			out = outcome{Value: text}
		case "undefined", "function":
			out = outcome{Value: kind}
		case "error":
			out = outcome{Code: code, Text: text, Position: position}
		default:
			out = outcome{Crash: true, Text: text}
		}
	}
	vm := o.vm
	// an asynchronous function takes an interrupt for its own and goes on
	stop := make(chan struct{})
	late := make(chan bool, 1)
	go func() {
		interrupted := false
		for wait := patience; ; wait = 10 * time.Millisecond {
			select {
			case <-stop:
				late <- interrupted
				return
			case <-time.After(wait):
				interrupted = true
				vm.Interrupt("timeout")
			}
		}
	}()
	_, err := o.run(goja.Undefined(), vm.ToValue(expr), vm.ToValue(input), vm.ToValue(int64(now)), vm.ToValue(done))
	close(stop)
	if <-late || err != nil {
		out = outcome{Crash: true, Text: endless}
		o.reset(t)
	}
	return out
}
