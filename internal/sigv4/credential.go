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
	// life is how long a presigned request says that it may be used; zero leaves
	// that to the skew.
	life  time.Duration
	token string // session token; empty where there is none
}

// readCredential finds the signature of a request, in its header or its query.
func readCredential(r *Request, query []pair) (*credential, error) {
	headers := r.values("authorization")
	presigned := slices.ContainsFunc(query, func(p pair) bool {
		return p.name == paramAlgorithm || p.name == paramCredential || p.name == paramSignature
	})
	switch {
	case len(headers) == 0 && !presigned:
		return nil, missing()
	case len(headers) > 1 || len(headers) == 1 && presigned:
		return nil, incomplete("Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, " +
			"Signature query string parameter or the Authorization header should be specified")
	case presigned:
		return fromQuery(r, query)
	}
	return fromHeader(r, headers[0])
}

// fromHeader reads ALGORITHM Credential=…, SignedHeaders=…, Signature=….
func fromHeader(r *Request, header string) (*credential, error) {
	words := strings.FieldsFunc(header, func(c rune) bool { return c == ' ' || c == ',' || c == '\t' })
	if len(words) == 0 {
		return nil, missing()
	}
	if strings.Contains(words[0], "=") {
		return nil, incomplete("Authorization header must begin with the algorithm name, which cannot include an equal-sign")
	}
	if words[0] != algorithm && strings.HasPrefix(words[0], "AWS") {
		return nil, unsupported(words[0])
	}
	parts := map[string]string{}
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, incomplete("Invalid key=value pair (missing equal-sign) in Authorization header " +
				"(hashed with SHA-256 and encoded with Base64): '" + veiled(w) + "'.")
		}
		if _, twice := parts[name]; twice {
			return nil, incomplete("Authorization header has more than one parameter of one name. " + veiledHeader(header))
		}
		parts[name] = value
	}
	if words[0] != algorithm {
		return nil, unsupported(words[0])
	}
	var lacks []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parts[name] == "" {
			lacks = append(lacks, "Authorization header requires '"+name+"' parameter.")
		}
	}
	stamps := r.values(headerDate)
	if len(stamps) == 0 {
		if stamps = r.values("date"); len(stamps) == 0 {
			lacks = append(lacks, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
		}
	}
	if len(lacks) > 0 {
		return nil, incomplete(strings.Join(lacks, " ") + " " + veiledHeader(header))
	}
	c := &credential{scope: parts["Credential"], signed: names(parts["SignedHeaders"]), signature: parts["Signature"]}
	if tokens := r.values(headerToken); len(tokens) > 0 {
		c.token = strings.Join(tokens, ",")
	}
	dated := len(r.values(headerDate)) == 0
	if err := c.requireSigned(r, dated); err != nil {
		return nil, err
	}
	return c, c.setTime(stamps, dated)
}

func unsupported(name string) *Error {
	return incomplete("Unsupported AWS 'algorithm': '" + name + "'.")
}

func veiledHeader(header string) string {
	return "(Hashed with SHA-256 and encoded with Base64) Authorization=" + veiled(header)
}

// fromQuery reads a presigned request.
func fromQuery(r *Request, query []pair) (*credential, error) {
	got := map[string]string{}
	for _, p := range query {
		switch p.name {
		case paramAlgorithm, paramCredential, paramDate, paramExpires, paramSigned, paramSignature, paramToken:
			if _, twice := got[p.name]; twice {
				return nil, incomplete("AWS query-string parameters must include '" + p.name + "' once. Re-examine the query-string parameters.")
			}
			got[p.name] = p.value
		}
	}
	for _, name := range []string{paramAlgorithm, paramCredential, paramSignature, paramSigned, paramDate} {
		if got[name] == "" {
			return nil, incomplete("AWS query-string parameters must include '" + name + "'. Re-examine the query-string parameters.")
		}
	}
	if got[paramAlgorithm] != algorithm {
		return nil, unsupported(got[paramAlgorithm])
	}
	c := &credential{scope: got[paramCredential], signed: names(got[paramSigned]), signature: got[paramSignature], token: got[paramToken]}
	if text, ok := got[paramExpires]; ok {
		seconds, err := strconv.Atoi(text)
		switch {
		case err != nil:
			return nil, incomplete(paramExpires + " should be a number")
		case seconds < 0:
			return nil, incomplete(paramExpires + " must be non-negative")
		case seconds > maxExpires:
			return nil, incomplete(paramExpires + " must be less than a week (in seconds); that is, the given " +
				paramExpires + " must be less than 604800 seconds")
		}
		c.life = max(time.Duration(seconds)*time.Second, time.Nanosecond)
	}
	if err := c.requireSigned(r, false); err != nil {
		return nil, err
	}
	return c, c.setTime([]string{got[paramDate]}, false)
}

// names reads SignedHeaders; the order is AWS's, whatever the request says.
func names(list string) []string {
	out := strings.Split(strings.ToLower(list), ";")
	slices.Sort(out)
	return slices.Compact(out)
}

// setTime reads the time of signing: ISO 8601 basic, or in a Date header HTTP's
// form too.
func (c *credential) setTime(stamps []string, dated bool) error {
	var err error
	c.at, err = time.Parse(stampForm, stamps[0])
	if err != nil && dated {
		c.at, err = http.ParseTime(stamps[0])
	}
	if err != nil || len(stamps) > 1 {
		return incomplete("Date must be in ISO-8601 'basic format'. Got '" + strings.ToValidUTF8(strings.Join(stamps, ","), "?") +
			"'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	c.at = c.at.UTC()
	return nil
}

// requireSigned holds the signature to what it must cover: the host, every
// x-amz-* header that came, the Date header where it is the time, and nothing
// that did not come.
func (c *credential) requireSigned(r *Request, date bool) error {
	covers := func(name string) bool { _, ok := slices.BinarySearch(c.signed, name); return ok }
	if !covers("host") {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if date && !covers("date") {
		return notSigned("Date")
	}
	for _, f := range r.Header {
		if name := strings.ToLower(f.Name); strings.HasPrefix(name, "x-amz-") && !covers(name) {
			return notSigned(strings.ToValidUTF8(f.Name, "?"))
		}
	}
	for _, name := range c.signed {
		if len(r.values(name)) == 0 {
			return mismatch()
		}
	}
	return nil
}
