package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Ref names a secret without holding it: KIND://PLACE. Two Refs are equal where
// they name the same place.
type Ref struct{ kind, place, dir string }

// maxFile bounds a secret that is read from a file, in bytes.
const maxFile = 64 << 10

// later are the kinds that a reference may have on other versions.
var later = []string{"kv", "vault", "aws-sm", "age"}

// Parse reads a reference. Its errors say what to write instead; they never
// quote more of the text than its kind, since a pasted secret may stand there.
func Parse(text string) (Ref, error) {
	kind, place, ok := strings.Cut(text, "://")
	if !ok {
		return Ref{}, errors.New("a secret is named by reference: write env://NAME or file://PATH, not the secret itself")
	}
	switch kind {
	case "env":
		if !envName(place) {
			return Ref{}, errors.New("env:// needs the name of an environment variable: letters, digits and _, not beginning with a digit")
		}
	case "file":
		if place == "" {
			return Ref{}, errors.New("file:// needs a path, absolute or relative to the project's folder")
		}
	default:
		for _, k := range later {
			if kind == k {
				return Ref{}, fmt.Errorf("secret references of kind %s:// are not in this version: use env://NAME or file://PATH", kind)
			}
		}
		return Ref{}, errors.New("unknown kind of secret reference: use env://NAME or file://PATH")
	}
	return Ref{kind: kind, place: place}, nil
}

func envName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// Under gives the reference with dir as the folder that a relative file:// path
// starts from.
func (r Ref) Under(dir string) Ref {
	if r.kind == "file" {
		r.dir = dir
	}
	return r
}

// String gives the reference as it is written; it holds no secret.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return r.kind + "://" + r.place
}

// IsZero reports whether the Ref names nothing.
func (r Ref) IsZero() bool { return r.kind == "" }

// Resolve reads the secret now. A file's one trailing line end is not part of
// the secret. Errors name the reference and never the value; an unset variable
// and an empty file are errors, so that a missing secret fails closed.
func (r Ref) Resolve(ctx context.Context) (Value, error) {
	if err := ctx.Err(); err != nil {
		return Value{}, err
	}
	var text string
	switch r.kind {
	case "env":
		text = os.Getenv(r.place)
	case "file":
		data, err := readFile(r.path())
		if err != nil {
			return Value{}, fmt.Errorf("secret %s: %w", r, err)
		}
		text = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	default:
		return Value{}, errors.New("secret: an empty reference names nothing")
	}
	if text == "" {
		return Value{}, fmt.Errorf("secret %s: is not set or empty", r)
	}
	return Value{text}, nil
}

func (r Ref) path() string {
	if filepath.IsAbs(r.place) {
		return r.place
	}
	return filepath.Join(r.dir, filepath.FromSlash(r.place))
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return data, err
}
