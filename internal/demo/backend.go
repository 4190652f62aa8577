// Package demo is the four sample backends of the example project: inventory,
// payments, shipping and approvals. `stile dev` runs those that stile.yaml lists,
// on loopback, so that the example needs nothing else.
//
// It is not a mock of a third party's API and has no part in what Stile does: a
// backend takes JSON, remembers what it did by the Idempotency-Key, and can be told
// to fail. app calls it.
//
// Invariants: two requests with one key have one effect and one answer; what a
// backend remembers is bounded; nothing outlives Start's stop function.
package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	maxBody = 1 << 20
	// maxKeys bounds the idempotency keys that a backend remembers, oldest out first.
	maxKeys = 10_000
)

// Operation is one thing that a sample backend does.
type Operation struct {
	// Path is where it is POSTed, such as "/reserve".
	Path string
	// Answer makes the reply to a request body; id is new for each effect.
	Answer func(id string, body map[string]any) (status int, reply map[string]any)
}

// Backend is one sample backend: an http.Handler with its operations and, beside
// them, POST /_fault, GET /_count and GET /_last. Make it with New.
type Backend struct {
	mux *http.ServeMux

	mu      sync.Mutex
	fault   fault
	count   int
	paths   map[string]int
	effects int
	answers map[string]answer
	order   []string // keys of answers, oldest first
	last    *seen
}

// fault is what POST /_fault sets: the next Count requests wait DelayMs and then,
// where Status is not 0, fail with it. A negative Count holds until it is cleared.
type fault struct {
	Status  int `json:"status"`
	Count   int `json:"count"`
	DelayMs int `json:"delayMs"`
}

// seen is the last request, as GET /_last shows it.
type seen struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Headers map[string][]string `json:"headers"`
	Body    json.RawMessage     `json:"body"`
}

type answer struct {
	status int
	reply  map[string]any
}

// New makes a backend with the given operations.
func New(operations []Operation) *Backend {
	b := &Backend{mux: http.NewServeMux(), paths: map[string]int{}, answers: map[string]answer{}}
	for _, op := range operations {
		b.mux.HandleFunc("POST "+op.Path, func(w http.ResponseWriter, r *http.Request) { b.operate(w, r, op) })
	}
	b.mux.HandleFunc("POST /_fault", b.setFault)
	b.mux.HandleFunc("GET /_count", b.getCount)
	b.mux.HandleFunc("GET /_last", b.getLast)
	return b
}

// ServeHTTP answers an operation or one of the switches.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

func (b *Backend) operate(w http.ResponseWriter, r *http.Request, op Operation) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the caller went away or sent too much: nobody reads an answer
	}
	f := b.note(r, raw)
	if !wait(r.Context(), time.Duration(f.DelayMs)*time.Millisecond) {
		panic(http.ErrAbortHandler) // to return is to answer 200
	}
	if f.Status != 0 {
		reply(w, f.Status, map[string]any{"error": "fault injected", "status": f.Status})
		return
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": "the body is not a JSON object"})
		return
	}
	a := b.effect(r.Header.Get("Idempotency-Key"), op, body)
	reply(w, a.status, a.reply)
}

// note counts a request, keeps it as the last one and takes one turn of the fault.
func (b *Backend) note(r *http.Request, raw []byte) fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	b.paths[r.URL.Path]++
	b.last = &seen{Method: r.Method, Path: r.URL.Path, Headers: r.Header, Body: asJSON(raw)}
	if b.fault.Count == 0 {
		return fault{}
	}
	if b.fault.Count > 0 {
		b.fault.Count--
	}
	return b.fault
}

// effect does the operation, or gives the answer that the same key had before.
func (b *Backend) effect(key string, op Operation, body map[string]any) answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if key != "" {
		key = op.Path + " " + key
		if a, ok := b.answers[key]; ok {
			return a
		}
	}
	b.effects++
	// An id from the key stays the same when the backend forgets, or is restarted.
	seed := key
	if seed == "" {
		seed = op.Path + " " + strconv.Itoa(b.effects) + " " + time.Now().String()
	}
	sum := sha256.Sum256([]byte(seed))
	status, text := op.Answer(hex.EncodeToString(sum[:4]), body)
	a := answer{status, text}
	if key != "" {
		b.remember(key, a)
	}
	return a
}

func (b *Backend) remember(key string, a answer) {
	if len(b.order) == maxKeys {
		delete(b.answers, b.order[0])
		b.order = b.order[1:]
	}
	b.answers[key] = a
	b.order = append(b.order, key)
}

func (b *Backend) setFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil || f.Status != 0 && (f.Status < 200 || f.Status > 599) || f.DelayMs < 0 {
		reply(w, http.StatusBadRequest, map[string]any{"error": `want {"status": 0 or 200 to 599, "count": N, "delayMs": N}`})
		return
	}
	b.mu.Lock()
	b.fault = f
	b.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"status": f.Status, "count": f.Count, "delayMs": f.DelayMs})
}

func (b *Backend) getCount(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{"count": b.count, "effects": b.effects, "paths": b.paths})
}

func (b *Backend) getLast(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		reply(w, http.StatusNotFound, map[string]any{"error": "no request yet"})
		return
	}
	reply(w, http.StatusOK, b.last)
}

// asJSON keeps a JSON body as it is and makes any other text a JSON string.
func asJSON(raw []byte) json.RawMessage {
	if json.Valid(raw) {
		return raw
	}
	text, _ := json.Marshal(string(raw)) // a string always marshals
	return text
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a caller that went away is not this backend's fault
}

// wait reports false where ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
