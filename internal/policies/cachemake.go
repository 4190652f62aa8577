package policies

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"stile/internal/policies/cachecodec"
	"stile/policy"
	"stile/policy/exchange"
)

// cacheValue is cache-value as Microsoft's policy toolkit has it (CacheValueConfig).
// While one exchange makes the value of a key, others on this node wait for it; after
// refresh-after the value is given as it is and made anew beside the exchange. Without
// expires-after it is kept until the cache needs its room.
var cacheValue = policy.Descriptor{
	Name: "cache-value", Sections: policy.AnySection, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "key", Required: true, Expression: true}, {Name: "variable-name", Required: true},
			{Name: "expires-after", Expression: true, Kind: policy.IntKind}, {Name: "refresh-after", Expression: true, Kind: policy.IntKind},
			{Name: "default-value", Expression: true}, cachingType,
		},
		Children: []policy.Child{{Name: "value", Required: true, Schema: policy.Schema{Policies: true}}},
	},
	Doc:     "Puts a value of the cache into a variable; where there is none, makes it with the policies inside, once for all who wait.",
	Compile: compileCacheValue,
}

// maker is a compiled cache-value.
type maker struct {
	caching                        caching
	name, space                    string
	key, expires, refresh, instead policy.Value
	inside                         policy.Run
}

func compileCacheValue(c *policy.Compiler, e *policy.Element) policy.Run {
	m := &maker{caching: compileCaching(c, e), space: valuesOf(c), name: c.Value(e, "variable-name").Constant(), key: c.Value(e, "key"),
		expires: c.Value(e, "expires-after"), refresh: c.Value(e, "refresh-after"), instead: c.Value(e, "default-value")}
	if a := e.Attr("refresh-after"); a != nil && m.expires.Set() && !m.expires.IsExpression() && !m.refresh.IsExpression() {
		last, err := strconv.ParseInt(strings.TrimSpace(m.expires.Constant()), 10, 64)
		soon, err2 := strconv.ParseInt(strings.TrimSpace(m.refresh.Constant()), 10, 64)
		if err == nil && err2 == nil && soon >= last {
			c.Fault(a, policy.CodeValue, fmt.Sprintf("refresh-after is %d and expires-after %d: the value is gone before it is made anew", soon, last),
				"write less than expires-after")
		}
	}
	if v := e.Child("value"); v != nil {
		m.inside = c.Policies(v)
	}
	return m.run
}

// errAbandoned lands a flight that has no value for anybody: its exchange ended.
var errAbandoned = errors.New("the exchange that was making the value ended")

// alone lands a flight whose value no other exchange may have.
type alone struct{}

func (m *maker) run(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
	at, err := valueKey(m.space, m.key, ex, env)
	if err != nil {
		return err
	}
	store := m.caching.of(env)
	if store == nil {
		_, err := m.make(ctx, ex, env)
		return err
	}
	for {
		kept, ok, err := valueIn(ctx, store, at, env)
		if v, copied := copyOf(kept.Value); ok && copied {
			m.hit(ctx, ex, env, at, kept, v)
			return nil
		}
		flight, first := env.Flights.Begin(at)
		if first {
			env.Note(lookupNote(err))
			return m.fly(ctx, ex, env, at, flight, false)
		}
		env.Note("waited for another exchange")
		value, landed, err := env.Join(ctx, flight)
		switch _, own := value.(alone); {
		case !landed:
			return err
		case errors.Is(err, errAbandoned):
			continue
		case own:
			_, err := m.make(ctx, ex, env)
			return err
		case err != nil:
			return ownFailure(err)
		}
		v, _ := copyOf(value)
		return m.give(ex, env, v, value != nil)
	}
}

