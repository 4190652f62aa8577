package gateway

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"stile/internal/backend"
	"stile/policy"
	"stile/policy/exchange"
)

// NewServer makes the net/http server for a Handler with the limits that a
// gateway needs. It stands in until the gateway has a wire of its own, and should
// face loopback only: net/http takes framing that a gateway must refuse.
func NewServer(h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 90 * time.Second,
		MaxHeaderBytes: 64 << 10, Protocols: new(http.Protocols), DisableGeneralOptionsHandler: true}
	s.Protocols.SetHTTP1(true)
	return s
}

// Handler is the gateway on net/http's wire. Bodies stream both ways; an answer
// that breaks off ends its connection, so that no client takes it for whole.
func (g *Gateway) Handler() http.Handler { return http.HandlerFunc(g.serve) }

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == StatusPath {
		g.status(w, r)
		return
	}
	var from edge
	if s := g.Snapshot(); s != nil {
		from = edge{s.service.TrustedHops, s.service.Listener.HopHeader}
	}
	ex, status, problem := fromWire(r, from)
	if problem != "" {
		ex = &exchange.Exchange{Response: policy.Answer(status, problem)}
		w.Header().Set("Connection", "close")
		_ = toWire(w, r, ex)
		return
	}
	if ex.Request.Upgrade != "" {
		if err := g.open(w, r, ex); err != nil {
			panic(http.ErrAbortHandler)
		}
		return
	}
	duplex := ex.Request.Body != nil && (r.ContentLength < 0 || r.ContentLength > drained)
	if duplex {
		// The answer may begin before the request's body has ended. The error says that
		// this writer cannot, which a test's recorder may; nothing else follows from it.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	if err := g.run(r.Context(), ex); err != nil {
		ex.Response = policy.Answer(http.StatusInternalServerError, "Internal server error")
	}
	err := toWire(w, r, ex)
	g.observe(ex)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if duplex && ex.Request.Body.Streaming() {
		// Closing on a client that still sends would reset the connection before it has
		// read the answer. Neither error matters: the answer is written.
		_ = http.NewResponseController(w).Flush()
		_, _ = io.CopyN(io.Discard, r.Body, drained)
	}
}

// drained is how much of a body that nobody wanted is read away, so that the
// client gets its answer; net/http does the same for a body up to this length.
const drained = 256 << 10

// edge is what stands before the gateway: trusted proxies, and the field in which they
// pass on the certificates of their callers.
type edge struct {
	trusted   []netip.Prefix
	hopHeader string
}

// fromWire makes an exchange of a request that came over trusted hops, or says why it
// is refused as it stands.
func fromWire(r *http.Request, from edge) (ex *exchange.Exchange, status int, problem string) {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if r.URL.IsAbs() {
		path = r.URL.EscapedPath()
		if path == "" {
			path = "/"
		}
	}
	expect := r.Header.Get("Expect")
	switch {
	case r.ProtoMajor != 1 || r.ProtoMinor > 1:
		return nil, http.StatusHTTPVersionNotSupported, "The gateway speaks HTTP/1.0 and HTTP/1.1 here."
	case r.ProtoMinor == 0 && len(r.TransferEncoding) > 0:
		return nil, http.StatusBadRequest, "Bad request: HTTP/1.0 has no Transfer-Encoding."
	case r.Method == http.MethodConnect || r.Method == "PRI" || r.Method == http.MethodTrace:
		return nil, http.StatusMethodNotAllowed, "The method is not allowed here."
	case expect != "" && !strings.EqualFold(expect, "100-continue"):
		return nil, http.StatusExpectationFailed, "The expectation is not known."
	case path == "*" || strings.Contains(r.RequestURI, "#"):
		return nil, http.StatusBadRequest, "Bad request: the target is no path."
	}
	host, port, ok := splitHost(r.Host)
	if !ok {
		return nil, http.StatusBadRequest, "Bad request: the Host field is missing or malformed."
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	ex = &exchange.Exchange{Request: exchange.Request{Method: r.Method,
		URL:    exchange.URL{Scheme: scheme, Host: host, Port: port, Path: path, Query: exchange.ParseQuery(query)},
		Client: client(r, from.trusted), Upgrade: upgradeOf(r)}}
	hop := len(from.trusted) > 0 && among(remoteAddress(r.RemoteAddr), from.trusted)
	if ex.Request.ClientCertificate, problem = clientCertificate(r, from.hopHeader, hop); problem != "" {
		return nil, http.StatusBadRequest, problem
	}
	ex.Hops = hops(r)
	header(ex, r, from.hopHeader)
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		ex.Request.Body = exchange.Stream(r.Body, r.ContentLength)
	}
	return ex, 0, ""
}

