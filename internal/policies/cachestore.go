package policies

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"stile/internal/policies/cachecodec"
	"stile/policy"
	"stile/policy/exchange"
)

// maxCached is the longest body that is cached, in bytes (APIM's limit).
const maxCached = 2 << 20

// maxSeconds bounds durations of the cache policies and periods of quotas, in
// seconds: a hundred years, so that no sum of times runs over.
const maxSeconds = 100 * 366 * 86400

// cacheStore is https://learn.microsoft.com/azure/api-management/cache-store-policy.
// Differences: it may stand in several branches of a section; Set-Cookie is left
// out of what is kept, so that a cookie reaches only the caller whom it was made for.
var cacheStore = policy.Descriptor{
	Name: "cache-store", Sections: policy.Outbound, Scopes: policy.AnyScope, NotInFragment: true,
	Schema: policy.Schema{Attributes: []policy.Attribute{
		{Name: "duration", Required: true, Expression: true, Kind: policy.IntKind},
		{Name: "cache-response", Expression: true, Kind: policy.BoolKind},
	}},
	Doc:     "Keeps the answer to a GET request, of at most 2 MiB, for cache-lookup to find.",
	Compile: compileCacheStore,
}

func compileCacheStore(c *policy.Compiler, e *policy.Element) policy.Run {
	duration, response := c.Value(e, "duration"), c.Value(e, "cache-response")
	return func(ctx context.Context, ex *exchange.Exchange, env *policy.Env) error {
		m, ok := env.Kept(lookupKey{}).(*missed)
		if !ok {
			env.Note("nothing to keep: cache-lookup did not miss")
			return nil
		}
		keep := ex.Response.StatusCode == 200
		if response.Set() {
			var err error
			if keep, err = response.Bool(ex, env); err != nil {
				return err
			}
		}
		if !keep {
			env.Note("this answer is not to be kept")
			return nil
		}
		ttl, err := cacheTime(duration, ex, env)
		if err != nil {
			return err
		}
		return m.store(ctx, ex, env, ttl)
	}
}

// cacheTime evaluates how long to keep something.
func cacheTime(v policy.Value, ex *exchange.Exchange, env *policy.Env) (time.Duration, error) {
	seconds, err := v.Int(ex, env)
	if err == nil && seconds < 0 {
		err = policy.FailValue("duration is negative")
	}
	return time.Duration(min(seconds, maxSeconds)) * time.Second, err
}

// store keeps the response as it stands. A stream of unknown length is kept when it
// was read to its end.
func (m *missed) store(ctx context.Context, ex *exchange.Exchange, env *policy.Env, ttl time.Duration) error {
	res := &ex.Response
	if res.Body.Length() > maxCached {
		env.Note("larger than 2 MiB, not kept")
		return nil
	}
	kept := &cachecodec.Response{Status: res.StatusCode, Reason: res.Reason, Header: res.Header.Clone()}
	kept.Header.Del("Set-Cookie")
	m.tell(&res.Header, ttl)
	ctx = context.WithoutCancel(ctx)
	put := func(body []byte) error {
		kept.Body = body
		size := len(body)
		kept.Header.Each(func(name, value string) { size += len(name) + len(value) })
		return m.cache.Put(ctx, m.key, kept, int64(size), ttl, env.Now())
	}
	if res.Body.Streaming() && res.Body.Length() < 0 {
		env.Note("kept when it has been read")
		res.Body = exchange.Stream(&taping{ReadCloser: res.Body.Reader(), put: put}, -1)
		return nil
	}
	body, err := res.Body.Bytes()
	switch {
	case errors.Is(err, exchange.ErrBodyConsumed):
		env.Note("the body was read away, not kept")
		return nil
	case err != nil:
		return &policy.Failure{Reason: policy.ReasonBackend, Message: err.Error()}
	}
	env.Note("kept")
	if err := put(bytes.Clone(body)); err != nil {
		env.Note(putNote(err))
	}
	return nil
}

// putNote says why something was not kept.
func putNote(err error) string {
	if errors.Is(err, policy.ErrNotKept) {
		return err.Error()
	}
	return "the cache failed: " + err.Error()
}

// taping is a stream that is put into the cache once it was read to its end, if
// it is not too long. A cache that fails then changes nothing.
type taping struct {
	io.ReadCloser
	seen bytes.Buffer
	long bool
	put  func(body []byte) error
}

// Read reads and remembers.
func (r *taping) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.long = r.long || r.seen.Len()+n > maxCached; r.long {
		r.seen = bytes.Buffer{}
	} else {
		r.seen.Write(p[:n])
	}
	if errors.Is(err, io.EOF) && !r.long && r.put != nil {
		_ = r.put(r.seen.Bytes()) // what the cache does not take is not kept
		r.put = nil
	}
	return n, err
}
