package engine

import (
	"time"

	"stile/internal/sfn"
)

// machine is a state machine's record. Its Definition is set in revision rows only.
type machine struct {
	sfn.StateMachine
	revision uint64 // counts for ever, also over deletion and a new creation
}

// statusDeleted marks the row that keeps a deleted machine's revision number.
const (
	statusActive   = "ACTIVE"
	statusDeleting = "DELETING"
	statusDeleted  = "DELETED"
)

func (m *machine) encode(definition bool) []byte {
	e := record(256)
	text := ""
	if definition {
		text = m.Definition
	}
	for _, s := range m.texts(&text) {
		e.str(*s)
	}
	e.uint(m.revision)
	e.int(m.Created.UnixMilli())
	e.int(m.Updated.UnixMilli())
	e.json(m.Logging)
	e.json(m.Tracing)
	e.json(m.Encryption)
	e.uint(uint64(len(m.Tags)))
	for _, t := range m.Tags {
		e.str(t.Key)
		e.str(t.Value)
	}
	return e.b
}

func (m *machine) texts(definition *string) []*string {
	return []*string{&m.ARN, &m.Name, &m.RoleARN, &m.Type, &m.RevisionID, &m.Status, &m.File, definition}
}

func decodeMachine(b []byte) (*machine, error) {
	d := open(b)
	m := &machine{}
	for _, s := range m.texts(&m.Definition) {
		*s = d.str()
	}
	m.revision = d.uint()
	m.Created, m.Updated = time.UnixMilli(d.int()), time.UnixMilli(d.int())
	m.Logging, m.Tracing, m.Encryption = d.json(), d.json(), d.json()
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		m.Tags = append(m.Tags, sfn.Tag{Key: d.str(), Value: d.str()})
	}
	return m, d.err
}