// header copies the fields, sorted, without those of this connection and those
// that Connection names: removed here, before any policy, they cannot be used to
// strip a field that a policy sets.
func header(ex *exchange.Exchange, r *http.Request, hopHeader string) {
	h := &ex.Request.Header
	h.Add(backend.WireHost, r.Host)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	named := nominations(r)
	for _, name := range names {
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding",
			"Upgrade", "Expect", backend.HopsHeader:
			continue
		}
		if named[strings.ToLower(name)] || hopHeader != "" && strings.EqualFold(name, hopHeader) {
			continue
		}
		for _, v := range r.Header[name] {
			h.Add(name, v)
		}
	}
}

// nominations are the fields that Connection names, in lower case. They are read once:
// a caller may name very many, and send as many.
func nominations(r *http.Request) map[string]bool {
	var out map[string]bool
	for _, list := range r.Header["Connection"] {
		for n := range strings.SplitSeq(list, ",") {
			if out == nil {
				out = map[string]bool{}
			}
			out[strings.ToLower(strings.TrimSpace(n))] = true
		}
	}
	return out
}

// hops reads how many gateways the request came through; what is no count is
// taken as too many.
func hops(r *http.Request) int {
	v := r.Header.Get(backend.HopsHeader)
	if v == "" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > MaxHops {
		return MaxHops + 1
	}
	return n
}

func splitHost(hostport string) (host string, port int, ok bool) {
	if hostport == "" || strings.ContainsAny(hostport, "/\\@?# \t\"<>%") {
		return "", 0, false
	}
	u, err := url.Parse("//" + hostport)
	if err != nil || u.Hostname() == "" {
		return "", 0, false
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port > 65535 {
			return "", 0, false
		}
	}
	return u.Hostname(), port, true
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// toWire writes the answer. An error means that it was cut.
func toWire(w http.ResponseWriter, r *http.Request, ex *exchange.Exchange) error {
	res := &ex.Response
	defer res.Body.Close()
	out := w.Header()
	res.Header.Each(func(name, value string) {
		switch key := http.CanonicalHeaderKey(name); key {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length":
		default:
			out[key] = append(out[key], value)
		}
	})
	if res.StatusCode < 200 || res.StatusCode > 999 {
		res.StatusCode = http.StatusInternalServerError
	}
	bodyless := res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified
	n := res.Body.Length()
	switch length := res.Header.Get("Content-Length"); {
	case r.Method == http.MethodHead && res.Body == nil:
		if length != "" {
			out["Content-Length"] = []string{length} // of the body that GET would have
		}
	case n >= 0 && !bodyless:
		out["Content-Length"] = []string{strconv.FormatInt(n, 10)}
	}
	if _, typed := out["Content-Type"]; !typed {
		out["Content-Type"] = nil // keeps net/http from guessing
	}
	w.WriteHeader(res.StatusCode)
	if bodyless || r.Method == http.MethodHead || n == 0 {
		return nil
	}
	return copyBody(w, res, ex.Backend.Forwarding.StreamResponse)
}

// copyBody streams the body. Of unknown length, it is passed on as it comes.
func copyBody(w http.ResponseWriter, res *exchange.Response, eager bool) error {
	body := res.Body.Reader()
	defer body.Close()
	live := res.Body.Length() < 0
	rc := http.NewResponseController(w)
	if live && (eager || strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream")) {
		_ = rc.Flush()
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := body.Read(*buf)
		if n > 0 {
			if _, werr := w.Write((*buf)[:n]); werr != nil {
				return werr
			}
			if live {
				_ = rc.Flush()
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
