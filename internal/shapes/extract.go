package shapes

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
)

//go:embed models.zip
var models []byte

// model is one service's entry of the extract.
type model struct {
	Version string `json:"version"`
	// Operations gives the number of each operation's output shape, by the
	// operation's name in the model; -1 where it answers nothing.
	Operations map[string]int `json:"operations"`
	Shapes     []shape        `json:"shapes"`
}

// shape is one shape; others are named by their number.
type shape struct {
	Type     kind           `json:"t"`
	Members  map[string]int `json:"m"`
	Required []string       `json:"q"` // in the model's order
	Of       int            `json:"of"`
	Enum     []string       `json:"e"` // sorted
	Min      *float64       `json:"min"`
	Max      *float64       `json:"max"`
}

// kind is a shape's type.
type kind string

const (
	structure kind = "o"
	list      kind = "l"
	mapping   kind = "m"
	text      kind = "s"
	timestamp kind = "t"
	blob      kind = "x"
	boolean   kind = "b"
	whole     kind = "i"
	number    kind = "n"
)

// load reads a service's entry; nil where there is none.
func load(service string) *model {
	z, err := zip.NewReader(bytes.NewReader(models), int64(len(models)))
	if err != nil {
		panic("shapes: the extract is damaged: " + err.Error()) // it is part of the program
	}
	f, err := z.Open(service)
	if err != nil {
		return nil
	}
	defer f.Close()
	m := &model{}
	if err := json.NewDecoder(f).Decode(m); err != nil {
		panic("shapes: the entry of " + service + " is damaged: " + err.Error())
	}
	return m
}
