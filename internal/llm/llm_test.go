package llm

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEstimate(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "   ": 0, "word": 1, "words": 2, "two words": 3, "a, b.": 4, "日本": 2, "x=1": 3} {
		if got := Estimate(text); got != want {
			t.Errorf("Estimate(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestReadRequest(t *testing.T) {
	for body, want := range map[string]Request{
		`{"messages":[{"role":"user","content":"Hello"}],"stream":true}`:                                      {Prompt: 3 + 3 + 1 + 2, Stream: true},
		`{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","x":"y"}]}]}`: {Prompt: 3 + 3 + 1 + 1 + perImage},
		`{"prompt":"one two"}`:                     {Prompt: 2},
		`{"input":["a","b"]}`:                      {Prompt: 2},
		`{"input":[1,2,3]}`:                        {Prompt: 3},
		`{"contents":[{"parts":[{"text":"Hi"}]}]}`: {Prompt: 3 + 3 + 1},
		`no json`: {}, `[]`: {}, ``: {},
	} {
		if got := ReadRequest([]byte(body)); got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	for body, want := range map[string]Usage{
		`{"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`:                        {Prompt: 1, Completion: 2, Total: 3},
		`{"usage":{"prompt_tokens":4,"total_tokens":4}}`:                                              {Prompt: 4, Total: 4},
		`{"usage":{"input_tokens":5,"output_tokens":6}}`:                                              {Prompt: 5, Completion: 6, Total: 11},
		`{"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":8,"totalTokenCount":20}}`:      {Prompt: 7, Completion: 8, Total: 20},
		`{"usage":{"prompt_tokens":-9,"completion_tokens":9223372036854775807,"total_tokens":1e300}}`: {Completion: maxCount, Total: maxCount},
	} {
		got, ok := ReadAnswer([]byte(body))
		if !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", body, got, ok, want)
		}
	}
	for _, body := range []string{`{}`, `{"usage":null}`, `x`, `[]`} {
		if u, ok := ReadAnswer([]byte(body)); ok {
			t.Errorf("%s has usage %+v", body, u)
		}
	}
}

const anthropic = "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\r\n\r\n" +
	"data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\r\n\r\n" +
	"data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\r\n\r\n"

// TestStreamInAnyPieces: how a stream is cut changes nothing.
func TestStreamInAnyPieces(t *testing.T) {
	streams := map[string]Usage{
		anthropic: {Prompt: 10, Completion: 15, Total: 25},
		"data: {\"choices\":[{\"delta\":{\"content\":\"one two\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]}}]}\n\ndata: [DONE]\n\n": {Prompt: 7, Completion: 4, Total: 11, Estimated: true},
		"data: {\"type\":\"response.output_text.delta\",\"delta\":\"hi\"}\n\ndata: {\"response\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}}}\n\n":          {Prompt: 3, Completion: 4, Total: 7},
		"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hi\"}]}}],\"usageMetadata\":{\"promptTokenCount\":2,\"totalTokenCount\":2}}\n\n":                                   {Prompt: 2, Total: 2},
		": nothing\ndata: {broken\n\n": {Prompt: 7, Total: 7, Estimated: true},
	}
	rapid.Check(t, func(t *rapid.T) {
		for text, want := range streams {
			var s Stream
			for rest := text; rest != ""; {
				n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
				s.Write([]byte(rest[:n]))
				rest = rest[n:]
			}
			if got := s.Usage(7); got != want {
				t.Fatalf("%q: %+v, want %+v", text, got, want)
			}
		}
	})
}

// TestLongLine: a line beyond the bound is not kept, and counts by its length.
func TestLongLine(t *testing.T) {
	var s Stream
	for range 8 {
		s.Write([]byte(strings.Repeat("x", maxLine/2)))
	}
	if cap(s.line) > 2*maxLine {
		t.Errorf("keeps %d bytes", cap(s.line))
	}
	s.Write([]byte("\ndata: {\"choices\":[{\"text\":\"hi\"}]}\n"))
	if got, want := s.Usage(0).Completion, int64(8*maxLine/2/4+1); got != want {
		t.Errorf("counted %d, want %d", got, want)
	}
}

func TestPeriods(t *testing.T) {
	at := time.Date(2028, 2, 29, 23, 59, 59, 5, time.FixedZone("", 3600)) // Tuesday, 22:59 UTC
	for name, want := range map[string]string{
		"Hourly": "2028-02-29T22 1h0m0s", "Daily": "2028-02-29T00 24h0m0s", "Weekly": "2028-02-28T00 168h0m0s",
		"Monthly": "2028-02-01T00 696h0m0s", "Yearly": "2028-01-01T00 8784h0m0s"} {
		start, length, ok := Period(name, at)
		if got := start.Format("2006-01-02T15") + " " + length.String(); got != want || !ok {
			t.Errorf("%s: %s %v, want %s", name, got, ok, want)
		}
	}
	if _, _, ok := Period("daily", at); ok {
		t.Error("a period that does not exist")
	}
	if start, _, _ := Period("Weekly", time.Date(2028, 3, 5, 1, 0, 0, 0, time.UTC)); start.Weekday() != time.Monday || start.Day() != 28 {
		t.Errorf("a Sunday's week begins on %v", start)
	}
}
