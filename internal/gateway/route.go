package gateway

import (
	"errors"
	"fmt"
	"strings"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// apiNode is one segment of the APIs' paths. Segments are compared without regard
// to case, as API Management does.
type apiNode struct {
	children map[string]*apiNode
	here     []*api // versions of one path, by header or query; else one
	// probed is told of each look into a map on the way from this node; nil but in tests.
	probed func()
}

func (n *apiNode) add(path string, a *api) *apiNode {
	for seg := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if seg == "" {
			continue
		}
		if n.children == nil {
			n.children = map[string]*apiNode{}
		}
		next, ok := n.children[strings.ToLower(seg)]
		if !ok {
			next = &apiNode{}
			n.children[strings.ToLower(seg)] = next
		}
		n = next
	}
	n.here = append(n.here, a)
	return n
}

// find gives the node with an API whose path is the longest prefix of path, and
// the rest behind it.
func (n *apiNode) find(path string) (best *apiNode, rest string) {
	rest = path
	if len(n.here) > 0 {
		best = n
	}
	probed := n.probed
	for left := path; len(left) > 1; {
		if probed != nil {
			probed()
		}
		seg := left[1:]
		if i := strings.IndexByte(seg, '/'); i >= 0 {
			seg = seg[:i]
		}
		next, ok := n.children[strings.ToLower(seg)]
		if !ok {
			break
		}
		n, left = next, left[1+len(seg):]
		if len(n.here) > 0 {
			best, rest = n, left
		}
	}
	return best, rest
}

// choose picks the version that the request names, else the one without a version.
func (n *apiNode) choose(ex *exchange.Exchange) *api {
	var plain *api
	for _, a := range n.here {
		switch a.noun.VersionScheme {
		case schemeHeader:
			if strings.EqualFold(ex.Request.Header.Get(a.noun.VersionName), a.noun.Version) {
				return a
			}
		case schemeQuery:
			if v, ok := param(ex.Request.URL.Query, a.noun.VersionName); ok && strings.EqualFold(v, a.noun.Version) {
				return a
			}
		default:
			plain = a
		}
	}
	return plain
}

func param(list []exchange.Param, name string) (string, bool) {
	for i := range list {
		if strings.EqualFold(list[i].Name, name) {
			return list[i].Value, true
		}
	}
	return "", false
}

// Version schemes of apim.API.
const (
	schemeSegment = "Segment"
	schemeHeader  = "Header"
	schemeQuery   = "Query"
)

// paths lists the paths that reach an API: by version, and by revision where it
// is not, or not only, the current one.
func paths(a *apim.API) []string {
	p := strings.Trim(a.Path, "/")
	if a.VersionScheme == schemeSegment && a.Version != "" {
		p = strings.Trim(p+"/"+a.Version, "/")
	}
	var out []string
	if a.IsCurrentRevision {
		out = append(out, p)
	}
	if a.Revision != "" {
		out = append(out, p+";rev="+a.Revision)
	}
	return out
}

// maxParams bounds the parameters in the path of one URL template.
const maxParams = 16

// opNode is one segment of the operations' URL templates. A literal wins over a
// mixed segment, that over a parameter, and that over a wildcard.
type opNode struct {
	literal map[string]*opNode
	mixed   []mixedChild
	param   *opNode
	ops     methods // end here
	tail    methods // /* or /{*name}: any rest
}

// mixedChild is a segment of text around parameters, as report-{year}.{format}.
type mixedChild struct {
	text []string // one more than there are parameters
	node *opNode
}

type template struct {
	names []string // parameters of the path in order; the last may be a wildcard's
	named bool     // the wildcard has a name
	query []queryTerm
}

// add places an operation; it gives a fault's message, "" where there is none.
func (n *opNode) add(o *operation) error {
	path, query, _ := strings.Cut(o.noun.URLTemplate, "?")
	segments := strings.Split(strings.Trim(path, "/"), "/")
	to := &n.ops
	for i, seg := range segments {
		if seg == "" {
			continue
		}
		if seg == "*" || strings.HasPrefix(seg, "{*") && strings.HasSuffix(seg, "}") {
			if i != len(segments)-1 {
				return errors.New("a wildcard stands only at the end of a URL template")
			}
			if seg != "*" {
				o.template.names, o.template.named = append(o.template.names, seg[2:len(seg)-1]), true
			}
			to = &n.tail
			break
		}
		next, err := n.child(seg, &o.template)
		if err != nil {
			return err
		}
		n, to = next, &next.ops
	}
	if len(o.template.names) > maxParams {
		return fmt.Errorf("a URL template has at most %d parameters", maxParams)
	}
	var err error
	if o.template.query, err = queryTerms(query, o.template.names); err != nil {
		return err
	}
	return to.put(o)
}

