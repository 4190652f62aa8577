package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Get fetches a document by its URL.
type Get func(ctx context.Context, url string) ([]byte, error)

// How long fetched keys are used: fresh for an hour; the last good ones for a day
// while the issuer does not answer; an unknown kid fetches anew at most once in a
// minute, and a failure is not repeated sooner than after ten seconds.
const (
	freshFor     = time.Hour
	staleFor     = 24 * time.Hour
	refetchAfter = time.Minute
	retryAfter   = 10 * time.Second
	maxDocument  = 1 << 20
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

// fetcher keeps the providers that were fetched. One entry per URL; URLs come
// from policy documents, so their number is bounded by the configuration.
type fetcher struct {
	get Get
	now func() time.Time
	mu  sync.Mutex
	all map[string]*entry
}

// entry is one URL's state; turn is held by the one that fetches.
type entry struct {
	turn   chan struct{}
	mu     sync.Mutex
	last   *provider
	failed time.Time
	err    error
}

func newFetcher(get Get, now func() time.Time) *fetcher {
	return &fetcher{get: get, now: now, all: map[string]*entry{}}
}

func (f *fetcher) entry(url string) *entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, ok := f.all[url]
	if !ok {
		e = &entry{turn: make(chan struct{}, 1)}
		f.all[url] = e
	}
	return e
}

func (f *fetcher) provider(ctx context.Context, url, kid string) (*provider, error) {
	e := f.entry(url)
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
	p, err := f.fetch(ctx, url)
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

func (f *fetcher) fetch(ctx context.Context, config string) (*provider, error) {
	if f.get == nil {
		return nil, errors.New("no network")
	}
	doc, err := f.get(ctx, config)
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
	doc, err = f.get(ctx, text(v, "jwks_uri"))
	if err != nil {
		return nil, err
	}
	if p.keys, err = ParseJWKS(doc); err != nil {
		return nil, fmt.Errorf("the key set: %w", err)
	}
	return p, nil
}

// HTTPGet gives a Get over the network: https, or http to a loopback address; no
// redirects; at most 1 MiB within ten seconds.
func HTTPGet(transport http.RoundTripper) Get {
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(ctx context.Context, target string) ([]byte, error) {
		u, err := url.Parse(target)
		if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			return nil, errors.New("keys are fetched over https, or over http from this machine only")
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, err
		}
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

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
