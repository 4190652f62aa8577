package liquid

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"stile/policy/expr/clr"
)

// Env is what one rendering reaches outside its template.
type Env struct {
	// Lookup gives what a name stands for that the template does not set itself: body
	// and context. It is asked at most once for each name. Its error ends the rendering.
	Lookup func(name string) (v any, err error)
	// Now is the clock of `"now" | Date`.
	Now func() time.Time
	// Steps, Memory and Output bound the work, the bytes of made values and the text;
	// 0 is clr's budget of an expression, and DefaultOutput.
	Steps, Memory, Output int
}

// DefaultOutput is how many bytes a template may write where Env says nothing.
const DefaultOutput = 16 << 20

// ErrBudget is what Render's error is where a template used up a budget.
var ErrBudget = errors.New("the Liquid template used up its budget")

// Render writes the template with the values of env. What fails inside, such as a
// number that is none, is written into the text as "Liquid error: …", as DotLiquid
// does; the error is of a budget or of Lookup alone.
func (t *Template) Render(env *Env) (out []byte, err error) {
	m := clr.NewMachine(&clr.Env{Now: env.Now, Steps: env.Steps, Memory: env.Memory})
	r := &render{env: env, m: m, most: env.Output, global: map[string]any{}, outer: map[string]any{}}
	if r.most <= 0 {
		r.most = DefaultOutput
	}
	r.out = &strings.Builder{}
	defer func() {
		switch x := recover().(type) {
		case nil:
		case clr.Exhausted:
			out, err = nil, fmt.Errorf("%w of steps or memory", ErrBudget)
		case full:
			out, err = nil, fmt.Errorf("%w of %d bytes", ErrBudget, r.most)
		case failed:
			out, err = nil, x.err
		default:
			panic(x)
		}
	}()
	r.all(t.nodes)
	return []byte(r.out.String()), nil
}

// full and failed end a rendering from within.
type (
	full   struct{}
	failed struct{ err error }
)

// node is one piece of a template.
type node interface{ render(r *render) }

// render is one rendering under way.
type render struct {
	env  *Env
	m    *clr.Machine
	most int
	out  *strings.Builder
	// scopes are the names that loops set, the innermost last; global are those that
	// assign and capture set, counters those of increment; outer is what Lookup gave.
	scopes        []map[string]any
	global, outer map[string]any
	counters      map[string]int64
	cycles        map[string]int
	progress      map[string]int // of loops, for offset:continue
	changed       string
	everChanged   bool
	interrupted   string // break or continue, until the loop takes it
}

// write appends text within the budgets.
func (r *render) write(text string) {
	r.m.Work(len(text) >> 8)
	if r.out.Len()+len(text) > r.most {
		panic(full{})
	}
	r.out.WriteString(text)
}

// all renders nodes until one interrupts.
func (r *render) all(nodes []node) {
	for _, n := range nodes {
		r.m.Step()
		r.one(n)
		if r.interrupted != "" {
			return
		}
	}
}

// one renders a node; an exception in it becomes its text.
func (r *render) one(n node) {
	if l, ok := n.(literal); ok {
		r.write(string(l))
		return
	}
	depth, out := len(r.scopes), r.out
	defer func() {
		switch x := recover().(type) {
		case nil:
		case *clr.Thrown:
			r.scopes, r.out = r.scopes[:depth], out
			r.write("Liquid error: " + x.Exc.Message)
		default:
			panic(x)
		}
	}()
	n.render(r)
}

// aside renders nodes into a text of their own.
func (r *render) aside(nodes []node) string {
	out := r.out
	r.out = &strings.Builder{}
	r.all(nodes)
	text := r.out.String()
	r.out = out
	r.m.Grow(len(text))
	return text
}

// value gives what an expression stands for.
func (r *render) value(e *expression) any {
	r.m.Step()
	switch {
	case e.from != nil:
		return span{r.integer(r.value(e.from)), r.integer(r.value(e.to))}
	case !e.isPath:
		return e.constant
	}
	name := e.first
	if e.dynamic != nil {
		name = textOf(r.value(e.dynamic))
	}
	v := r.lookup(name)
	for i := range e.steps {
		if v == nil {
			return nil
		}
		step := &e.steps[i]
		key, bracketed := any(step.name), false
		if step.bracket != nil {
			key, bracketed = r.value(step.bracket), true
		}
		r.m.Step()
		next, ok := r.member(v, key, bracketed)
		if !ok {
			return nil
		}
		v = next
	}
	return v
}

func (r *render) lookup(name string) any {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v, ok := r.scopes[i][name]; ok {
			return v
		}
	}
	if v, ok := r.global[name]; ok {
		return v
	}
	if n, ok := r.counters[name]; ok {
		return n
	}
	if v, ok := r.outer[name]; ok {
		return v
	}
	if r.env.Lookup == nil {
		return nil
	}
	v, err := r.env.Lookup(name)
	if err != nil {
		panic(failed{err})
	}
	r.outer[name] = v
	return v
}

// integer is Convert.ToInt32.
func (r *render) integer(v any) int64 {
	if _, ok := v.(span); ok {
		r.m.Throw(clr.TypeInvalidCast, "Unable to cast object of type 'DotLiquid.Util.Range' to type 'System.IConvertible'.")
	}
	n, _ := clr.ChangeType(r.m, v, clr.TypeInt).(int32)
	return int64(n)
}

// filtered gives an output's value.
func (r *render) filtered(o *output) any {
	v := r.value(&o.value)
	for i := range o.filters {
		c := &o.filters[i]
		r.m.Step()
		if c.filter == nil {
			continue
		}
		args := make([]any, len(c.args), max(len(c.args), len(c.filter.params)))
		for k := range c.args {
			args[k] = r.value(&c.args[k])
		}
		v = r.invoke(c, v, args)
	}
	if f, ok := v.(float64); ok && f == 0 && math.Signbit(f) {
		return 0.0
	}
	return v
}