func (n *opNode) child(seg string, t *template) (*opNode, error) {
	text, names, err := splitSegment(seg)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		for _, other := range t.names {
			if other == name {
				return nil, fmt.Errorf("the parameter {%s} stands twice", name)
			}
		}
		t.names = append(t.names, name)
	}
	switch {
	case len(names) == 0:
		return n.literalChild(seg)
	case len(names) == 1 && text[0] == "" && text[1] == "":
		if n.param == nil {
			n.param = &opNode{}
		}
		return n.param, nil
	}
	for _, m := range n.mixed {
		if strings.EqualFold(strings.Join(m.text, "{}"), strings.Join(text, "{}")) {
			return m.node, nil
		}
	}
	m := mixedChild{text, &opNode{}}
	n.mixed = append(n.mixed, m)
	return m.node, nil
}

func (n *opNode) literalChild(seg string) (*opNode, error) {
	canonical, err := Canonical("/" + seg)
	if err != nil {
		return nil, err
	}
	key := strings.ToLower(canonical[1:])
	if n.literal == nil {
		n.literal = map[string]*opNode{}
	}
	next, ok := n.literal[key]
	if !ok {
		next = &opNode{}
		n.literal[key] = next
	}
	return next, nil
}

// splitSegment takes text{name}text{name}text apart.
func splitSegment(seg string) (text, names []string, err error) {
	rest := seg
	for {
		before, after, open := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			return nil, nil, errors.New("the URL template has a } without {")
		}
		text = append(text, before)
		if !open {
			return text, names, nil
		}
		name, more, closed := strings.Cut(after, "}")
		if !closed || name == "" || strings.Contains(name, "{") {
			return nil, nil, errors.New("the URL template has a { without name or }")
		}
		if len(names) > 0 && before == "" {
			return nil, nil, errors.New("two parameters of a URL template need text between them")
		}
		names, rest = append(names, name), more
	}
}

// match finds the operation for the rest of a path; values are the parameters'
// texts, still escaped. Each node is looked at once at most: it stands at one depth.
func (n *opNode) match(rest string, w wanted, values *[maxParams]string, count int) *operation {
	if rest == "" || rest == "/" {
		if o := n.ops.find(w); o != nil {
			return o
		}
		return n.wildcard("", w, values, count)
	}
	seg := rest[1:]
	if i := strings.IndexByte(seg, '/'); i >= 0 {
		seg = seg[:i]
	}
	left := rest[1+len(seg):]
	if next := n.literal[strings.ToLower(seg)]; next != nil {
		if o := next.match(left, w, values, count); o != nil {
			return o
		}
	}
	for i := range n.mixed {
		if k := n.mixed[i].match(seg, values, count); k >= 0 {
			if o := n.mixed[i].node.match(left, w, values, k); o != nil {
				return o
			}
		}
	}
	if n.param != nil && seg != "" && count < maxParams {
		values[count] = seg
		if o := n.param.match(left, w, values, count+1); o != nil {
			return o
		}
	}
	return n.wildcard(rest[1:], w, values, count)
}

func (n *opNode) wildcard(rest string, w wanted, values *[maxParams]string, count int) *operation {
	o := n.tail.find(w)
	if o != nil && o.template.named && count < maxParams {
		values[count] = rest
	}
	return o
}

// match gives the new count of values, -1 where the segment does not fit. Each
// parameter takes the shortest text that is not empty, the last one the rest.
func (m *mixedChild) match(seg string, values *[maxParams]string, count int) int {
	if len(seg) < len(m.text[0]) || !strings.EqualFold(seg[:len(m.text[0])], m.text[0]) {
		return -1
	}
	seg = seg[len(m.text[0]):]
	for i := 1; i < len(m.text); i++ {
		if count == maxParams {
			return -1
		}
		end := len(seg) - len(m.text[i])
		if i < len(m.text)-1 {
			if end = indexFold(seg, m.text[i]); end < 0 {
				return -1
			}
		}
		if end <= 0 || !strings.EqualFold(seg[end:end+len(m.text[i])], m.text[i]) {
			return -1
		}
		values[count], seg = seg[:end], seg[end+len(m.text[i]):]
		count++
	}
	return count
}

func indexFold(s, sub string) int {
	for i := 1; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}
