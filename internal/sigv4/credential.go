package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	stampForm  = "20060102T150405Z"
	dayForm    = "20060102"

	paramAlgorithm  = "X-Amz-Algorithm"
	paramCredential = "X-Amz-Credential"
	paramDate       = "X-Amz-Date"
	paramExpires    = "X-Amz-Expires"
	paramSigned     = "X-Amz-SignedHeaders"
	paramSignature  = "X-Amz-Signature"
	paramToken      = "X-Amz-Security-Token"

	headerDate  = "x-amz-date"
	headerToken = "x-amz-security-token"
	headerHash  = "x-amz-content-sha256"

	// maxExpires is a week, in seconds.
	maxExpires = 604800
)

// credential is what a request says of its own signature, in either form.
type credential struct {
	scope     string   // KEY/DATE/REGION/SERVICE/aws4_request
	signed    []string // names of signed headers, in lower case and order
	signature string
	at        time.Time
	stamp     string // at in stampForm
	// life is how long a presigned request says that it may be used; zero leaves
	// that to the skew.
	life  time.Duration
	token string // session token; empty where there is none
}

// readCredential finds the signature of a request, in its header or its query.
func readCredential(c *credential, r *Request, query []pair) error {
	header, headers := r.first("authorization")
	presigned := slices.ContainsFunc(query, func(p pair) bool {
		return p.name == paramAlgorithm || p.name == paramCredential || p.name == paramSignature
	})
	switch {
	case headers == 0 && !presigned:
		return missing()
	case headers > 1 || headers == 1 && presigned:
		return incomplete("Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, " +
			"Signature query string parameter or the Authorization header should be specified")
	case presigned:
		return c.fromQuery(r, query)
	}
	return c.fromHeader(r, header)
}

// parameters are those of an Authorization header. What else there is counts only
// where it stands twice.
type parameters struct {
	credential, signed, signature parameter
	others                        map[string]bool
}

type parameter struct {
	value string
	given bool
}

// take keeps one; false where there was one of the name.
func (p *parameters) take(name, value string) bool {
	var to *parameter
	switch name {
	case "Credential":
		to = &p.credential
	case "SignedHeaders":
		to = &p.signed
	case "Signature":
		to = &p.signature
	default:
		if p.others[name] {
			return false
		}
		if p.others == nil {
			p.others = map[string]bool{}
		}
		p.others[name] = true
		return true
	}
	if to.given {
		return false
	}
	*to = parameter{value, true}
	return true
}

// nextWord cuts off the first word of a header; "" at its end.
func nextWord(header string) (word, rest string) {
	const between = " ,\t"
	header = strings.TrimLeft(header, between)
	if i := strings.IndexAny(header, between); i >= 0 {
		return header[:i], header[i:]
	}
	return header, ""
}

// readHeader reads ALGORITHM Credential=…, SignedHeaders=…, Signature=….
func readHeader(header string) (p parameters, err error) {
	name, rest := nextWord(header)
	if name == "" {
		return p, missing()
	}
	if strings.Contains(name, "=") {
		return p, incomplete("Authorization header must begin with the algorithm name, which cannot include an equal-sign")
	}
	if name != algorithm && strings.HasPrefix(name, "AWS") {
		return p, unsupported(name)
	}
	for {
		var word string
		if word, rest = nextWord(rest); word == "" {
			break
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return p, incomplete("Invalid key=value pair (missing equal-sign) in Authorization header " +
				"(hashed with SHA-256 and encoded with Base64): '" + veiled(word) + "'.")
		}
		if !p.take(name, value) {
			return p, incomplete("Authorization header has more than one parameter of one name. " + veiledHeader(header))
		}
	}
	if name != algorithm {
		return p, unsupported(name)
	}
	return p, nil
}

// fromHeader reads a request that is signed in its Authorization header.
func (c *credential) fromHeader(r *Request, header string) error {
	p, err := readHeader(header)
	if err != nil {
		return err
	}
	stamp, stamps := r.first(headerDate)
	dated := stamps == 0
	if dated {
		stamp, stamps = r.first("date")
	}
	if p.credential.value == "" || p.signature.value == "" || p.signed.value == "" || stamps == 0 {
		return p.lacks(header, stamps == 0)
	}
	c.scope, c.signed, c.signature = p.credential.value, names(p.signed.value), p.signature.value
	if token, n := r.first(headerToken); n == 1 {
		c.token = token
	} else if n > 1 {
		c.token = strings.Join(r.values(headerToken), ",")
	}
	if err := c.requireSigned(r, dated); err != nil {
		return err
	}
	if stamps > 1 && dated {
		return badDate(strings.Join(r.values("date"), ","))
	} else if stamps > 1 {
		return badDate(strings.Join(r.values(headerDate), ","))
	}
	return c.setTime(stamp, dated)
}

