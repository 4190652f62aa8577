package llm

import (
	"bytes"

	"stile/jsonval"
)

// Stream counts a streamed answer while it passes: Write is given the bytes of the
// server-sent events as they come, in pieces of any size. The zero Stream has seen
// nothing. It is not safe for use by several goroutines.
type Stream struct {
	line     []byte
	skipping bool // the line under way is longer than maxLine
	text     estimator
	reported Usage
	has      bool
}

// maxLine bounds what is kept of one line; a longer one is counted by its length,
// four bytes a token.
const maxLine = 1 << 20

// Write takes bytes of the stream.
func (s *Stream) Write(p []byte) {
	for len(p) > 0 {
		n := bytes.IndexByte(p, '\n')
		piece := p
		if n >= 0 {
			piece = p[:n]
		}
		s.keep(piece)
		if n < 0 {
			return
		}
		s.end()
		p = p[n+1:]
	}
}

func (s *Stream) keep(piece []byte) {
	if s.skipping || len(s.line)+len(piece) > maxLine {
		s.text.flush()
		s.text.count = add(s.text.count, int64(len(s.line)+len(piece))/4)
		s.line, s.skipping = s.line[:0], true
		return
	}
	s.line = append(s.line, piece...)
}

// end takes the line that is complete.
func (s *Stream) end() {
	line := bytes.TrimSuffix(s.line, []byte("\r"))
	if data, ok := bytes.CutPrefix(line, []byte("data:")); ok && !s.skipping {
		s.event(bytes.TrimSpace(data))
	}
	s.line, s.skipping = s.line[:0], false
}

func (s *Stream) event(data []byte) {
	if len(data) == 0 || data[0] != '{' {
		return // [DONE]
	}
	v, err := jsonval.Parse(data)
	if err != nil {
		return
	}
	if u, ok := usageOf(v); ok {
		// Events report what there is so far: the greatest count is the last.
		s.has = true
		s.reported.Prompt = max(s.reported.Prompt, u.Prompt)
		s.reported.Completion = max(s.reported.Completion, u.Completion)
		s.reported.Total = max(s.reported.Total, u.Total, add(s.reported.Prompt, s.reported.Completion))
	}
	s.delta(v)
}

// delta counts the text that an event adds to the answer.
func (s *Stream) delta(v jsonval.Value) {
	write := func(t jsonval.Value) {
		if text, ok := t.Str(); ok {
			s.text.write(text)
		}
	}
	v.Get("choices").EachItem(func(c jsonval.Value) bool {
		write(c.Get("text"))
		d := c.Get("delta")
		write(d.Get("content"))
		write(d.Get("reasoning_content"))
		write(d.Get("function_call").Get("arguments"))
		d.Get("tool_calls").EachItem(func(t jsonval.Value) bool {
			write(t.Get("function").Get("name"))
			write(t.Get("function").Get("arguments"))
			return true
		})
		return true
	})
	write(v.Get("delta")) // OpenAI's responses
	write(v.Get("delta").Get("text"))
	write(v.Get("delta").Get("partial_json"))
	v.Get("candidates").EachItem(func(c jsonval.Value) bool {
		c.Get("content").Get("parts").EachItem(func(p jsonval.Value) bool { write(p.Get("text")); return true })
		return true
	})
}

// Usage gives what the stream cost so far: what the service reported, else the
// prompt as it was estimated and the text that came.
func (s *Stream) Usage(prompt int64) Usage {
	if s.has {
		return s.reported
	}
	n := s.text.tokens()
	return Usage{Prompt: prompt, Completion: n, Total: add(prompt, n), Estimated: true}
}
