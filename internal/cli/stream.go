package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
)

// message is one event of a server-sent event stream.
type message struct {
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// stream reads the events of a path until f returns false or the stream ends;
// io.EOF says that it ended first.
func (c *command) stream(ctx context.Context, path string, f func(message) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := c.open(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return readEvents(body, f)
}

// readEvents follows the parsing rules of the HTML standard (server-sent events)
// for the fields event and data; the others are passed over.
func readEvents(r io.Reader, f func(message) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	var name string
	var data []string
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" {
			if len(data) > 0 && !f(message{name, json.RawMessage(strings.Join(data, "\n"))}) {
				return nil
			}
			name, data = "", nil
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			data = append(data, value)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.EOF
}
