// Package llm counts the tokens of language models' APIs: what a request's prompt
// is likely to cost, and what an answer says or shows that it cost, whole or as a
// stream of server-sent events.
//
// It is not a tokenizer of any model: an estimate follows one rule for all (see
// Estimate), and what a service reports goes before it. It knows the answers of
// OpenAI's chat, completions, embeddings and responses APIs and what is like them,
// of Anthropic's messages and of Google's Gemini. internal/policies limits and
// measures with it.
//
// Invariants: pure; memory is bounded whatever a service sends; a count never
// falls below zero.
package llm

import (
	"math"
	"strings"
	"unicode"

	"stile/jsonval"
)

// Usage is what one exchange cost, in tokens.
type Usage struct {
	Prompt, Completion, Total int64
	// Estimated says that no service reported it.
	Estimated bool
}

// Request is what a request tells of its cost.
type Request struct {
	// Prompt is the estimate of its tokens; 0 where it holds no prompt.
	Prompt int64
	// Stream says that the answer is asked for as a stream.
	Stream bool
}

// Tokens that are charged beside text, as OpenAI's guide to counting has them; an
// image counts as the most that API Management takes for one.
const (
	perMessage = 3
	perAnswer  = 3
	perImage   = 1200
)

// ReadRequest reads a request's body; one that is no JSON object gives the zero
// Request.
func ReadRequest(body []byte) Request {
	v, err := jsonval.Parse(body)
	if err != nil || v.Kind() != jsonval.ObjectKind {
		return Request{}
	}
	r := Request{Stream: v.Get("stream").Bool()}
	c := &counter{}
	for _, name := range []string{"messages", "prompt", "input", "contents", "system", "instructions", "systemInstruction", "tools", "functions"} {
		part := v.Get(name)
		if !part.Exists() || part.IsNull() {
			continue
		}
		if name == "messages" || name == "contents" {
			c.tokens += perAnswer
			part.EachItem(func(m jsonval.Value) bool { c.tokens += perMessage; return true })
		}
		c.value(part)
	}
	r.Prompt = c.tokens
	return r
}

// counter adds up the texts of a prompt.
type counter struct{ tokens int64 }

// silent members say what a part is, and cost nothing.
var silent = map[string]bool{"type": true, "id": true, "detail": true, "cache_control": true, "mime_type": true, "mimeType": true}

func (c *counter) value(v jsonval.Value) {
	switch v.Kind() {
	case jsonval.String:
		s, _ := v.Str()
		c.tokens = add(c.tokens, Estimate(s))
	case jsonval.Number:
		c.tokens = add(c.tokens, 1) // a prompt may be given in tokens
	case jsonval.ArrayKind:
		v.EachItem(func(it jsonval.Value) bool { c.value(it); return true })
	case jsonval.ObjectKind:
		if image(v) {
			c.tokens = add(c.tokens, perImage)
			return
		}
		v.EachMember(func(name string, m jsonval.Value) bool {
			if !silent[name] {
				c.value(m)
			}
			return true
		})
	}
}

// image reports whether a part of a message is an image.
func image(v jsonval.Value) bool {
	kind, _ := v.Get("type").Str()
	return kind == "image_url" || kind == "input_image" || kind == "image" || v.Get("inlineData").Exists() || v.Get("inline_data").Exists()
}

// Estimate guesses the tokens of a text: one for each run of up to four letters or
// digits of ASCII, one for each sign, one for each other character; blanks go with
// what follows them.
func Estimate(text string) int64 {
	var e estimator
	e.write(text)
	return e.tokens()
}

// estimator is Estimate over a text that comes in pieces.
type estimator struct {
	count int64
	run   int64 // letters of the run under way
}

func (e *estimator) write(text string) {
	for _, c := range text {
		switch {
		case c < 0x80 && (unicode.IsLetter(c) || unicode.IsDigit(c)):
			e.run++
			continue
		case unicode.IsSpace(c):
		default:
			e.count++
		}
		e.flush()
	}
}

func (e *estimator) flush() {
	e.count += (e.run + 3) / 4
	e.run = 0
}

func (e *estimator) tokens() int64 { return e.count + (e.run+3)/4 }

func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// ReadAnswer reads a whole answer's usage; ok is false where it reports none.
func ReadAnswer(body []byte) (u Usage, ok bool) {
	v, err := jsonval.Parse(body)
	if err != nil {
		return u, false
	}
	return usageOf(v)
}

// usageOf finds the usage of an answer or of one event of a stream.
func usageOf(v jsonval.Value) (u Usage, ok bool) {
	if v.Kind() != jsonval.ObjectKind {
		return u, false
	}
	for _, at := range []jsonval.Value{v.Get("usage"), v.Get("usageMetadata"), v.Get("response").Get("usage"), v.Get("message").Get("usage")} {
		if at.Kind() != jsonval.ObjectKind {
			continue
		}
		u.Prompt = first(at, "prompt_tokens", "input_tokens", "promptTokenCount")
		u.Completion = first(at, "completion_tokens", "output_tokens", "candidatesTokenCount")
		if u.Total = first(at, "total_tokens", "totalTokenCount"); u.Total == 0 {
			u.Total = add(u.Prompt, u.Completion)
		}
		return u, true
	}
	return u, false
}

// maxCount bounds what a service's word counts for.
const maxCount = 1 << 40

func first(v jsonval.Value, names ...string) int64 {
	for _, name := range names {
		if n, ok := v.Get(name).Int(); ok {
			return min(max(n, 0), maxCount)
		}
	}
	return 0
}

// EventStream reports whether a content type is that of server-sent events.
func EventStream(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "text/event-stream")
}

// JSON reports whether a content type is JSON's.
func JSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}