// lacks names all that an Authorization header needs and has not.
func (p *parameters) lacks(header string, date bool) *Error {
	var lacks []string
	for _, of := range []struct {
		name string
		*parameter
	}{{"Credential", &p.credential}, {"Signature", &p.signature}, {"SignedHeaders", &p.signed}} {
		if of.value == "" {
			lacks = append(lacks, "Authorization header requires '"+of.name+"' parameter.")
		}
	}
	if date {
		lacks = append(lacks, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	return incomplete(strings.Join(lacks, " ") + " " + veiledHeader(header))
}

func unsupported(name string) *Error {
	return incomplete("Unsupported AWS 'algorithm': '" + name + "'.")
}

func veiledHeader(header string) string {
	return "(Hashed with SHA-256 and encoded with Base64) Authorization=" + veiled(header)
}

// fromQuery reads a presigned request.
func (c *credential) fromQuery(r *Request, query []pair) error {
	got := map[string]string{}
	for _, p := range query {
		switch p.name {
		case paramAlgorithm, paramCredential, paramDate, paramExpires, paramSigned, paramSignature, paramToken:
			if _, twice := got[p.name]; twice {
				return incomplete("AWS query-string parameters must include '" + p.name + "' once. Re-examine the query-string parameters.")
			}
			got[p.name] = p.value
		}
	}
	for _, name := range []string{paramAlgorithm, paramCredential, paramSignature, paramSigned, paramDate} {
		if got[name] == "" {
			return incomplete("AWS query-string parameters must include '" + name + "'. Re-examine the query-string parameters.")
		}
	}
	if got[paramAlgorithm] != algorithm {
		return unsupported(got[paramAlgorithm])
	}
	c.scope, c.signed, c.signature, c.token = got[paramCredential], names(got[paramSigned]), got[paramSignature], got[paramToken]
	if text, ok := got[paramExpires]; ok {
		seconds, err := strconv.Atoi(text)
		switch {
		case err != nil:
			return incomplete(paramExpires + " should be a number")
		case seconds < 0:
			return incomplete(paramExpires + " must be non-negative")
		case seconds > maxExpires:
			return incomplete(paramExpires + " must be less than a week (in seconds); that is, the given " +
				paramExpires + " must be less than 604800 seconds")
		}
		c.life = max(time.Duration(seconds)*time.Second, time.Nanosecond)
	}
	if err := c.requireSigned(r, false); err != nil {
		return err
	}
	return c.setTime(got[paramDate], false)
}

// names reads SignedHeaders; the order is AWS's, whatever the request says.
func names(list string) []string {
	out := strings.Split(strings.ToLower(list), ";")
	slices.Sort(out)
	return slices.Compact(out)
}

// setTime reads the time of signing: ISO 8601 basic, or in a Date header HTTP's
// form too.
func (c *credential) setTime(stamp string, dated bool) error {
	var err error
	c.at, err = time.Parse(stampForm, stamp)
	if err != nil && dated {
		c.at, err = http.ParseTime(stamp)
	}
	if err != nil {
		return badDate(stamp)
	}
	c.at = c.at.UTC()
	if c.stamp = stamp; len(stamp) != len(stampForm) { // HTTP's form, or fractions of a second
		c.stamp = c.at.Format(stampForm)
	}
	return nil
}

func badDate(got string) *Error {
	return incomplete("Date must be in ISO-8601 'basic format'. Got '" + strings.ToValidUTF8(got, "?") +
		"'. See http://en.wikipedia.org/wiki/ISO_8601")
}

// requireSigned holds the signature to what it must cover: the host, every
// x-amz-* header that came, the Date header where it is the time, and nothing
// that did not come.
func (c *credential) requireSigned(r *Request, date bool) error {
	if !c.covers("host") {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if date && !c.covers("date") {
		return notSigned("Date")
	}
	for i := range r.Header {
		if name := r.Header[i].Name; isAmazons(name) && !c.covers(name) {
			return notSigned(strings.ToValidUTF8(name, "?"))
		}
	}
	for _, name := range c.signed {
		if _, n := r.first(name); n == 0 {
			return mismatch()
		}
	}
	return nil
}

// covers says that a header is among the signed ones, in whichever case it is.
func (c *credential) covers(name string) bool {
	_, found := slices.BinarySearchFunc(c.signed, name, compareLower)
	return found
}

// compareLower compares a name in lower case with one in any.
func compareLower(lower, name string) int {
	for i := 0; i < len(lower) && i < len(name); i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return int(lower[i]) - int(c)
		}
	}
	return len(lower) - len(name)
}

// isAmazons says that a header is one of AWS's, which must be signed.
func isAmazons(name string) bool {
	const prefix = "x-amz-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}
