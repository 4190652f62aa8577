package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Get fetches a document by its URL. Where another document named it, origin is
// that one's URL; where the configuration writes it out, the URL itself; where a
// request's data made it, empty.
type Get func(ctx context.Context, url, origin string) ([]byte, error)

// Source is where keys are published: the URL of a discovery document. Computed
// says that an expression made it, so that it may lead to public hosts alone.
type Source struct {
	URL      string
	Computed bool
}

// Written are sources that the configuration writes out.
func Written(urls ...string) []Source {
	out := make([]Source, len(urls))
	for i, u := range urls {
		out[i].URL = u
	}
	return out
}

// How long fetched keys are used: fresh for an hour; the last good ones for a day
// while the issuer does not answer; an unknown kid fetches anew at most once in a
// minute, and a failure is not repeated sooner than after ten seconds.
const (
	freshFor     = time.Hour
	staleFor     = 24 * time.Hour
	refetchAfter = time.Minute
	retryAfter   = 10 * time.Second
	maxDocument  = 1 << 20
	fetchLimit   = 20 * time.Second // for a discovery document and its keys
	maxComputed  = 256              // documents at computed URLs that are kept
)

// provider is what a discovery document says.
type provider struct {
	issuer  string
	keys    []PublicKey
	fetched time.Time
}

func (p *provider) knows(kid string) bool {
	return kid == "" || slices.ContainsFunc(p.keys, func(k PublicKey) bool { return k.ID == kid || k.ID == "" })
}

// fetcher keeps the providers that were fetched, one entry for each source. The
// configuration bounds the number of written ones; of computed ones the most recently
// used are kept.
type fetcher struct {
	get      Get
	now      func() time.Time
	mu       sync.Mutex
	all      map[Source]*entry
	computed int
}

// entry is one source's state; turn is held by the one that fetches.
type entry struct {
	turn   chan struct{}
	used   time.Time // under the fetcher's mu
	mu     sync.Mutex
	last   *provider
	failed time.Time
	err    error
}

func newFetcher(get Get, now func() time.Time) *fetcher {
	return &fetcher{get: get, now: now, all: map[Source]*entry{}}
}

func (f *fetcher) entry(src Source) *entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, ok := f.all[src]
	if !ok {
		e = &entry{turn: make(chan struct{}, 1)}
		if src.Computed {
			f.makeRoom()
			f.computed++
		}
		f.all[src] = e
	}
	e.used = f.now()
	return e
}

// makeRoom forgets the computed source that was used longest ago, where there are
// too many. Who fetches it goes on with what it has.
func (f *fetcher) makeRoom() {
	if f.computed < maxComputed {
		return
	}
	var oldest Source
	for src, e := range f.all {
		if src.Computed && (oldest.URL == "" || e.used.Before(f.all[oldest].used)) {
			oldest = src
		}
	}
	delete(f.all, oldest)
	f.computed--
}

func (f *fetcher) provider(ctx context.Context, src Source, kid string) (*provider, error) {
	e := f.entry(src)
	if p, err, done := e.current(f.now(), kid); done {
		return p, err
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p, err, done := e.current(f.now(), kid); done {
		return p, err
	}
	// What is fetched is for all: who asked and went away must not leave a failure to
	// the others, nor be able to.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchLimit)
	defer cancel()
	p, err := f.fetch(ctx, src)
	return e.settle(p, err, f.now())
}

// current answers from memory where that is good enough.
func (e *entry) current(now time.Time, kid string) (p *provider, err error, done bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p = e.last
	if p != nil {
		age := now.Sub(p.fetched)
		if age < freshFor && (p.knows(kid) || age < refetchAfter) {
			return p, nil, true
		}
	}
	if !e.failed.IsZero() && now.Sub(e.failed) < retryAfter {
		if p != nil && now.Sub(p.fetched) < staleFor {
			return p, nil, true
		}
		return nil, e.err, true
	}
	return nil, nil, false
}

func (e *entry) settle(p *provider, err error, now time.Time) (*provider, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		p.fetched = now
		e.last, e.failed, e.err = p, time.Time{}, nil
		return p, nil
	}
	e.failed, e.err = now, err
	if e.last != nil && now.Sub(e.last.fetched) < staleFor {
		return e.last, nil
	}
	return nil, err
}

func (f *fetcher) fetch(ctx context.Context, src Source) (*provider, error) {
	if f.get == nil {
		return nil, errors.New("no network")
	}
	origin := src.URL
	if src.Computed {
		origin = ""
	}
	doc, err := f.get(ctx, src.URL, origin)
	if err != nil {
		return nil, err
	}
	v, err := strictJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("the discovery document is %w", err)
	}
	p := &provider{issuer: text(v, "issuer")}
	if p.issuer == "" {
		return nil, errors.New("the discovery document has no issuer")
	}
	doc, err = f.get(ctx, text(v, "jwks_uri"), origin)
	if err != nil {
		return nil, err
	}
	if p.keys, err = ParseJWKS(doc); err != nil {
		return nil, fmt.Errorf("the key set: %w", err)
	}
	return p, nil
}

// HTTPGet gives a Get over the network, to where Permitted allows: https, or http
// to a loopback address; no redirects; at most 1 MiB within ten seconds. A nil
// transport dials what internal/reach lets through.
func HTTPGet(transport http.RoundTripper) Get {
	ways := NewWays(transport)
	return func(ctx context.Context, target, origin string) ([]byte, error) {
		level, err := Permitted(origin, target)
		if err != nil {
			return nil, fmt.Errorf("keys are fetched over https, or over http from this machine only, on the issuer's host or a public one: %w", err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, err
		}
		client := http.Client{Transport: ways.At(level), Timeout: 10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the answer was %d", resp.StatusCode)
		}
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
		if err == nil && len(data) > maxDocument {
			err = fmt.Errorf("the document is larger than %d bytes", maxDocument)
		}
		return data, err
	}
}