// hit gives what was found, and has it made anew where it is time.
func (m *maker) hit(ctx context.Context, ex *exchange.Exchange, env *policy.Env, at string, kept cachecodec.Value, v any) {
	env.Note("hit")
	setVariableTo(ex, m.name, v)
	if kept.Refresh.IsZero() || env.Now().Before(kept.Refresh) {
		return
	}
	flight, first := env.Flights.Begin(at)
	if !first {
		return
	}
	env.Note("hit, made anew beside the exchange")
	beside := env.Detach(ex, copyOf)
	if !env.Beside(ctx, func(ctx context.Context) {
		// What fails here is tried again at the next hit: the old value still counts.
		_, _ = beside.Run(ctx, func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
			return m.fly(ctx, ex, env, at, flight, true)
		})
	}) {
		flight.Land(nil, errAbandoned)
	}
}

// fly makes the value, keeps it, and lands the flight, whatever happens. Where nodes
// share the cache, one of them makes it: the others find it there; anew says that they
// have an old one, and wait for nobody.
func (m *maker) fly(ctx context.Context, ex *exchange.Exchange, env *policy.Env, at string, flight *policy.Flight, anew bool) (err error) {
	var landing any
	failed := errAbandoned
	defer func() { flight.Land(landing, failed) }()
	leave, found, made, err := m.claim(ctx, env, at, anew)
	if made || err != nil {
		if made {
			landing, failed = found, nil
			v, _ := copyOf(found)
			setVariableTo(ex, m.name, v)
		}
		return err
	}
	defer leave()
	made, err = m.make(ctx, ex, env)
	switch {
	case err != nil:
		if ctx.Err() == nil && !errors.Is(err, policy.ErrEnd) && !errors.Is(err, policy.ErrAnswered) {
			failed = shared(err)
		}
		return err
	case !made:
		failed = nil
		return nil
	}
	v := ex.Variables[m.name]
	kept, ok := copyOf(v)
	if size := sizeOf(v); !ok || size > maxCached || v == nil {
		env.Note("made, and not kept")
		landing, failed = alone{}, nil
		return nil
	} else if err := m.keep(ctx, ex, env, at, kept, size); err != nil {
		return err
	}
	landing, failed = kept, nil
	return nil
}

// keep puts the value into the cache; its times may depend on what was made.
func (m *maker) keep(ctx context.Context, ex *exchange.Exchange, env *policy.Env, at string, kept any, size int) error {
	ttl, now := time.Duration(maxSeconds)*time.Second, env.Now()
	entry := cachecodec.Value{Value: kept}
	if m.expires.Set() {
		var err error
		if ttl, err = cacheTime(m.expires, ex, env); err != nil {
			return err
		}
	}
	if m.refresh.Set() {
		soon, err := cacheTime(m.refresh, ex, env)
		if err != nil {
			return err
		}
		entry.Refresh = now.Add(soon)
	}
	if err := m.caching.of(env).Put(ctx, at, entry, int64(size), ttl, now); err != nil {
		env.Note(putNote(err))
	}
	return nil
}

// make runs the policies inside; made says that they set the variable. Else it has
// the default.
func (m *maker) make(ctx context.Context, ex *exchange.Exchange, env *policy.Env) (made bool, err error) {
	delete(ex.Variables, m.name)
	if err := m.inside(ctx, ex, env); err != nil {
		return false, err
	}
	if _, made = ex.Variables[m.name]; made {
		return true, nil
	}
	return false, m.give(ex, env, nil, false)
}

// give sets the variable to a value, else to the default, if there is one.
func (m *maker) give(ex *exchange.Exchange, env *policy.Env, v any, has bool) error {
	if !has {
		if !m.instead.Set() {
			return nil
		}
		var err error
		if v, err = m.instead.Eval(ex, env); err != nil {
			return err
		}
	}
	setVariableTo(ex, m.name, v)
	return nil
}

// shared is a failure as those get it who waited: nothing of the other exchange's
// request stands in it.
func shared(err error) error {
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return denied
	}
	out := &policy.Failure{Reason: policy.ReasonInternal, Message: "the exchange that was making the value failed"}
	var failure *policy.Failure
	if errors.As(err, &failure) {
		out.Reason, out.Status = failure.Reason, failure.Status
	}
	return out
}

// ownFailure copies a shared failure, since the policies around it write their part
// into it.
func ownFailure(err error) error {
	var failure *policy.Failure
	if errors.As(err, &failure) {
		own := *failure
		return &own
	}
	return err
}
